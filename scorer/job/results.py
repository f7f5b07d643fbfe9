"""The results of a job's files, packed: a million of them take 300 MB, and not a gigabyte."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import overload

from scorer.job.result import FileResult
from scorer.planning.plan import Task
from scorer.system.stopwatch import STAGES

# The fields that are packed. A number stands for each.
NAMES = tuple(one.name for one in fields(FileResult) if one.name != "task")
NEW = tuple(getattr(FileResult(Task(Path(), Path()), ""), name) for name in NAMES)
STAGES_NUMBER = NAMES.index("stages")


class Results(Sequence[FileResult]):
    """What became of each file, in the order of the plan; each is unpacked when it is looked at.

    Args:
        tasks: the files.
        without: makes the result of a file of which nothing was put.
    """

    def __init__(self, tasks: Sequence[Task], without: Callable[[Task], FileResult]) -> None:
        self._tasks, self._without = tasks, without
        self._packed: list[bytes | None] = [None] * len(tasks)

    def put(self, place: int, result: FileResult) -> None:
        """Keep what became of the file at a place of the plan."""
        self._packed[place] = packed(result)

    def __len__(self) -> int:
        return len(self._tasks)

    @overload
    def __getitem__(self, place: int) -> FileResult: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[FileResult]: ...

    def __getitem__(self, place: int | slice) -> FileResult | Sequence[FileResult]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        return self._unpacked(self._tasks[place], self._packed[place])

    def __iter__(self) -> Iterator[FileResult]:
        return map(self._unpacked, self._tasks, self._packed)

    def _unpacked(self, task: Task, content: bytes | None) -> FileResult:
        return self._without(task) if content is None else unpacked(task, content)


def packed(result: FileResult) -> bytes:
    """Return a result without its task, as bytes: what differs from a new one, by field number."""
    values = {
        number: getattr(result, name)
        for number, name in enumerate(NAMES)
        if getattr(result, name) != NEW[number]
    }
    if STAGES_NUMBER in values:
        # Their names would take more room than they do.
        values[STAGES_NUMBER] = tuple(result.stages[stage] for stage in STAGES)
    # Most bins of the distributions are empty: a third of a kilobyte is left of a whole one.
    return zlib.compress(pickle.dumps(values), 1)


def unpacked(task: Task, content: bytes) -> FileResult:
    """Return the result of a task that :func:`packed` made bytes of."""
    stored = pickle.loads(zlib.decompress(content))  # noqa: S301  # ours
    values = {NAMES[number]: value for number, value in stored.items()}
    if "stages" in values:
        values["stages"] = dict(zip(STAGES, values["stages"], strict=True))
    return FileResult(task, **values)
