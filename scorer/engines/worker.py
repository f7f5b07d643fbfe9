"""What a worker does with one file: the local job, with one thread, on a model that is loaded once.

A worker is a process of the engine: Spark's Python worker, a worker of Ray. It keeps the model of
the job that it works for, and ends when its parent does: else it would hold the output of a file
that has been handed to another.
"""

from __future__ import annotations

import os
import pickle
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pyarrow as pa

from scorer.engines.contract import (
    Done,
    Handed,
    Job,
    Process,
    Refused,
    Sealed,
    detector_versions,
    driver_versions,
)
from scorer.errors import ReviewsError, SentimentError
from scorer.job.containment import contained
from scorer.job.entry import Means, Watch
from scorer.job.line import Line
from scorer.job.load import Threads
from scorer.job.result import SCORED, FileResult
from scorer.known.scores import KnownScores
from scorer.model import SentimentModel
from scorer.planning.plan import Task
from scorer.system.memory import keep_for_reuse, peak_memory
from scorer.system.parent import end_with_parent


@dataclass(frozen=True)
class Loaded:
    """A job whose model is loaded in this process."""

    job: Job
    model: SentimentModel
    known: KnownScores


# The job that this process works for, by the key of its seal.
_loaded: dict[str, Loaded | Refused] = {}


def work(sealed: Sealed, handed: Handed, attempt: int = 0) -> Done | Refused:
    """Score one file as the local job does; say what became of it.

    Args:
        sealed: the job.
        handed: the file.
        attempt: how often it was handed out before.
    """
    start_process()
    loaded = _opened(sealed)
    if isinstance(loaded, Refused):
        return loaded
    cpu = time.process_time()
    with _in_folder(loaded.job.folder):
        result = contained(handed.task, partial(_scored, handed.task, loaded))
    kind = loaded.model.fingerprint if result.status == SCORED else None
    notes = loaded.known.notes
    process = Process(platform.node(), os.getpid(), kind, peak_memory(), notes)
    return Done(handed.place, result, process, time.process_time() - cpu, attempt)


@cache
def start_process() -> None:
    """Make this process a worker, once: memory is used as the commands do; no parent, no worker."""
    pa.set_memory_pool(pa.system_memory_pool())
    keep_for_reuse()
    end_with_parent()


@contextmanager
def _in_folder(folder: str) -> Iterator[None]:
    """Work where the driver does, if there is such a folder: relative paths lead to its files."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(chdir(folder))
        yield


def _scored(task: Task, loaded: Loaded) -> FileResult:
    if isinstance(task.input, Path) and not os.path.lexists(task.input):
        raise ReviewsError(
            f"reading {task.input}: the worker {platform.node()} doesn't see it; name an input "
            "that every worker shares"
        )
    job = loaded.job
    withdraw = job.mark.withdraw if job.mark else lambda: None
    with Threads(1, probe=job.probe) as pipeline:
        means = Means(loaded.model, job.options, pipeline, loaded.known, withdraw)
        (result,) = Line([(task, task)], means, Watch()).results()
        return result


def _opened(sealed: Sealed) -> Loaded | Refused:
    if sealed.key not in _loaded:
        # A worker that goes on with another job needs the old one's model no more.
        _loaded.clear()
        _loaded[sealed.key] = _open(sealed)
    return _loaded[sealed.key]


def _open(sealed: Sealed) -> Loaded | Refused:
    refusal = differing(sealed.versions, driver_versions() | detector_versions())
    if refusal is not None:
        return Refused(refusal)
    job = pickle.loads(sealed.content)  # noqa: S301  # from the driver, whose code this runs
    try:
        model = job.model.load()
    except SentimentError as error:
        return Refused(f"the worker {platform.node()} can't use the model: {error}")
    if job.fingerprint is not None and model.fingerprint != job.fingerprint:
        return Refused(
            f"--same-cpu is given, and the CPU of the worker {platform.node()} computes otherwise "
            f"than that of this machine (fingerprint {model.fingerprint[:8]}, not "
            f"{job.fingerprint[:8]}); name machines of one kind, or leave the option out"
        )
    return Loaded(job, model, KnownScores(model, job.options))


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> str | None:
    """Return why a worker's versions aren't the driver's, in a sentence; None if they are.

    Args:
        wanted: versions of the driver, by name.
        found: versions of the worker.
    """
    for name, version in wanted.items():
        if found.get(name) != version:
            return (
                f"the worker {platform.node()} has {name} {found.get(name, 'of no version')}, and "
                f"this machine {version}; install the same on both, as .ci/base.lock has them"
            )
    return None
