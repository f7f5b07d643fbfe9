"""Files one after another: each is prepared, scored and finished; a failure stays with its file.

    prepare   is the output done? open the input, hash it; is the output done? lock it
    score     its windows through the pipeline, into the output
    finish    footer, disk, final name; what became of the file

The three keep no state outside what they return.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from scorer.errors import MORE_MEMORY, SentimentError, Stopped, lacks_memory, one_line
from scorer.job.empty_column import note_on
from scorer.job.freshness import ALREADY_DONE, Asked, Stamp, is_known, judge, versions
from scorer.job.journal import (
    Journal,
    begin_partial,
    clear_kept,
    digest_of,
    journal_path,
    kept_rows,
    kept_scores,
)
from scorer.job.options import Options
from scorer.job.pipeline import Check, Pipeline, Probe
from scorer.job.plan import Plan, Task
from scorer.job.prepared import Compression, OpenInput
from scorer.job.result import (
    FAILED,
    PLANNED,
    SCORED,
    SKIPPED,
    STOPPED,
    Changes,
    FileResult,
    JobResult,
    ModelId,
)
from scorer.job.seen import Seen, write_seen
from scorer.kernel import Counts
from scorer.model import SentimentModel
from scorer.storage.failures import make_folder, writing
from scorer.storage.whole_file import mode_for
from scorer.system.cores import available_cores
from scorer.system.memory import peak_memory
from scorer.system.records import to_json
from scorer.system.signals import TERMINATED, raise_if_stopped
from scorer.system.stopwatch import Stopwatch
from scorer.tables.parquet_reader import ParquetReviews
from scorer.tables.parquet_writer import ParquetOutput

STOPPED_REASON = "the job was stopped; what was finished stays, run again to go on"


def run_job(
    plan: Plan,
    model: SentimentModel,
    options: Options | None = None,
    *,
    done: Callable[[FileResult], None] = lambda result: None,
    watch: Callable[[int], None] = lambda rows: None,
    stop: threading.Event | None = None,
    probe: Probe | None = None,
) -> JobResult:
    """Score files one after another; a file that fails doesn't take the others with it.

    Args:
        plan: the files.
        model: what scores.
        options: see :class:`Options`.
        done: receives each file's result when the file is done.
        watch: receives the number of rows of each window when they are written.
        stop: ends the job when it is set, within about two seconds. What was finished stays; the
            scores of an unfinished output are kept for the next run.
        probe: see :class:`Probe`.
    """
    options, stop, probe = options or Options(), stop or threading.Event(), probe or Probe()
    started, results = Started.now(), []
    with Pipeline[Window, ScoredWindow](_threads(options), stop, probe) as pipeline:
        for task in plan.tasks:
            one_file = partial(_one_file, task, model, options, pipeline, watch)
            results.append(_contained(task, one_file, stop))
            done(results[-1])
    return _job_result(plan, results, model, options, started)


def preview_job(plan: Plan, model: SentimentModel, options: Options | None = None) -> JobResult:
    """Say what :func:`run_job` would do with each file; change nothing."""
    options, started = options or Options(), Started.now()
    results = [_contained(task, partial(_preview, task, model, options)) for task in plan.tasks]
    return _job_result(plan, results, model, options, started)


@dataclass(frozen=True)
class Window:
    """Some rows of an input: the number of the first, and the record batches."""

    start: int
    batches: list[pa.RecordBatch]

    def __len__(self) -> int:
        return sum(map(len, self.batches))


@dataclass(frozen=True)
class ScoredWindow:
    """A window with its new columns; ``reused`` of its rows had been scored before."""

    batches: list[pa.RecordBatch]
    counts: Counts
    reused: int


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


@dataclass(frozen=True)
class Scored:
    """What was found in a file's rows, how many had been scored before, and what to say of it."""

    counts: Counts
    reused: int
    note: str


