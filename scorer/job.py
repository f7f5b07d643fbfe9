"""Inputs to outputs: skip what is done, take up what was stopped, run, sum up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from scorer.cores import available_cores
from scorer.errors import ReviewsError, SentimentError
from scorer.journal import Journal, clear_kept, digest_of, kept_rows, kept_scores
from scorer.kernel import SCORE, SENTIMENT, Counts, Kernel
from scorer.memory import peak_memory
from scorer.model import SentimentModel
from scorer.origin import origin_of, standing, versions
from scorer.parquet import DEFAULT_COMPRESSION, ParquetReviews, RowGroupWriter, make_folder, one_line, writing, written_whole
from scorer.plan import Task
from scorer.result import FAILED, PLANNED, SCORED, SKIPPED, FileResult, JobResult
from scorer.stopwatch import Stopwatch

Watch = Callable[[int], None]
Done = Callable[[FileResult], None]


@dataclass(frozen=True)
class Options:
    """What a job may be told.

    Attributes:
        text_column: which column holds the reviews; found by its usual names where None.
        keep: names of the columns that are carried into the output; every one where None.
        prefix: put before the names of the two new columns.
        compression: codec of every column; each column's own in the input where None.
        threads: rows are scored on so many threads; as many as the process has cores where None.
        force: whether everything is scored anew, and an output that isn't ours may be replaced.
    """

    text_column: str | None = None
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    compression: str | None = None
    threads: int | None = None
    force: bool = False


def count_rows(tasks: list[Task]) -> int:
    """Return the rows of all inputs, by their footers; a file that can't be opened counts none."""
    total = 0
    for task in tasks:
        with suppress(ReviewsError), ParquetReviews(task.input) as reviews:
            total += reviews.rows
    return total


