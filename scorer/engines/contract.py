"""What travels between the driver of a job and its workers, and what the driver makes of it.

    driver   sealed job ──► worker      once a process: the model's bytes, the options
             handed file ──► worker     one after another, large ones first
             done or refused ◄── worker

The engines differ only in how these travel.
"""

from __future__ import annotations

import os
import platform
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from scorer.doubt.language import detector_version
from scorer.engines.carried import CarriedModel
from scorer.errors import UsageError
from scorer.job.engine import Work
from scorer.job.pipeline import Probe
from scorer.job.result import FAILED, SCORED, Crew, FileResult, Worker
from scorer.job.success_file import SuccessMark
from scorer.planning.freshness import versions
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.storage.place import Place

MOST_NAMED = 3
# How often a file is handed out before it is given up, as Spark does.
MOST_ATTEMPTS = 4
LONGEST_REASON = 200


@dataclass(frozen=True)
class Job:
    """What a worker is told once.

    Attributes:
        model: what scores.
        options: of the job.
        mark: the job's ``_SUCCESS``; None without one.
        probe: is told what the workers are about to do.
        fingerprint: that the worker's arithmetic must have; any if None.
        folder: in which the driver works; relative paths begin there.
    """

    model: CarriedModel
    options: Options
    mark: SuccessMark | None
    probe: Probe
    fingerprint: str | None
    folder: str


@dataclass(frozen=True)
class Sealed:
    """A job that a worker opens when its versions are found to fit.

    Attributes:
        versions: of the driver, by name.
        content: the pickled :class:`Job`.
        key: tells one job from another.
    """

    versions: Mapping[str, str]
    content: bytes = field(repr=False)
    key: str

    @classmethod
    def of(cls, work: Work, dumps: Callable[[object], bytes]) -> Sealed:
        """Seal a job.

        Args:
            work: the job.
            dumps: pickles, as the engine does; a probe may be of a class that workers don't have.
        """
        fingerprint = work.model.fingerprint if work.options.same_cpu else None
        options, folder = work.options, str(Path.cwd())
        model = CarriedModel.of(work.model)
        job = Job(model, options, work.mark, work.probe, fingerprint, folder)
        content, known = dumps(job), driver_versions()
        if options.only_language is not None:
            known |= detector_versions()
        return cls(known, content, sha256(repr(known).encode() + content).hexdigest())


class Handed(NamedTuple):
    """A file that is handed to a worker, and its place in the plan."""

    place: int
    task: Task


@dataclass(frozen=True)
class Process:
    """What a worker says of itself.

    Attributes:
        host: its name.
        pid: its process.
        fingerprint: of its arithmetic; None as long as it scored nothing.
        peak_memory: of its resident memory, in bytes.
        notes: what else there is to say of it, in a sentence each.
    """

    host: str
    pid: int
    fingerprint: str | None
    peak_memory: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What became of one file.

    Attributes:
        place: of the file in the plan.
        result: what became of it.
        process: that did it; None if no worker came back with it.
        cpu_seconds: CPU time that it took.
        attempt: how often the file had been handed out before.
    """

    place: int
    result: FileResult
    process: Process | None
    cpu_seconds: float = 0.0
    attempt: int = 0


@dataclass(frozen=True)
class Refused:
    """A worker that must not score for this driver, and why, in a sentence."""

    reason: str


class FileEngine(ABC):
    """An engine that hands out files; what is left to each is how they travel.

    Attributes:
        name: of the engine.
    """

    name: str

    def __init__(self) -> None:
        self._roster = Roster()

    @abstractmethod
    def dumps(self, value: object) -> bytes:
        """Pickle, with the classes of the program itself."""

    @abstractmethod
    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done | Refused]:
        """Yield what workers answer, as it comes; end early when ``stop`` is set.

        Args:
            sealed: the job.
            handed: the files, in the order in which they are to be handed out.
            stop: ends the work.
        """

    def results(self, work: Work) -> Generator[tuple[int, FileResult]]:
        """Yield what became of each file, as it comes; see :class:`scorer.job.engine.Engine`.

        Raises:
            UsageError: the engine isn't there, or a worker doesn't fit.
        """
        sealed, handed = Sealed.of(work, self.dumps), large_first(work.tasks)
        for outcome in self.outcomes(sealed, handed, work.stop):
            if isinstance(outcome, Refused):
                raise UsageError(f"running on {self.name}: {outcome.reason}")
            outcome = seen_from_here(outcome)
            self._roster.add(outcome)
            work.watch(outcome.result.counts.rows)
            yield outcome.place, outcome.result

    def crew(self) -> Crew:
        """Return the workers that took part."""
        return self._roster.crew(self.name)


def large_first(tasks: Sequence[Task]) -> list[Handed]:
    """Return files by falling size, so that no large one is begun last; ties by place."""
    sizes = [task.size for task in tasks]
    order = sorted(range(len(tasks)), key=lambda place: -sizes[place])
    return [Handed(place, tasks[place]) for place in order]


def given_up(handed: Handed, engine: str, error: BaseException, attempt: int = 0) -> Done:
    """Return what became of a file that no worker came back with.

    Args:
        handed: the file.
        engine: name of the engine.
        error: what the engine said.
        attempt: how often the file had been handed out before.
    """
    said = next(filter(None, str(error).splitlines()), type(error).__name__)[:LONGEST_REASON]
    reason = (
        f"scoring {handed.task.input}: its workers were lost, and {engine} gave it up: {said}; "
        "look at the engine's logs, and run again"
    )
    return Done(handed.place, FileResult(handed.task, FAILED, reason), None, attempt=attempt)


def seen_from_here(done: Done) -> Done:
    """Return what became of a file; it failed if what the worker wrote isn't seen by the driver."""
    result = done.result
    if result.status != SCORED or _is_seen(result.task.output):
        return done
    host = done.process.host if done.process else "a worker"
    reason = (
        f"writing {result.task.output}: the worker {host} wrote it, and it isn't there from here; "
        "name an output that every worker and this machine share"
    )
    return replace(done, result=FileResult(result.task, FAILED, reason, seconds=result.seconds))


