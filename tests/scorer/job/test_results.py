"""Results are packed, and come back as they were."""

from __future__ import annotations

from pathlib import Path

from scorer.job.result import FAILED, SCORED, STOPPED, Changes, FileResult, Totals
from scorer.job.results import Results, packed
from scorer.kernel import Counts
from scorer.planning.plan import Task
from scorer.storage.light_place import LightPlace
from scorer.system.stopwatch import STAGES

TASKS = [Task(Path(f"in/{number}.parquet"), Path(f"out/{number}.parquet")) for number in range(3)]
COUNTS = Counts(1000, 500, 3, 2, 1, 240_000, 3000, tuple(range(20)))
FULL = FileResult(
    TASKS[0],
    SCORED,
    "new",
    COUNTS,
    7,
    1.5,
    {stage: 0.1 * number for number, stage in enumerate(STAGES)},
    "a note",
    Changes(1, 2),
    is_counted=False,
)


def stopped(task: Task) -> FileResult:
    return FileResult(task, STOPPED)


def test_every_field_of_a_result_comes_back_and_what_is_missing_is_made() -> None:
    results = Results(TASKS, stopped)
    failed = FileResult(TASKS[2], FAILED, "a reason")
    results.put(2, failed)
    results.put(0, FULL)
    assert list(results) == [FULL, stopped(TASKS[1]), failed]
    assert (results[0], results[-1], results[1:], len(results)) == (
        FULL,
        failed,
        (stopped(TASKS[1]), failed),
        3,
    )


def test_a_packed_result_is_small() -> None:
    # Of a million files the driver of an engine holds them all.
    assert len(packed(FULL)) < 350


def test_totals_add_up_every_file() -> None:
    totals = Totals.of([FULL, FULL, FileResult(TASKS[1], FAILED, "a reason")])
    assert totals.statuses == {SCORED: 2, FAILED: 1}
    assert totals.counts == COUNTS + COUNTS
    assert (totals.changes, totals.reused, totals.uncounted) == (Changes(2, 4), 14, 2)
    assert totals.stages == {stage: 2 * spent for stage, spent in FULL.stages.items()}


def test_a_task_holds_texts_and_gives_paths() -> None:
    task = TASKS[0]
    assert vars(task) == {
        "_input": "in/0.parquet",
        "_output": "out/0.parquet",
        "problem": "",
        "earlier": (),
    }
    assert (task.input, task.output) == (Path("in/0.parquet"), Path("out/0.parquet"))
    assert isinstance(vars(Task)["input"], LightPlace)
