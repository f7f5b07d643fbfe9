"""The ends of the next outputs in stores, asked for while a file is looked at or scored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from scorer.planning.plan import Task

# Outputs; 64 KiB are held of each.
AHEAD = 16


def asked_ahead(tasks: Iterable[Task], *, force: bool) -> Iterator[tuple[Task, Task]]:
    """Yield each task, and the same one with its output's end under way.

    The second is to be let go of when the file is done: it holds that end.

    Args:
        tasks: the files.
        force: whether existing outputs aren't asked what they were made of.
    """
    waiting: deque[tuple[Task, Task]] = deque()
    for task in tasks:
        waiting.append((task, task if force else _with_end(task)))
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def _with_end(task: Task) -> Task:
    if isinstance(task.output, Path) or task.problem:
        return task
    return replace(task, output=task.output.with_end())
