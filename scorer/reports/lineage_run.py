"""Tells an endpoint what becomes of a run; see :mod:`scorer.reports.lineage`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scorer.console import log_is_json, say
from scorer.errors import one_line
from scorer.job.result import JobResult
from scorer.model import SentimentModel
from scorer.planning.plan import Plan
from scorer.reports.lineage import Lineage
from scorer.reports.lineage_courier import Courier
from scorer.reports.lineage_memory import Memory
from scorer.storage.notes import FOLDER, state_folder


class Told:
    """What is known of the run so far; its events tell it."""

    def __init__(self) -> None:
        self.model: SentimentModel | None = None
        self.result: JobResult | None = None


@contextmanager
def told(
    target: str, inputs: Sequence[str], output: str, plan: Plan, state_dir: Path | None
) -> Iterator[Told]:
    """Send START now, and COMPLETE when the block is done; FAIL if it ends by an exception.

    What can't be told, or doesn't arrive, is a line on stderr and nothing else.

    Args:
        target: a URL, or a file.
        inputs: as they were given.
        output: as it was given.
        plan: made of both.
        state_dir: where unfinished outputs of stores lie; None for the user's.

    Yields:
        What the block tells the events.
    """
    lineage, courier, facts = Lineage.of(inputs, output, plan), Courier(target), Told()
    memory = _remembered(lineage, plan, state_dir)
    for run in memory.killed if memory else ():
        courier.send(lineage.abort(run))
    courier.send(lineage.start())
    problem = "its end wasn't told"
    try:
        try:
            yield facts
        except BaseException as error:
            _send_end(courier, lineage, facts, one_line(error))
            raise
        else:
            _send_end(courier, lineage, facts)
        finally:
            problem = courier.finish()
            _warn(problem)
    finally:
        if memory:
            memory.end(forget_killed=not problem)


def _send_end(courier: Courier, lineage: Lineage, facts: Told, failure: str = "") -> None:
    try:
        courier.send(lineage.end(failure, facts.result, facts.model))
    except Exception as error:  # noqa: BLE001  # the run is done, and keeps its exit code
        _warn(f"lineage: the end of the run can't be told: {one_line(error)}")


def _warn(line: str) -> None:
    if line:
        say(line if log_is_json() else f"Note: {line}", "warning")


def _remembered(lineage: Lineage, plan: Plan, state_dir: Path | None) -> Memory | None:
    try:
        memory = Memory(_folder_for(plan, state_dir), lineage.job)
        memory.begin(lineage.run)
    except (OSError, RuntimeError) as error:
        _warn(
            f"lineage: this run can't be remembered: {one_line(error)}; "
            "if it is killed, the next one sends no ABORT"
        )
        return None
    return memory


def _folder_for(plan: Plan, state_dir: Path | None) -> Path:
    """Return the folder in which a run is remembered."""
    if plan.folder is not None and isinstance(plan.folder, Path):
        return plan.folder
    place = plan.folder or (plan.tasks or plan.elsewhere)[0].output
    if isinstance(place, Path):
        return place.parent
    return (state_dir or state_folder() / FOLDER) / "lineage"
