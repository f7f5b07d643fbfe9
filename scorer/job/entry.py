"""A file on its way through the job; a failure, or the job's stop, becomes its result.

    prepare    is the output done? open the input, hash it; is the output done? lock it
    read       its windows, which others score
    write      each scored window into the output, when its turn comes
    complete   the footer; the disk is waited for in the background
    put        the final name, which is waited for in the background, too
    finish     let go of the lock; what became of the file

After a failure the steps that are left do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from scorer.errors import OutputError, Stopped
from scorer.job.containment import as_a_signal_does, result_of
from scorer.job.empty_column import note_on
from scorer.job.load import Outcome, Part, Threads
from scorer.job.patience import Patience
from scorer.job.preparation import Prepared, prepare
from scorer.job.result import FAILED, SCORED, FileResult
from scorer.job.windows import Window
from scorer.kernel import Counts
from scorer.known.scores import KnownScores
from scorer.known.spared import Spared
from scorer.model import SentimentModel
from scorer.planning.freshness import Asked
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.planning.seen import write_seen
from scorer.storage.failures import writing
from scorer.storage.place import naming, work_path
from scorer.system.background import SECONDS_BETWEEN_LOOKS
from scorer.tables.parquet_reader import WINDOW_BYTES

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Means:
    """What files are scored with.

    Attributes:
        model: what scores.
        options: of the job.
        pipeline: threads that score, read and sync.
        known: the scores that needn't be computed.
        begins: is called before the first row of each file whose output isn't done.
    """

    model: SentimentModel
    options: Options
    pipeline: Threads
    known: KnownScores
    begins: Callable[[], None] = lambda: None

    @cached_property
    def asked(self) -> Asked:
        """What outputs are asked for with."""
        return Asked.of(self.model, self.options)


@dataclass(frozen=True)
class Watch:
    """What is told of each window when it is written, and the files before it are done.

    Attributes:
        rows: receives the number of its rows.
        position: receives the bytes of the input up to its end, where nothing tells the rows of the
            input.
    """

    rows: Callable[[int], None] = lambda rows: None
    position: Callable[[int], None] = lambda position: None


class Entry:
    """A file on its way.

    Args:
        task: the file.
        asked: the same, with its output's end under way.
        means: what it is scored with.

    Attributes:
        result: what became of it; None as long as it is on its way.
        must_wait: whether another run holds its output, and it is to be prepared once more.
    """

    def __init__(self, task: Task, asked: Task, means: Means) -> None:
        self.result: FileResult | None = None
        self.must_wait = False
        self._task, self._asked, self._means = task, asked, means
        self._started = time.monotonic()
        self._prepared: Prepared | None = None
        self._windows: Iterator[list[pa.RecordBatch]] = iter(())
        self._row = self._out = self._reused = 0
        self._spared = Spared()
        self._is_read = False
        self._counts = Counts()
        self._untold: list[tuple[int, int | None]] = []
        self._sync: Future[None] | None = None
        self._is_put = False
        self._named: Future[None] | None = None
        self._note = ""

    @property
    def _file(self) -> Prepared:
        if self._prepared is None:
            raise RuntimeError("a file is prepared first")
        return self._prepared

    def prepare(self, *, patient: bool) -> None:
        """Open the input, lock and begin the output.

        Args:
            patient: whether to wait for another run that holds the output, if the job may.
        """
        self.must_wait = False
        self._attempt(partial(self._prepare, patient=patient))

    def read(self) -> Part | None:
        """Read the next window; None behind the last, and if the file is done or failed."""
        part = self._attempt(self._read)
        self._is_read = part is None
        return part

    def write(self, outcome: Outcome) -> None:
        """Write the next window, or fail as its scoring did; then complete the output."""
        self._out -= 1
        self._attempt(partial(self._write, outcome))

    @property
    def is_scored(self) -> bool:
        """Whether all windows are written, and the output isn't complete yet."""
        is_written = self._is_read and not self._out and self._sync is None
        return is_written and self.result is None

    @property
    def is_behind(self) -> bool:
        """Whether its input is done with: it waits for the disk at most."""
        return self._sync is not None or self.result is not None

    def complete(self) -> None:
        """Write the output's end; have the disk waited for."""
        self._attempt(self._complete)

    @property
    def is_synced(self) -> bool:
        """Whether the complete output is on the disk, and not yet under its name."""
        is_waiting = self.result is None and not self._is_put
        return is_waiting and self._sync is not None and self._sync.done()

    def put(self) -> None:
        """Put the output in place, which is on the disk."""
        self._attempt(self._put)

    @property
    def is_put(self) -> bool:
        """Whether the output is in place, and its name may not be on the disk yet."""
        return self.result is None and self._is_put

    @property
    def folder(self) -> Path:
        """The folder of the output, if it is put."""
        return work_path(self._asked.output).parent

    def name(self, named: Future[None]) -> None:
        """Take what waits for the output's name to be on the disk."""
        self._named = named

    @property
    def is_named(self) -> bool:
        """Whether the output is in place and its name on the disk."""
        return self.is_put and self._named is not None and self._named.done()

    def finish(self) -> None:
        """Let go of the file, when its output is in place and its name on the disk."""
        self._attempt(self._finish)

    def wait(self) -> None:
        """Wait for the disk, whatever was begun last."""
        begun = self._named or self._sync
        if begun is not None:
            self._attempt(partial(wait, [begun], SECONDS_BETWEEN_LOOKS))

    def tell(self, watch: Watch) -> None:
        """Tell of the windows that were written since this was called last."""
        untold, self._untold = self._untold, []
        for rows, position in untold:
            watch.rows(rows)
            if position is not None:
                watch.position(position)

    def end(self, error: BaseException) -> None:
        """Let go of what the file holds, as a failure or a stop does; that is its result.

        Raises:
            BaseException: the error, if it is neither.
        """
        if self.result is not None:
            return
        try:
            if self._is_put and isinstance(error, CancelledError):
                with suppress(Stopped):
                    self._let_go(error)
                self.result = self._scored()
                return
            self._let_go(error)
        except BaseException as last:  # noqa: BLE001  # raised again if it isn't to be contained
            seconds = time.monotonic() - self._started
            stop = self._means.pipeline.stop
            self.result = result_of(self._task, last, seconds, stop)

    def _let_go(self, error: BaseException) -> None:
        with self._prepared or nullcontext(), as_a_signal_does():
            raise error

    def _attempt(self, act: Callable[[], Answer]) -> Answer | None:
        if self.result is not None:
            return None
        try:
            with naming(self._task.output):
                return act()
        except BaseException as error:  # noqa: BLE001  # raised again if it isn't to be contained
            self.end(error)
        return None

    def _prepare(self, *, patient: bool) -> None:
        means, asked = self._means, self._asked
        means.pipeline.check()
        if asked.problem:
            self.result = FileResult(self._task, FAILED, asked.problem)
            return
        told = partial(means.pipeline.probe.waiting, str(self._task.output))
        seconds = means.options.wait_lock if patient else 0.0
        patience = Patience(seconds, means.pipeline.check, told)
        try:
            made = prepare(
                asked,
                means.model,
                means.options,
                means.asked,
                means.pipeline,
                patience,
                means.known,
            )
        except OutputError:
            if patient or not patience.was_needed or not means.options.wait_lock:
                raise
            self.must_wait = True
            return
        if isinstance(made, FileResult):
            self.result = made.of(self._task)
            return
        self._prepared = made
        kernel = made.source.kernel
        self._windows = made.source.reviews.windows(kernel.columns, kernel.read)
        means.begins()

    def _read(self) -> Part | None:
        file, call = self._file, partial(next, self._windows, None)
        with file.clock.stage("reading"):
            is_held = file.source.reviews.is_held
            batches = call() if is_held else self._means.pipeline.reading(call)
        if batches is None:
            return None
        window = Window(self._row, batches, file.source.reviews.position)
        self._row += len(window)
        self._out += 1
        return Part(file, window)

    def _write(self, outcome: Outcome) -> None:
        if isinstance(outcome, Exception):
            raise outcome
        for batch in outcome.batches:
            self._file.output.write(batch)
        self._counts += outcome.counts
        self._reused += outcome.reused
        self._spared += outcome.spared
        self._untold.append((outcome.counts.rows, outcome.position))

    def _complete(self) -> None:
        file, pipeline = self._file, self._means.pipeline
        if not self._counts.scored:
            self._note = pipeline.reading(partial(note_on, file.source, self._counts))
        reviews, output = file.source.reviews, file.output
        reviews.close()
        is_large = output.pending_bytes > WINDOW_BYTES
        complete = partial(output.complete, file.stamp.to_footer(), reviews.rows)
        self._sync = pipeline.begin_sync(file.clock.timed("writing", complete))
        if is_large:
            # What the next files hold comes on top.
            pipeline.wait(self._sync)

    def _put(self) -> None:
        file = self._file
        if self._sync is not None:
            self._sync.result()
        with file.clock.stage("writing"):
            file.output.put()
        self._is_put = True
        if not isinstance(self._asked.output, Path):
            # The store has it under its key.
            self._finish()

    def _finish(self) -> None:
        file = self._file
        if self._named is not None:
            with writing(work_path(self._asked.output)):
                self._named.result()
        write_seen(work_path(self._asked.output), file.seen)
        with file:
            pass
        self.result = self._scored()

    def _scored(self) -> FileResult:
        file = self._file
        return FileResult(
            self._task,
            SCORED,
            file.reason,
            self._counts,
            self._reused,
            time.monotonic() - file.started,
            file.clock.seconds(),
            "; ".join(filter(None, (file.note, self._note))),
            file.changes,
            spared=self._spared,
        )
