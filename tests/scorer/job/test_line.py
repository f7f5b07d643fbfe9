"""A line of files: small ones are scored together, and each is as if it were alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, some_texts, start_slow_scorer, wait_for, write_reviews
from scorer import SentimentModel, score_files
from scorer.errors import ReviewsError
from scorer.job import load
from scorer.job.journal import journal_path, kept_scores
from scorer.job.line import MOST_AHEAD, MOST_TOGETHER
from scorer.job.load import Looked, rate_each
from scorer.job.pipeline import Check, Probe
from scorer.job.result import FAILED, SCORED, SKIPPED, STOPPED, FileResult, ModelId
from scorer.job.run import run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan

MANY = 4 * MOST_AHEAD
# Open ahead, scored by one thread, and waiting for the disk.
MOST_OPEN = MOST_AHEAD + MOST_TOGETHER + MOST_AHEAD


def write_small(folder: Path, files: int = MANY, rows: int = 5) -> Path:
    for number in range(files):
        texts = [*some_texts(rows, seed=number), None, "<br/>"]
        write_reviews(folder / f"{number:02}.parquet", texts)
    return folder


def contents(target: Path) -> dict[str, bytes]:
    return {name: (target / name).read_bytes() for name in left_in(target)}


def alone(model: SentimentModel, source: Path, target: Path) -> dict[str, FileResult]:
    """Score each file by a job of its own; return the results by name."""
    return {
        name: score_files(source / name, target / name, model=model).files[0]
        for name in left_in(source)
    }


class Rated:
    """Counts the windows that are scored together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.windows: list[int] = []
        monkeypatch.setattr(load, "rate_each", self)

    def __call__(self, windows: Sequence[Looked], *rest: Any) -> list[Any]:
        self.windows.append(len(windows))
        return list(rate_each(windows, *rest))


