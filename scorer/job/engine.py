"""Who scores the files of a job: this process, or the workers of an engine.

What comes before and after is the same: the plan, the result, ``_SUCCESS``, the report.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from scorer.job.ahead import asked_ahead
from scorer.job.entry import Means, Watch
from scorer.job.line import Line
from scorer.job.load import Threads
from scorer.job.pipeline import Probe
from scorer.job.result import SCORED, Crew, FileResult
from scorer.job.success_file import SuccessMark
from scorer.known.scores import KnownScores
from scorer.model import SentimentModel
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.system.cores import available_cores
from scorer.system.memory import peak_memory


@dataclass(frozen=True)
class Work:
    """What an engine is given.

    Attributes:
        tasks: the files.
        model: what scores.
        options: of the job.
        mark: the job's ``_SUCCESS``, which goes before the first output changes; None without one.
        watch: receives the number of rows that were written, now and then.
        reached: receives how far a text was read, in bytes, now and then; of this process only.
        stop: ends the work when it is set, within about two seconds.
        probe: see :class:`Probe`.
    """

    tasks: tuple[Task, ...]
    model: SentimentModel
    options: Options
    mark: SuccessMark | None
    watch: Callable[[int], None]
    reached: Callable[[int], None]
    stop: threading.Event
    probe: Probe

    def withdraw(self) -> None:
        """Remove a ``_SUCCESS`` that is no longer true."""
        if self.mark is not None:
            self.mark.withdraw()


class Engine(Protocol):
    """Scores the files of a job.

    Attributes:
        name: of the engine; empty for this process.
    """

    name: str

    def results(self, work: Work) -> Generator[tuple[int, FileResult]]:
        """Yield what became of files as they are done, in any order, each with its place.

        Those of which nothing is yielded were stopped.

        Raises:
            UsageError: the engine isn't installed, can't be reached, or its workers are refused.
        """
        ...

    def crew(self) -> Crew:
        """Return who worked, when the results are there."""
        ...


class ThisProcess:
    """Scores the files on the threads of this process, small ones together."""

    name = ""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._threads = 0
        self._fingerprint: str | None = None
        self._notes: tuple[str, ...] = ()

    def results(self, work: Work) -> Generator[tuple[int, FileResult]]:
        """Yield what became of each file, in the order of the plan."""
        self._threads = work.options.threads or available_cores()
        known = KnownScores(work.model, work.options)
        with Threads(self._threads, work.stop, work.probe) as pipeline:
            means = Means(work.model, work.options, pipeline, known, work.withdraw)
            ahead = asked_ahead(work.tasks, force=work.options.force)
            line = Line(ahead, means, Watch(work.watch, work.reached))
            with closing(line.results()) as results:
                for place, result in enumerate(results):
                    if result.status == SCORED:
                        self._fingerprint = work.model.fingerprint
                    yield place, result
        self._notes = known.notes

    def crew(self) -> Crew:
        """Return this process."""
        cpu, peak = time.process_time() - self._cpu, peak_memory()
        return Crew(self._threads, cpu, peak, self._fingerprint, notes=self._notes)