def _one_file(
    task: Task,
    model: SentimentModel,
    options: Options,
    pipeline: Pipeline[Window, ScoredWindow],
    watch: Callable[[int], None],
) -> FileResult:
    prepared = prepare(task, model, options, pipeline)
    if isinstance(prepared, FileResult):
        return prepared
    with prepared, _as_a_signal_does():
        scored = score(prepared, pipeline, watch)
        return finish(prepared, scored)


def prepare(
    task: Task,
    model: SentimentModel,
    options: Options,
    pipeline: Pipeline[Window, ScoredWindow],
) -> Prepared | FileResult:
    """Open the input, and lock and begin the output; return the result at once if it is done.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output can't be written, must not be replaced, or another run holds it.
    """
    started, clock, output = time.monotonic(), Stopwatch(), task.output
    asked = Asked.of(model, options)
    with ExitStack() as resources, _as_a_signal_does():
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
        journal = resources.enter_context(
            kept_scores(output, binding, fresh=options.force, mode=mode)
        )
        # Another run may have finished it before this one had the lock.
        verdict = judge(output, stamp, force=options.force)
        if verdict.is_done:
            return FileResult(task, SKIPPED, verdict.reason)
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
            Changes(times_truncated, compression.replaced),
            journal,
            file,
            started,
            clock,
            kept,
        )


def _count_truncated(source: OpenInput, pipeline: Pipeline[Window, ScoredWindow]) -> int:
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
    pipeline: Pipeline[Window, ScoredWindow],
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


def score(
    prepared: Prepared,
    pipeline: Pipeline[Window, ScoredWindow],
    watch: Callable[[int], None],
) -> Scored:
    """Score the input's windows on the pipeline's threads; write each when its turn comes.

    Raises:
        ReviewsError: the input can't be read to its end.
        OutputError: the output, or its journal, can't be written.
        CancelledError: the job was stopped.
    """
    counts, reused = Counts(), 0
    work = partial(_score_window, prepared, pipeline.probe)
    with pipeline.answers(_read_windows(prepared, pipeline), work) as answers:
        for window in answers:
            with prepared.clock.stage("writing"):
                for batch in window.batches:
                    prepared.output.write(batch)
            counts += window.counts
            reused += window.reused
            watch(window.counts.rows)
    note = pipeline.reading(partial(note_on, prepared.source, counts))
    return Scored(counts, reused, note)


def finish(prepared: Prepared, scored: Scored) -> FileResult:
    """Write the output's end, put it in place, and say what became of the file.

    Raises:
        OutputError: the output can't be written.
        CancelledError: the job was stopped.
    """
    prepared.source.reviews.close()
    with prepared.clock.stage("writing"):
        prepared.output.finish(prepared.stamp.to_footer())
    write_seen(prepared.source.task.output, prepared.seen)
    return FileResult(
        prepared.source.task,
        SCORED,
        prepared.reason,
        scored.counts,
        scored.reused,
        time.monotonic() - prepared.started,
        prepared.clock.seconds(),
        scored.note,
        prepared.changes,
    )


def _read_windows(prepared: Prepared, pipeline: Pipeline[Window, ScoredWindow]) -> Iterator[Window]:
    start = 0
    windows = prepared.source.reviews.windows(prepared.source.kernel.columns)
    while True:
        with prepared.clock.stage("reading"):
            batches = pipeline.reading(partial(next, windows, None))
        if batches is None:
            return
        window = Window(start, batches)
        yield window
        start += len(window)