def test_small_files_are_scored_together_and_each_output_is_as_if_alone(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_small(tmp_path / "in")
    write_reviews(source / "07.parquet", [])
    write_reviews(source / "08.parquet", some_texts(3000), row_group_size=700)
    table = pa.table({"id": [1, 2, 3], "body": pa.array([b"great", b"caf\xe9 bad", None])})
    pq.write_table(table, source / "09.parquet", compression="gzip")
    expected = alone(model, source, tmp_path / "alone")
    rated = Rated(monkeypatch)
    result = score_files(source, tmp_path / "out", model=model, options=Options(threads=2))
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")
    found = {Path(str(one.task.input)).name: one for one in result.files}
    assert list(found) == sorted(expected)
    for name, one in found.items():
        assert (one.status, one.counts) == (SCORED, expected[name].counts)
    assert max(rated.windows) > 1
    assert len(rated.windows) < MANY


def test_results_come_and_outputs_appear_in_the_order_of_the_plan(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_small(tmp_path / "in"), tmp_path / "out"
    write_reviews(source / "05.parquet", some_texts(2000))
    names, rows, seen = left_in(source), list[int](), list[list[str]]()

    def done(one: FileResult) -> None:
        seen.append(visible(target))
        assert sum(rows) == sum(result_rows[: len(seen)])

    result_rows = [pq.read_metadata(source / name).num_rows for name in names]
    score_files(source, target, model=model, done=done, watch=rows.append)
    for place, there in enumerate(seen, 1):
        assert there[:place] == names[:place]
        assert there == names[: len(there)]


def settled(folder: Path) -> list[str]:
    """Return the files of a folder when no more appear."""
    names, before = left_in(folder), list[str]()
    while names != before:
        time.sleep(0.3)
        names, before = left_in(folder), names
    return names


def visible(folder: Path) -> list[str]:
    return [name for name in left_in(folder) if not Path(name).name.startswith(".")]


class Locked(Probe):
    """Looks how many outputs are locked whenever a window is scored or written."""

    def __init__(self, target: Path) -> None:
        self.target, self.most = target, 0

    def scoring(self, check: Check) -> None:
        self.most = max(self.most, sum(name.endswith(".scores") for name in left_in(self.target)))

    def writing(self) -> None:
        self.scoring(lambda: None)


def test_no_more_files_are_open_and_locked_than_may_be(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, probe = write_small(tmp_path / "in"), Locked(tmp_path / "out")
    run_job(plan([source], tmp_path / "out"), model, Options(threads=1), probe=probe)
    assert 1 < probe.most <= MOST_OPEN < MANY
    assert not [name for name in left_in(tmp_path / "out") if name.startswith(".")]


def test_a_window_that_cannot_be_scored_fails_its_own_file_alone(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_small(tmp_path / "in")
    write_reviews(source / "03.parquet", ["unbearable"])
    (source / "04.parquet").write_bytes(b"PAR1 and no more")
    expected = alone(model, source, tmp_path / "alone")

    def rate(windows: Sequence[Looked], *rest: Any) -> list[Any]:
        if any(window.texts.to_pylist() == [b"unbearable"] for window in windows):
            raise ReviewsError("scoring it: it is unbearable")
        return list(rate_each(windows, *rest))

    monkeypatch.setattr(load, "rate_each", rate)
    files = score_files(source, tmp_path / "out", model=model).files
    status = {Path(str(one.task.input)).name: one.status for one in files}
    assert [name for name, one in status.items() if one == FAILED] == ["03.parquet", "04.parquet"]
    assert files[3].reason == "scoring it: it is unbearable"
    there = contents(tmp_path / "out")
    assert "03.parquet" not in there
    assert there == {name: (tmp_path / "alone" / name).read_bytes() for name in there}
    assert [one.counts for one in files[5:]] == [one.counts for one in [*expected.values()][5:]]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_of_several_unfinished_outputs_each_goes_on_where_it_was(
    model: SentimentModel, tmp_path: Path, number: signal.Signals
) -> None:
    source, target, log = write_small(tmp_path / "in"), tmp_path / "out", tmp_path / "log"
    score_files(source, tmp_path / "whole", model=model)
    marks = {"writing": tmp_path / "writing", "gate": tmp_path / "gate", "log": log}
    log.touch()
    process = start_slow_scorer("run", source, target, "--threads", 1, **marks)
    # The first output waits for the disk, and the others of the line are scored.
    wait_for(log, process, lines=MOST_AHEAD)
    wait_for(tmp_path / "writing", process)
    kept = [name for name in settled(target) if name.endswith(".scores")]
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    names = left_in(target)
    assert MOST_AHEAD <= len(kept) <= MOST_OPEN
    assert not visible(target)
    is_killed = number == signal.SIGKILL
    assert [name for name in names if name.endswith(".partial")] == [
        name.replace(".scores", ".partial") for name in kept if is_killed
    ]
    result = score_files(source, target, model=model)
    assert sum(one.reused > 0 for one in result.files) >= 2
    assert all(one.status == SCORED for one in result.files)
    assert contents(target) == contents(tmp_path / "whole")


def test_a_stop_leaves_what_is_done_and_says_so_of_the_rest(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target, stop = write_small(tmp_path / "in"), tmp_path / "out", threading.Event()
    results: list[FileResult] = []

    def done(one: FileResult) -> None:
        results.append(one)
        if len(results) == 3:
            stop.set()

    result = score_files(source, target, model=model, done=done, stop=stop)
    status = [one.status for one in result.files]
    # Outputs that are in place when the stop comes are done, too.
    there = status.count(SCORED)
    assert 3 <= there < 3 + MOST_OPEN < MANY
    assert status == [SCORED] * there + [STOPPED] * (MANY - there)
    assert visible(target) == left_in(source)[:there]
    again = score_files(source, target, model=model)
    assert [one.status for one in again.files] == [SKIPPED] * there + [SCORED] * (MANY - there)
    assert not [name for name in left_in(target) if name.startswith(".")]


def test_an_error_of_the_caller_lets_go_of_all_that_is_on_its_way(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_small(tmp_path / "in"), tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        score_files(source, target, model=model, done=lambda one: 1 // 0)
    assert not [name for name in left_in(target) if name.endswith(".partial")]
    again = score_files(source, target, model=model, options=Options(threads=1))
    assert {one.status for one in again.files} <= {SCORED, SKIPPED}


def test_a_file_that_another_run_holds_is_waited_for_when_the_others_are_done(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_small(tmp_path / "in", files=4), tmp_path / "out"
    target.mkdir()
    done: list[str] = []
    with kept_scores(target / "02.parquet", ModelId("another", "run")):
        assert journal_path(target / "02.parquet").exists()
        options = Options(wait_lock=0.5)
        result = score_files(
            source,
            target,
            model=model,
            options=options,
            done=lambda one: done.append(Path(str(one.task.input)).stem),
        )
    assert [one.status for one in result.files] == [SCORED, SCORED, FAILED, SCORED]
    assert "another run is writing it" in result.files[2].reason
    assert result.files[2].seconds >= 0.5
    assert done == ["00", "01", "02", "03"]