def run_job(
    tasks: list[Task],
    model: SentimentModel,
    options: Options | None = None,
    *,
    done: Done = lambda result: None,
    watch: Watch = lambda rows: None,
) -> JobResult:
    """Score files one after another; a file that fails doesn't take the others with it.

    Args:
        tasks: the files.
        model: what scores.
        options: see :class:`Options`.
        done: is given each file's result when it is there.
        watch: is given the rows of each window when they are written.
    """
    options = options or Options()
    threads = options.threads or available_cores()
    with ThreadPoolExecutor(threads, thread_name_prefix="scorer") as pool:
        try:
            return _each(tasks, model, options, partial(_score, watch=watch, pool=pool, ahead=threads + 1), done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def preview_job(tasks: list[Task], model: SentimentModel, options: Options | None = None) -> JobResult:
    """Say what :func:`run_job` would do with each file, and change nothing."""
    return _each(tasks, model, options or Options(), _preview, lambda result: None)


@dataclass(frozen=True)
class _Ready:
    """An input that was opened and found fit to be scored."""

    task: Task
    reviews: ParquetReviews
    kernel: Kernel
    options: Options
    origin: dict[str, Any]
    binding: dict[str, Any]
    clock: Stopwatch = field(default_factory=Stopwatch)


Act = Callable[[_Ready], FileResult]


def _each(tasks: list[Task], model: SentimentModel, options: Options, act: Act, done: Done) -> JobResult:
    started, clock, spent = time.time(), time.monotonic(), time.process_time()
    results = []
    for task in tasks:
        results.append(_one(task, model, options, act))
        done(results[-1])
    return JobResult(
        files=tuple(results),
        started=started,
        seconds=time.monotonic() - clock,
        cpu_seconds=time.process_time() - spent,
        threads=options.threads or available_cores(),
        options=asdict(options),
        model={"name": model.file.name, "sha256": model.file.sha256},
        versions=versions(),
        peak_memory=peak_memory(),
    )


def _one(task: Task, model: SentimentModel, options: Options, act: Act) -> FileResult:
    started = time.monotonic()
    try:
        with ParquetReviews(task.input) as reviews:
            return act(_ready(task, reviews, model, options))
    except SentimentError as error:
        reason = str(error)
    except (OSError, pa.ArrowException, MemoryError) as error:
        reason = f"scoring {task.input}: {one_line(error)}"
    except Exception as error:  # noqa: BLE001  # a defect of ours: named like the others, and no reason for the next file to wait
        reason = f"scoring {task.input}: unexpected {type(error).__name__}: {one_line(error)}; please report it"
    return FileResult(task, FAILED, reason, seconds=time.monotonic() - started)


def _ready(task: Task, reviews: ParquetReviews, model: SentimentModel, options: Options) -> _Ready:
    try:
        kernel = Kernel(model, reviews.schema, options.text_column, prefix=options.prefix, keep=options.keep)
    except ReviewsError as error:
        raise ReviewsError(f"reading {reviews.path}: {error}") from error
    origin = origin_of(model, reviews, kernel, options.compression)
    return _Ready(task, reviews, kernel, options, origin, origin | {"versions": versions()})


def _preview(ready: _Ready) -> FileResult:
    skip, reason = standing(ready.task.output, ready.origin, force=ready.options.force)
    if skip:
        return FileResult(ready.task, SKIPPED, reason)
    reused = 0 if ready.options.force else kept_rows(ready.task.output, ready.binding)
    return FileResult(ready.task, PLANNED, reason or "new", Counts(rows=ready.reviews.rows), reused)


def _score(ready: _Ready, *, watch: Watch, pool: ThreadPoolExecutor, ahead: int) -> FileResult:
    """Score a file, unless it is done: looked at once before its output is locked, so that nothing is touched, and once after."""
    task, force = ready.task, ready.options.force
    started = time.monotonic()
    skip, reason = standing(task.output, ready.origin, force=force)
    if skip:
        _clear_leftovers(task)
        return FileResult(task, SKIPPED, reason)
    make_folder(task.output)
    with kept_scores(task.output, ready.binding, fresh=force) as journal:
        skip, reason = standing(task.output, ready.origin, force=force)
        if skip:
            return FileResult(task, SKIPPED, reason)
        counts, reused = _score_file(ready, journal, watch, pool, ahead)
    return FileResult(task, SCORED, reason, counts, reused, time.monotonic() - started, ready.clock.seconds())


def _clear_leftovers(task: Task) -> None:
    """Remove what a run left that was killed just before it ended."""
    with writing(task.output):
        clear_kept(task.output)


def _score_file(ready: _Ready, journal: Journal, watch: Watch, pool: ThreadPoolExecutor, ahead: int) -> tuple[Counts, int]:
    """Score a file into its output; return what was met, and how many rows had been scored before."""
    counts, reused = Counts(), 0
    with _file_written(ready) as writer, _stopped_after() as stop:
        work = partial(_score_window, ready, journal, stop)
        for window in _in_order(pool, work, _read_windows(ready), ahead):
            with ready.clock.stage("writing"):
                for batch in window.batches:
                    writer.write(batch)
            counts += window.counts
            reused += window.reused
            watch(window.counts.rows)
    return counts, reused


@contextmanager
def _file_written(ready: _Ready) -> Iterator[RowGroupWriter]:
    """Open the output's writer; what its end takes (footer, disk, rename) counts as writing."""
    with written_whole(ready.task.output, ready.kernel.schema, ready.reviews, _codecs(ready), ready.origin) as writer:
        yield writer
        ended = time.monotonic()
    ready.clock.add("writing", time.monotonic() - ended)


@contextmanager
def _stopped_after() -> Iterator[threading.Event]:
    """Give what tells the scoring threads to stop; set when the block ends, however it does."""
    stop = threading.Event()
    try:
        yield stop
    finally:
        stop.set()


def _codecs(ready: _Ready) -> str | dict[str, str]:
    """Return the codec of every column, or of each; the two new columns get the text column's."""
    if ready.options.compression is not None:
        return ready.options.compression
    codecs = ready.reviews.codecs(ready.kernel.columns)
    ours = codecs.get(ready.kernel.text_column, DEFAULT_COMPRESSION)
    if set(codecs.values()) <= {ours}:
        return ours
    return codecs | {ready.options.prefix + field.name: ours for field in (SENTIMENT, SCORE)}


def _read_windows(ready: _Ready) -> Iterator[tuple[int, list[pa.RecordBatch]]]:
    """Yield windows, each with the number of its first row."""
    start = 0
    windows = ready.reviews.windows(ready.kernel.columns)
    while True:
        with ready.clock.stage("reading"):
            window = next(windows, None)
        if window is None:
            return
        yield start, window
        start += sum(map(len, window))


@dataclass(frozen=True)
class _Window:
    """A scored window; ``reused`` rows of it had been scored before."""

    batches: list[pa.RecordBatch]
    counts: Counts
    reused: int


def _score_window(ready: _Ready, journal: Journal, stop: threading.Event, start: int, batches: list[pa.RecordBatch]) -> _Window:
    """Score a window, or take the scores that were kept of it. Runs on several threads at once."""

    def check() -> None:
        if stop.is_set():
            raise CancelledError

    check()
    kernel, clock = ready.kernel, ready.clock
    with clock.stage("keeping"):
        digest = digest_of(kernel.texts(batches))
        scores = journal.find(start, sum(map(len, batches)), digest)
    reused = scores is not None
    if scores is None:
        with clock.stage("tokenizing"):
            tokens = kernel.tokenize(batches)
        scores = kernel.rate(tokens, check, clock)
        with clock.stage("keeping"), writing(ready.task.output):
            journal.add(start, digest, scores)
    with clock.stage("writing"):
        counts = kernel.count(scores)
        return _Window(kernel.append(batches, scores), counts, counts.rows if reused else 0)


Work = Callable[[int, list[pa.RecordBatch]], _Window]


def _in_order(pool: ThreadPoolExecutor, work: Work, windows: Iterator[tuple[int, list[pa.RecordBatch]]], ahead: int) -> Iterator[_Window]:
    """Score windows on the pool's threads and yield the answers in the order of the windows.

    This thread reads and writes meanwhile. At most ``ahead`` windows are held, so that memory is bounded.
    """
    waiting: deque[Future[_Window]] = deque()
    for start, window in windows:
        waiting.append(pool.submit(work, start, window))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
