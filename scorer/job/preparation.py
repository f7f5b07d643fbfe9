"""A file is prepared: is its output done? Its input is opened and hashed, its output locked."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from scorer.job.containment import as_a_signal_does
from scorer.job.delivery import deliver, upload_left
from scorer.job.journal import Journal, begin_partial, clear_kept, kept_scores
from scorer.job.patience import Patience
from scorer.job.pipeline import Pipeline
from scorer.job.prepared import Compression, OpenInput
from scorer.job.result import SKIPPED, Changes, FileResult
from scorer.known.earlier_scores import Earlier
from scorer.known.scores import KnownScores
from scorer.model import SentimentModel
from scorer.planning.freshness import ALREADY_DONE, Asked, Stamp, is_known, judge
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.planning.seen import Seen, write_seen
from scorer.storage.failures import make_folder, writing
from scorer.storage.place import clear_stand_in, naming, work_path
from scorer.storage.whole_file import mode_for
from scorer.system.stopwatch import Stopwatch
from scorer.tables.formats import open_reviews
from scorer.tables.parquet_writer import ParquetOutput

Answer = TypeVar("Answer")
Threads = Pipeline[Any]


@dataclass(frozen=True)
class Prepared:
    """A file that is ready to be scored: open, locked, its output begun.

    A context manager. It releases what it holds, however its block ends; if the file wasn't
    finished, it removes the output that was begun.
    """

    source: OpenInput
    stamp: Stamp
    earlier: Earlier
    seen: Seen | None
    reason: str
    changes: Changes
    note: str
    journal: Journal
    output: ParquetOutput
    started: float
    clock: Stopwatch
    resources: ExitStack

    def __enter__(self) -> Prepared:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.resources.__exit__(kind, error, trace)


def prepare(
    task: Task,
    model: SentimentModel,
    options: Options,
    asked: Asked,
    pipeline: Threads,
    patience: Patience,
    known: KnownScores,
) -> Prepared | FileResult:
    """Open the input, and lock and begin the output; return the result at once if it is done.

    Args:
        task: the file.
        model: what scores.
        options: of the job.
        asked: what the two make of an input.
        pipeline: threads that read.
        patience: waits for another run that holds the output.
        known: reads the scores of earlier outputs.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output can't be written, must not be replaced, or another run holds it.
    """
    started, clock, output = time.monotonic(), Stopwatch(), task.output
    work = work_path(output)
    with ExitStack() as resources, as_a_signal_does(), naming(output):
        if not options.force and _asking(task, pipeline, partial(is_known, task, asked)):
            return _skipped(task, started, clock)
        open_input = partial(_open, task, model, options, pipeline.check, clock)
        source, stamp = pipeline.reading(open_input)
        reviews = resources.enter_context(source.reviews)
        judged = partial(judge, output, stamp, force=options.force)
        verdict = _asking(task, pipeline, judged)
        if verdict.is_done:
            write_seen(work, Seen.of(reviews.identity, asked.promise_of(verdict.stored)))
            return _skipped(task, started, clock)
        resources.callback(clear_stand_in, output)
        make_folder(work)
        stamp = stamp.with_arithmetic(model)
        binding, mode = source.binding(stamp), mode_for(work, reviews.permissions)
        held = kept_scores(work, binding, fresh=options.force, mode=mode, again=patience)
        journal = resources.enter_context(held)
        if isinstance(output, Path):
            # Another run may have finished it before this one had the lock.
            verdict = judged()
            if verdict.is_done:
                return FileResult(task, SKIPPED, verdict.reason, note=patience.note)
        with clock.stage("reading"):
            earlier = known.earlier(task, pipeline.reading)
            times_truncated = _count_truncated(source, pipeline)
        compression = _asking(task, pipeline, source.compression)
        partial_file = begin_partial(work, journal, mode)
        begun = _begin(source, stamp, compression, partial_file, pipeline, clock)
        file = resources.enter_context(begun)
        kept = resources.pop_all()
        return Prepared(
            source,
            stamp,
            earlier,
            Seen.of(reviews.identity, asked.promise_of(stamp.json)),
            verdict.reason,
            Changes(times_truncated, compression.replaced),
            "; ".join(filter(None, (patience.note, earlier.note, upload_left(output)))),
            journal,
            file,
            started,
            clock,
            kept,
        )


def _open(
    task: Task,
    model: SentimentModel,
    options: Options,
    check: Callable[[], None],
    clock: Stopwatch,
) -> tuple[OpenInput, Stamp]:
    """Open the input and hash it.

    Raises:
        ReviewsError: it can't be read, or its columns don't fit.
    """
    with ExitStack() as resources:
        opened = open_reviews(task.input, options.max_cell, options.text, check)
        reviews = resources.enter_context(opened)
        source = OpenInput.of(task, reviews, model, options)
        with clock.stage("reading"):
            stamp = source.stamp(reviews.input_id(check))
        resources.pop_all()
        return source, stamp


def _asking(task: Task, pipeline: Threads, call: Callable[[], Answer]) -> Answer:
    """Ask about files here; about objects in the background, where a stop ends the wait."""
    if isinstance(task.input, Path) and isinstance(task.output, Path):
        return call()
    return pipeline.reading(call)


def _count_truncated(source: OpenInput, pipeline: Threads) -> int:
    """Return the number of INT96 times whose nanoseconds are cut off.

    Raises:
        ReviewsError: a time can't be carried.
    """
    times = source.int96()
    if times is None:
        return 0
    counts, total = times.check(), 0
    while (count := pipeline.reading(partial(next, counts, None))) is not None:
        total += count
    return total


def _begin(
    source: OpenInput,
    stamp: Stamp,
    compression: Compression,
    partial_file: Path,
    pipeline: Threads,
    clock: Stopwatch,
) -> ParquetOutput:
    reviews, output, deliverer = source.reviews, source.task.output, None
    if not isinstance(output, Path):
        fresh = output.as_unlisted()
        judged = partial(judge, fresh, stamp, force=source.options.force)
        deliverer = partial(deliver, output, partial(pipeline.reading, judged), pipeline.wait)
    return ParquetOutput(
        work_path(output),
        source.kernel.schema,
        reviews.rows,
        reviews.row_groups,
        compression.codecs,
        pipeline.background,
        lambda call: pipeline.begin_sync(clock.timed("writing", call)),
        pipeline.wait,
        partial_file,
        reviews.storage(source.kernel.carried),
        deliverer,
    )


def _skipped(task: Task, started: float, clock: Stopwatch) -> FileResult:
    with writing(task.output):
        clear_kept(work_path(task.output))
    clear_stand_in(task.output)
    return FileResult(
        task,
        SKIPPED,
        ALREADY_DONE,
        seconds=time.monotonic() - started,
        stages=clock.seconds(),
    )
