"""Inputs to outputs: plan, skip what is done, run, sum up."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from scorer._version import __version__
from scorer.cores import available_cores
from scorer.errors import OutputError, ReviewsError, SentimentError, Stopped, UsageError
from scorer.kernel import Counts, Kernel
from scorer.model import SentimentModel
from scorer.parquet import ParquetReviews, one_line, read_origin, written_whole

ORIGIN_VERSION = 1

SCORED = "scored"
SKIPPED = "skipped"
FAILED = "failed"

Watch = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """What a job may be told.

    Attributes:
        text_column: which column holds the reviews; found by its usual names where None.
        threads: rows are scored on so many threads; as many as the process has cores where None.
        force: whether an output that isn't ours may be replaced.
    """

    text_column: str | None = None
    threads: int | None = None
    force: bool = False


@dataclass(frozen=True)
class Task:
    """One file to score."""

    input: Path
    output: Path


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes:
        task: the file.
        status: scored, skipped or failed.
        reason: why it was scored anew, skipped, or failed; empty where there is nothing to tell.
        counts: what was met in its rows; zero unless it was scored.
        seconds: how long it took.
    """

    task: Task
    status: str
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0


@dataclass(frozen=True)
class JobResult:
    """What became of a job."""

    files: tuple[FileResult, ...]

    def count(self, status: str) -> int:
        """Return how many files ended so."""
        return sum(one.status == status for one in self.files)

    @property
    def counts(self) -> Counts:
        """The counts of all scored files together."""
        return reduce(Counts.__add__, (one.counts for one in self.files), Counts())


def plan(source: Path, target: Path) -> list[Task]:
    """Return what is to be scored: a file, or a folder's files mirrored, in the order of their names.

    Raises:
        UsageError: the input doesn't exist or holds no Parquet file, or the output would overlap it.
    """
    if not source.exists():
        raise UsageError(f"planning the run: the input {source} does not exist")
    if source.is_file():
        if target.exists() and target.samefile(source):
            raise UsageError(f"planning the run: input and output are the same file, {source}; name another output")
        return [Task(source, target)]
    inside, outside = target.resolve(), source.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise UsageError(f"planning the run: the output {target} and the input {source} overlap; name a folder beside it")
    if target.is_file():
        raise UsageError(f"planning the run: the input {source} is a folder and the output {target} a file; name a folder")
    found = [path for path in sorted(source.rglob("*.parquet")) if path.is_file() and not _is_hidden(path.relative_to(source))]
    if not found:
        raise UsageError(f"planning the run: the folder {source} holds no .parquet file")
    return [Task(path, target / path.relative_to(source)) for path in found]


def count_rows(tasks: list[Task]) -> int:
    """Return the rows of all inputs, by their footers; a file that can't be opened counts none."""
    total = 0
    for task in tasks:
        with suppress(SentimentError), ParquetReviews(task.input) as reviews:
            total += reviews.rows
    return total


def run_job(
    tasks: list[Task],
    model: SentimentModel,
    options: Options | None = None,
    *,
    done: Callable[[FileResult], None] = lambda result: None,
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
    results = []
    threads = options.threads or available_cores()
    with ThreadPoolExecutor(threads, thread_name_prefix="scorer") as pool:
        try:
            for task in tasks:
                results.append(_run_task(task, model, options, pool, threads, watch))
                done(results[-1])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return JobResult(tuple(results))


def _run_task(task: Task, model: SentimentModel, options: Options, pool: ThreadPoolExecutor, threads: int, watch: Watch) -> FileResult:
    started = time.monotonic()
    try:
        with ParquetReviews(task.input) as reviews:
            kernel = _kernel(model, reviews, options)
            origin = _origin(model, reviews, kernel)
            skip, reason = _standing(task, origin, force=options.force)
            if skip:
                return FileResult(task, SKIPPED, reason)
            counts = _score_file(task, reviews, kernel, origin, pool, threads, watch)
    except Stopped:
        raise
    except SentimentError as error:
        return FileResult(task, FAILED, str(error), seconds=time.monotonic() - started)
    except (OSError, pa.ArrowException, MemoryError) as error:
        return FileResult(task, FAILED, f"scoring {task.input}: {one_line(error)}", seconds=time.monotonic() - started)
    except Exception as error:  # noqa: BLE001  # a defect of ours: named like the others, and no reason for the next file to wait
        found = f"unexpected {type(error).__name__}: {one_line(error)}; please report it"
        return FileResult(task, FAILED, f"scoring {task.input}: {found}", seconds=time.monotonic() - started)
    return FileResult(task, SCORED, reason, counts, time.monotonic() - started)


def _kernel(model: SentimentModel, reviews: ParquetReviews, options: Options) -> Kernel:
    try:
        return Kernel(model, reviews.schema, options.text_column)
    except ReviewsError as error:
        raise ReviewsError(f"reading {reviews.path}: {error}") from error


def _origin(model: SentimentModel, reviews: ParquetReviews, kernel: Kernel) -> dict[str, Any]:
    """Return what decides the bytes of an output: it is written into the footer, without time or place."""
    return {
        "version": ORIGIN_VERSION,
        "scorer": __version__,
        "input": reviews.identity,
        "model_sha256": model.file.sha256,
        "options": {"text_column": kernel.text_column},
    }


def _standing(task: Task, origin: dict[str, Any], *, force: bool) -> tuple[bool, str]:
    """Say whether an existing output can stay, and why it is scored anew where it can't.

    Raises:
        OutputError: there is something that we didn't write, and ``force`` is not given.
    """
    if task.output.is_dir():
        raise OutputError(f"writing {task.output}: a folder stands there; move it away or name another output")
    if not task.output.exists():
        return False, ""
    found = read_origin(task.output)
    if not isinstance(found, dict):
        if force:
            return False, "replaced"
        raise OutputError(f"writing {task.output}: a file that scorer didn't write stands there; add --force to replace it")
    names = {"input": "the input", "model_sha256": "the model", "options": "the options", "scorer": "the scorer's version"}
    changed = [name for key, name in names.items() if found.get(key) != origin[key]]
    if changed:
        return False, f"scored anew: {' and '.join(changed)} changed"
    return (False, "scored anew: --force") if force else (True, "already done")


def _score_file(
    task: Task, reviews: ParquetReviews, kernel: Kernel, origin: dict[str, Any], pool: ThreadPoolExecutor, threads: int, watch: Watch
) -> Counts:
    counts = Counts()
    with written_whole(task.output, kernel.schema, reviews, kernel.text_column, origin) as writer:
        for batches, met in _in_order(pool, kernel, reviews.windows(), ahead=threads + 1):
            for batch in batches:
                writer.write(batch)
            counts += met
            watch(met.rows)
    return counts


Scored = tuple[list[pa.RecordBatch], Counts]


def _in_order(pool: ThreadPoolExecutor, kernel: Kernel, windows: Iterator[list[pa.RecordBatch]], *, ahead: int) -> Iterator[Scored]:
    """Score windows on the pool's threads and yield the answers in the order of the windows.

    This thread reads and writes meanwhile. At most ``ahead`` windows are held, so that memory is bounded.
    """
    waiting: deque[Future[Scored]] = deque()
    for window in windows:
        waiting.append(pool.submit(kernel.score, window))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _is_hidden(path: Path) -> bool:
    """Whether a file, or a folder on the way to it, is marked to be left alone: ``.name`` or ``_name``."""
    return any(part.startswith((".", "_")) for part in path.parts)