def _is_seen(output: Place) -> bool:
    if not isinstance(output, Path):
        # The store that the worker put it into is the one that is asked everywhere.
        return True
    if output.exists():
        return True
    with suppress(OSError):
        # A network file system asks its server anew when a folder is opened.
        os.close(os.open(output.parent, os.O_RDONLY))
    return output.exists()


def driver_versions() -> dict[str, str]:
    """Return the versions that driver and workers must agree in; of Python the first two numbers.

    The last bits of a score may differ between any two of them, and so may what is pickled.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    return {**versions(), "python": python}


def detector_versions() -> dict[str, str]:
    """Return the version of the detector of languages by its name; nothing where there is none."""
    with suppress(UsageError):
        name, version = detector_version().split()
        return {name: version}
    return {}


class Roster:
    """Who worked, by what came back. It grows with the processes, not with the files."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._peaks: dict[tuple[str, int], int] = defaultdict(int)
        self._prints: dict[tuple[str, int], str | None] = {}
        self._files: dict[tuple[str, int], int] = defaultdict(int)
        self._notes: dict[str, None] = {}
        self._again: list[Place] = []
        self._times_again = 0

    def add(self, done: Done) -> None:
        """Take down who did a file."""
        self._cpu += done.cpu_seconds
        if done.attempt:
            self._times_again += 1
            self._again = [*self._again, done.result.task.input][:MOST_NAMED]
        process = done.process
        if process is None:
            return
        who = (process.host, process.pid)
        self._files[who] += 1
        self._peaks[who] = max(self._peaks[who], process.peak_memory)
        self._notes |= dict.fromkeys(process.notes)
        self._prints[who] = process.fingerprint or self._prints.get(who)

    def crew(self, engine: str) -> Crew:
        """Return who worked; the driver's own CPU time is not in it."""
        prints = sorted({one for one in self._prints.values() if one})
        return Crew(
            threads=len(self._files),
            cpu_seconds=self._cpu,
            peak_memory=max(self._peaks.values(), default=0),
            fingerprint=prints[0] if len(prints) == 1 else None,
            engine=engine,
            workers=self._workers(),
            notes=tuple(filter(None, (*self._notes, self._lost(), self._kinds(prints)))),
        )

    def _workers(self) -> tuple[Worker, ...]:
        together: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for (host, pid), files in self._files.items():
            together[host, self._prints[host, pid]].append(files)
        order = sorted(together, key=lambda one: (one[0], one[1] or ""))
        return tuple(
            Worker(host, len(together[host, kind]), kind, sum(together[host, kind]))
            for host, kind in order
        )

    def _lost(self) -> str:
        if not self._times_again:
            return ""
        what = "1 file was" if self._times_again == 1 else f"{self._times_again:,} files were"
        named = ", ".join(map(str, self._again))
        return f"{what} handed out again, since a worker was lost, such as {named}"

    def _kinds(self, prints: Sequence[str]) -> str:
        if len(prints) < 2:
            return ""
        hosts = {one: sorted({w.host for w in self._workers() if w.fingerprint == one})
                 for one in prints}  # fmt: skip
        named = "; ".join(f"{one[:8]} on {', '.join(hosts[one][:MOST_NAMED])}" for one in prints)
        return (
            f"the workers' CPUs are of {len(prints)} kinds, whose scores may differ in the last "
            f"bits ({named}); --same-cpu refuses that"
        )
