"""A file is prepared: is its output done? Its input is opened and hashed, its output locked."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from scorer.job.containment import as_a_signal_does
from scorer.job.freshness import ALREADY_DONE, Asked, Stamp, is_known, judge
from scorer.job.journal import Journal, begin_partial, clear_kept, kept_scores
from scorer.job.options import Options
from scorer.job.patience import Patience
from scorer.job.plan import Task
from scorer.job.prepared import Compression, OpenInput
from scorer.job.result import SKIPPED, Changes, FileResult
from scorer.job.seen import Seen, write_seen
from scorer.job.windows import Threads
from scorer.model import SentimentModel
from scorer.storage.failures import make_folder, writing
from scorer.storage.whole_file import mode_for
from scorer.system.records import to_json
from scorer.system.stopwatch import Stopwatch
from scorer.tables.parquet_reader import ParquetReviews
from scorer.tables.parquet_writer import ParquetOutput


@dataclass(frozen=True)
class Prepared:
    """A file that is ready to be scored: open, locked, its output begun.

    A context manager. It releases what it holds, however its block ends; if the file wasn't
    finished, it removes the output that was begun.
    """

    source: OpenInput
    stamp: Stamp
    seen: Seen
    reason: str
    note: str
    changes: Changes
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
    pipeline: Threads,
) -> Prepared | FileResult:
    """Open the input, and lock and begin the output; return the result at once if it is done.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output can't be written, must not be replaced, or another run holds it.
    """
    started, clock, output = time.monotonic(), Stopwatch(), task.output
    asked = Asked.of(model, options)
    with ExitStack() as resources, as_a_signal_does():
        if not options.force and is_known(task, asked):
            return _skipped(task, started, clock)
        open_reviews = partial(ParquetReviews, task.input, options.max_cell)
        reviews = resources.enter_context(pipeline.reading(open_reviews))
        source = OpenInput.of(task, reviews, model, options)
        with clock.stage("reading"):
            stamp = source.stamp(pipeline.reading(partial(reviews.sha256, pipeline.check)))
        seen = Seen.of(reviews.identity, asked.promise_of(to_json(stamp)))
        if judge(output, stamp, force=options.force).is_done:
            write_seen(output, seen)
            return _skipped(task, started, clock)
        make_folder(output)
        binding, mode = source.binding(stamp), mode_for(output, reviews.permissions)
        patience = Patience(options.wait_lock, pipeline.check)
        held = kept_scores(output, binding, fresh=options.force, mode=mode, again=patience)
        journal = resources.enter_context(held)
        # Another run may have finished it before this one had the lock.
        verdict = judge(output, stamp, force=options.force)
        if verdict.is_done:
            return FileResult(task, SKIPPED, verdict.reason, note=patience.note)
        with clock.stage("reading"):
            times_truncated = _count_truncated(source, pipeline)
        compression = pipeline.reading(source.compression)
        partial_file = begin_partial(output, journal, mode)
        file = resources.enter_context(_begin(source, compression, partial_file, pipeline))
        kept = resources.pop_all()
        return Prepared(
            source,
            stamp,
            seen,
            verdict.reason,
            patience.note,
            Changes(times_truncated, compression.replaced),
            journal,
            file,
            started,
            clock,
            kept,
        )


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
    compression: Compression,
    partial_file: Path,
    pipeline: Threads,
) -> ParquetOutput:
    reviews = source.reviews
    return ParquetOutput(
        source.task.output,
        source.kernel.schema,
        reviews.rows,
        reviews.row_groups,
        compression.codecs,
        pipeline.background,
        partial_file,
        reviews.storage(source.kernel.carried),
    )


def _skipped(task: Task, started: float, clock: Stopwatch) -> FileResult:
    with writing(task.output):
        clear_kept(task.output)
    return FileResult(
        task,
        SKIPPED,
        ALREADY_DONE,
        seconds=time.monotonic() - started,
        stages=clock.seconds(),
    )
