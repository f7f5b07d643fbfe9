"""A file waits for another run that is writing its output, as long as it is told to."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers import some_texts, start_slow_scorer, wait_for, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.job import patience
from scorer.job.result import FAILED, SCORED, SKIPPED, STOPPED


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_reviews(tmp_path / "in.parquet", some_texts(30))


def test_it_waits_and_finds_the_output_done(
    reviews: Path, model: SentimentModel, tmp_path: Path
) -> None:
    output, gate = tmp_path / "out.parquet", tmp_path / "gate"
    other = start_slow_scorer("run", reviews, output, log=tmp_path / "log", gate=gate)
    wait_for(tmp_path / "log", other, lines=1)
    at_once = score_files(reviews, output, model=model)
    assert at_once.files[0].status == FAILED
    assert "another run is writing it" in at_once.files[0].reason
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            score_files, reviews, output, model=model, options=Options(wait_lock=60)
        )
        threading.Event().wait(2 * patience.SECONDS_BETWEEN_TRIES)
        gate.touch()
        (found,) = waiting.result().files
    assert other.wait() == 0
    assert (found.status, found.reason) == (SKIPPED, "already done")
    assert "for another run that was writing it" in found.note


def test_it_goes_on_where_the_other_run_was_killed(
    reviews: Path, model: SentimentModel, tmp_path: Path
) -> None:
    output = tmp_path / "out.parquet"
    other = start_slow_scorer("run", reviews, output, log=tmp_path / "log", gate=tmp_path / "no")
    wait_for(tmp_path / "log", other, lines=1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            score_files, reviews, output, model=model, options=Options(wait_lock=60)
        )
        threading.Event().wait(2 * patience.SECONDS_BETWEEN_TRIES)
        other.kill()
        (found,) = waiting.result().files
    assert (found.status, found.counts.rows) == (SCORED, 30)
    assert found.note.startswith("waited ")


def test_the_command_tells_of_a_wait_while_it_waits(reviews: Path, tmp_path: Path) -> None:
    output, gate = tmp_path / "out.parquet", tmp_path / "gate"
    other = start_slow_scorer("run", reviews, output, log=tmp_path / "log", gate=gate)
    wait_for(tmp_path / "log", other, lines=1)
    words = [sys.executable, "-m", "scorer", "run", "--wait-lock", "60", str(reviews), str(output)]
    with subprocess.Popen(
        words, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as it:
        assert it.stderr is not None
        assert it.stderr.readline() == (
            f"{output}: waiting for another run that is writing it, for 60 s at most\n"
        )
        gate.touch()
    assert (other.wait(), it.returncode) == (0, 0)


def test_its_patience_ends_and_so_does_a_stopped_wait(
    reviews: Path, model: SentimentModel, tmp_path: Path
) -> None:
    output, stop = tmp_path / "out.parquet", threading.Event()
    other = start_slow_scorer("run", reviews, output, log=tmp_path / "log", gate=tmp_path / "no")
    wait_for(tmp_path / "log", other, lines=1)
    (found,) = score_files(reviews, output, model=model, options=Options(wait_lock=0.3)).files
    assert "another run is writing it; wait until that has ended" in found.reason
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            score_files, reviews, output, model=model, options=Options(wait_lock=60), stop=stop
        )
        stop.set()
        assert waiting.result(timeout=20).files[0].status == STOPPED
