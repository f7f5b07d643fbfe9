from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import left_in
from scorer.known.digests import Digests
from scorer.known.runs import BLOCK_ENTRIES, ScoreRuns

# In memory, in files of one part only, and in files of many parts.
SIZES = [0, 1, BLOCK_ENTRIES, 999, 20_000]


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def texts(seed: int, count: int) -> Digests:
    return np.random.default_rng(seed).integers(0, 1 << 64, (count, 2), np.uint64)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("in_memory", [500, 100_000])
def test_scores_are_found_to_the_bit_in_memory_and_on_disk(
    tmp_path: Path, count: int, in_memory: int
) -> None:
    digests, scores = texts(1, count), np.random.default_rng(2).random(count, np.float32)
    runs = ScoreRuns(tmp_path, in_memory)
    for start in range(0, count, 300):
        runs.add(digests[start : start + 300], scores[start : start + 300])
        # A text may come again, in the same run or another.
        runs.add(digests[start // 2 : start // 2 + 5], scores[start // 2 : start // 2 + 5])
    runs.seal()
    assert runs.is_on_disk is (count >= in_memory)
    assert runs.find(digests).tobytes() == scores.tobytes()
    assert np.isnan(runs.find(texts(3, 1000))).all()
    assert np.isnan(runs.find(digests + np.uint64(1))).all()
    assert len(runs.find(digests[:0])) == 0


def test_files_have_no_name_and_are_closed_when_they_are_of_no_use(tmp_path: Path) -> None:
    before = open_files()
    runs = ScoreRuns(tmp_path, 100)
    for seed in range(5):
        runs.add(texts(seed, 150), np.zeros(150, np.float32))
    runs.seal()
    assert left_in(tmp_path) == []
    assert open_files() == before + 1
    del runs
    assert open_files() == before
