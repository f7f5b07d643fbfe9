from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from scorer.known.digests import Digests
from scorer.known.table import SLOT_BYTES, ScoreTable


def texts(first: int, count: int) -> tuple[Digests, npt.NDArray[np.float32]]:
    """Return digests and scores that follow from a text's number."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)
    return np.column_stack((mixed, numbers)), numbers.astype(np.float32) / np.float32(7)


def test_what_was_added_is_found_to_the_bit_and_nothing_else() -> None:
    table = ScoreTable(1 << 20)
    for first in range(0, 20_000, 1000):
        table.add(*texts(first, 1000))
    digests, scores = texts(0, 20_000)
    assert table.find(digests).tobytes() == scores.tobytes()
    assert np.isnan(table.find(texts(20_000, 5000)[0])).all()
    assert table.dropped == 0


def test_digests_that_agree_in_one_half_are_told_apart() -> None:
    table = ScoreTable(1 << 12)
    digests = np.array([[1, 1], [1, 2], [2, 1]], np.uint64)
    table.add(digests, np.array([0, 0.25, 0.5], np.float32))
    assert table.find(digests).tolist() == [0, 0.25, 0.5]
    assert np.isnan(table.find(np.array([[2, 2]], np.uint64))).all()


@pytest.mark.parametrize("most_bytes", [1, 1 << 14, 1 << 18])
def test_of_more_texts_than_there_is_room_for_the_last_are_there(most_bytes: int) -> None:
    table = ScoreTable(most_bytes)
    for first in range(0, 30_000, 700):
        table.add(*texts(first, 700))
        digests, scores = texts(first, 700)
        last = slice(-min(700, table.most_texts // 2), None)
        assert np.array_equal(table.find(digests)[last], scores[last])
    assert np.isnan(table.find(texts(0, 100)[0])).all()
    assert table.dropped > 20_000
    assert table.most_texts * SLOT_BYTES <= max(most_bytes, 1 << 10)


def test_a_text_that_comes_again_takes_no_second_place() -> None:
    table = ScoreTable(1 << 14)
    for _ in range(100):
        table.add(*texts(0, table.most_texts // 5))
    assert table.dropped == 0