def _score_window(prepared: Prepared, probe: Probe, window: Window, check: Check) -> ScoredWindow:
    """Score a window, or take its kept scores. Runs on several threads at once."""
    kernel, clock, journal = prepared.source.kernel, prepared.clock, prepared.journal
    with clock.stage("keeping"):
        digest = digest_of(kernel.texts(window.batches))
        scores = journal.find(window.start, len(window), digest)
    is_kept = scores is not None
    if scores is None:
        probe.scoring(check)
        with clock.stage("tokenizing"):
            tokens = kernel.tokenize(window.batches)
        scores = kernel.rate(tokens, check, clock)
        with clock.stage("keeping"), writing(prepared.source.task.output):
            journal.add(window.start, digest, scores)
    with clock.stage("writing"):
        counts = kernel.count(scores)
        batches = kernel.append(window.batches, scores)
    return ScoredWindow(batches, counts, counts.rows if is_kept else 0)


def _preview(task: Task, model: SentimentModel, options: Options) -> FileResult:
    output = task.output
    if not options.force and is_known(task, Asked.of(model, options)):
        return FileResult(task, SKIPPED, ALREADY_DONE)
    with ParquetReviews(task.input, options.max_cell) as reviews:
        source, counts = OpenInput.of(task, reviews, model, options), Counts(rows=reviews.rows)
        if not any(map(os.path.lexists, (output, journal_path(output)))):
            # There is nothing that the input's hash would be compared with.
            return FileResult(task, PLANNED, "new", counts)
        stamp = source.stamp(reviews.sha256())
        verdict = judge(output, stamp, force=options.force)
        if verdict.is_done:
            return FileResult(task, SKIPPED, verdict.reason)
        reused = 0 if options.force else kept_rows(output, source.binding(stamp))
        return FileResult(task, PLANNED, verdict.reason or "new", counts, reused)


def _contained(
    task: Task, act: Callable[[], FileResult], stop: threading.Event | None = None
) -> FileResult:
    """Do something with a file; turn a failure, or the job's stop, into the file's result."""
    started = time.monotonic()
    try:
        if stop is not None and stop.is_set():
            return FileResult(task, STOPPED, STOPPED_REASON)
        if task.problem:
            return FileResult(task, FAILED, task.problem)
        return act()
    except Stopped:
        if stop is None or not stop.is_set():
            raise
        return FileResult(task, STOPPED, STOPPED_REASON, seconds=time.monotonic() - started)
    except SentimentError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # a defect of ours must not stop the other files
        raise_if_stopped()
        reason = f"scoring {task.input}: {_unexpected(error)}"
    return FileResult(task, FAILED, reason, seconds=time.monotonic() - started)


def _unexpected(error: Exception) -> str:
    if lacks_memory(error):
        return MORE_MEMORY
    if isinstance(error, OSError | pa.ArrowException):
        return f"{one_line(error)}; run again, and report it if it comes back"
    return f"unexpected {type(error).__name__}: {one_line(error)}; please report it"


@contextmanager
def _as_a_signal_does() -> Iterator[None]:
    """End the block, when the job's stop cancels it, as a signal would: kept scores stay."""
    try:
        yield
    except CancelledError as error:
        raise Stopped(STOPPED_REASON, TERMINATED) from error


@dataclass(frozen=True)
class Started:
    """When a job started: seconds since 1970, of the monotonic clock, and of CPU time."""

    time: float
    clock: float
    cpu: float

    @classmethod
    def now(cls) -> Started:
        """Return the present."""
        return cls(time.time(), time.monotonic(), time.process_time())


def _job_result(
    plan: Plan,
    results: list[FileResult],
    model: SentimentModel,
    options: Options,
    started: Started,
) -> JobResult:
    return JobResult(
        files=tuple(results),
        started=started.time,
        seconds=time.monotonic() - started.clock,
        cpu_seconds=time.process_time() - started.cpu,
        threads=_threads(options),
        options=options,
        model=ModelId(model.name, model.file.sha256),
        versions=versions(),
        fingerprint=model.fingerprint if any(one.status == SCORED for one in results) else None,
        peak_memory=peak_memory(),
        left_aside=plan.left_aside,
        without_input=plan.without_input,
    )


def _threads(options: Options) -> int:
    return options.threads or available_cores()
