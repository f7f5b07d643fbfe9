"""The job as a function: what ``scorer run`` does, for programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from scorer.job.engine import Engine
from scorer.job.result import FileResult, JobResult
from scorer.job.run import run_job
from scorer.model import SentimentModel
from scorer.planning.options import Options
from scorer.planning.plan import check_apart, plan
from scorer.planning.shards import Shard
from scorer.storage.stores import StoreSettings


def score_files(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    model: SentimentModel | str | Path | None = None,
    options: Options = Options(),
    shard: Shard | tuple[int, int] | None = None,
    done: Callable[[FileResult], None] = lambda result: None,
    watch: Callable[[int], None] = lambda rows: None,
    stop: threading.Event | None = None,
    stores: StoreSettings = StoreSettings(),
    engine: Engine | None = None,
) -> JobResult:
    """Score files into Parquet files, as ``scorer run`` does; print nothing.

    An output appears complete or not at all, and what is done already is skipped. A file that fails
    doesn't take the others with it: its result says why. While it runs, Arrow allocates from the
    system's allocator, so that memory stays bounded; afterwards from whatever it did before. Signal
    handlers, environment variables and logging are left to the caller; only while onnxruntime is
    imported, a variable keeps it from calling home (see :mod:`scorer.system.quiet`). After a stop,
    a thread in the middle of a huge review goes on until it has read that.

    Args:
        inputs: files, globs and folders, or one of them; or addresses in stores.
        output: a file for one file, else a folder; or an address.
        model: a loaded model, a model file, or the name of one that ships; ``default`` if None.
        options: see :class:`scorer.Options`.
        shard: which part of the files to score, as in ``(3, 16)``, counted from 1; all if None. All
            shards together write what one call without it writes.
        done: receives each file's result when the file is done.
        watch: receives the number of rows of each window when they are written.
        stop: ends the job when it is set, within about two seconds, as SIGTERM ends the command:
            what was finished stays, and the next call continues. Files that were not done have the
            status ``stopped``.
        stores: how object stores are spoken to: see ``scorer.storage.stores.StoreSettings``.
        engine: hands the files to workers, as ``scorer.engines.spark.SparkEngine()`` does; without
            one this process scores them.

    Returns:
        What became of each file, and the figures of all.

    Raises:
        UsageError: an input doesn't exist, inputs and output don't fit together, or there is no
            such shard; no scores can be taken from an output of ``options.reuse``; or the engine
            isn't there, or refuses its workers.
        ModelRefused: the model file is damaged, of another version, or not ours.

    Example::

        result = score_files("dumps/", "scored/", options=Options(keep=("review_id",)))
        print(result.counts.rows, [file.reason for file in result.files if file.reason])
    """
    given = [inputs] if isinstance(inputs, str | Path) else inputs
    whole = plan(given, output, options.where, options.format, stores)
    planned = whole.part(_shard(shard))
    loaded = model if isinstance(model, SentimentModel) else SentimentModel.load(model)
    check_apart((*planned.tasks, *planned.elsewhere), {"the model": Path(loaded.file.name)})
    with _system_memory_pool():
        return run_job(planned, loaded, options, done=done, watch=watch, stop=stop, engine=engine)


def _shard(given: Shard | tuple[int, int] | None) -> Shard | None:
    return Shard(*given) if isinstance(given, tuple) else given


_pool_lock = threading.Lock()
_pool_users: list[pa.MemoryPool] = []


@contextmanager
def _system_memory_pool() -> Iterator[None]:
    """Have Arrow use the system's allocator: its own keeps up to 100 MB of unused memory.

    The pool is the process's. Of calls that overlap, the first sets it and the last restores it.
    """
    with _pool_lock:
        _pool_users.append(_pool_users[0] if _pool_users else pa.default_memory_pool())
        pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        with _pool_lock:
            before = _pool_users.pop()
            if not _pool_users:
                pa.set_memory_pool(before)
