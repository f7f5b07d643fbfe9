"""Spark hands out the files of a job, and scores the rows of its data frames.

Only the DataFrame API is used, so that classic Spark and Spark Connect take one way. A job's files
are dealt into pieces, up to 16 a slot; a query of one piece a slot brings back what became of them,
and all queries are given to Spark at once. (``toLocalIterator`` of one query would do on Connect;
classic Spark computes its partitions one after another.)
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from scorer.console import DEBUG_VARIABLE
from scorer.doubt.asked import Doubt
from scorer.engines.contract import Done, FileEngine, Handed, Refused, Sealed, given_up
from scorer.engines.rows import Scorer
from scorer.errors import UsageError
from scorer.model import SentimentModel

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

INSTALL = "pip install 'review-sentiment[spark]'"
PIECES_A_SLOT = 16
SECONDS_BETWEEN_LOOKS = 0.1
# Rows of the small query that shows how many slots there are.
ROWS_TO_SPREAD = 100_000
HANDED_SCHEMA, ANSWER_SCHEMA = "handed binary", "answer binary"
# Variables that tell of a Spark.
TOLD_OF = ("SPARK_REMOTE", "PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR")
# How pyspark says that its workers can't run the code, whichever file it is.
UNFIT_WORKERS = ("ModuleNotFoundError", "PYTHON_VERSION_MISMATCH")

Piece = Sequence[Handed]
Answer = Done | Refused | BaseException


class SparkEngine(FileEngine):
    """Hands files to the Spark that spark-submit or ``SPARK_REMOTE`` gives, else to a local one.

    A session that is active already is used, and stays.

    Raises:
        UsageError: pyspark, or Java for a local Spark, isn't installed.
    """

    name = "Spark"

    def __init__(self) -> None:
        super().__init__()
        check_installed()

    def dumps(self, value: object) -> bytes:
        """Pickle by cloudpickle, as Spark does."""
        from pyspark import cloudpickle

        return bytes(cloudpickle.dumps(value))

    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done | Refused]:
        """Yield what workers answer, as queries are done."""
        with _session() as session:
            slots = slots_of(session)
            pieces = dealt(handed, slots * PIECES_A_SLOT)
            queries = [pieces[first : first + slots] for first in range(0, len(pieces), slots)]
            yield from _answers(session, sealed, queries, stop)


def with_sentiment(
    frame: DataFrame,
    *,
    model: SentimentModel | str | Path | None = None,
    text_column: str | None = None,
    prefix: str = "",
    keep: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    doubt: Doubt = Doubt(),
) -> DataFrame:
    """Return a data frame with ``sentiment`` and ``sentiment_score``: rows, as they are computed.

    The scores are those of the local job, to the bit, on the same kind of CPU.

    Args:
        frame: of classic Spark, or of Spark Connect.
        model: see :meth:`Scorer.of <scorer.engines.rows.Scorer.of>`, as of the others.
        text_column: the same.
        prefix: the same.
        keep: the same.
        drop: the same.
        doubt: when a review isn't scored, or is uncertain, and what is told of it.

    Raises:
        UsageError: there is no such model, pyspark can't be used, or the model, or what is
            installed, doesn't give what ``doubt`` asks for.
        ModelRefused: the model is damaged, of another version, or not ours.
        ReviewsError: there is no such column, it isn't text, or a column has a new name already.
    """
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
    from pyspark.sql.types import StructField, StructType

    scorer = Scorer.of(model, text_column, prefix, keep, drop, doubt)
    kernel = scorer.kernel(to_arrow_schema(frame.schema))
    fields = [field for field in frame.schema.fields if field.name in kernel.carried]
    new = [kernel.schema.field(name) for name in kernel.added]
    fields += [StructField(field.name, from_arrow_type(field.type)) for field in new]
    return frame.mapInArrow(partial(score_batches, scorer), StructType(fields))


def score_batches(scorer: Scorer, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Score the batches of a partition, on a worker of Spark."""
    return map(scorer.score, batches)


def dealt(handed: Sequence[Handed], most: int) -> list[Piece]:
    """Deal files into pieces as cards are, so that each gets large and small ones.

    >>> dealt(["a", "b", "c"], 2)
    [['a', 'c'], ['b']]
    """
    number = min(most, len(handed))
    return [handed[first::number] for first in range(number)]


def slots_of(session: Any) -> int:
    """Return how many tasks Spark runs at once, as far as it knows now: a task may take cores."""
    from pyspark.sql.functions import spark_partition_id

    spread = session.range(ROWS_TO_SPREAD).select(spark_partition_id().alias("place"))
    cores: int = spread.agg({"place": "max"}).collect()[0][0] + 1
    return max(1, cores // int(session.conf.get("spark.task.cpus", "1")))


def _answers(
    session: Any, sealed: Sealed, queries: Sequence[Sequence[Piece]], stop: threading.Event
) -> Iterator[Done | Refused]:
    """Run queries at once, and yield the answers as each is done."""
    answers: SimpleQueue[Answer] = SimpleQueue()
    tag, left = f"scorer-{uuid4().hex}", sum(len(piece) for query in queries for piece in query)
    ended = threading.Event()
    pool = ThreadPoolExecutor(max(1, len(queries)), thread_name_prefix="scorer-spark")
    try:
        for query in queries:
            pool.submit(_run, session, tag, sealed, query, answers.put, ended)
        while left and not stop.is_set():
            with suppress(Empty):
                answer = answers.get(timeout=SECONDS_BETWEEN_LOOKS)
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
                left -= 1
    finally:
        ended.set()
        if left:
            with suppress(Exception):
                session.interruptTag(tag)
        pool.shutdown(wait=False, cancel_futures=True)


def _run(
    session: Any,
    tag: str,
    sealed: Sealed,
    pieces: Sequence[Piece],
    put: Callable[[Answer], None],
    ended: threading.Event,
) -> None:
    """Run one query; where Spark gives it up, run each of its files alone.

    So a file that ends its workers doesn't take the others with it.
    """
    if ended.is_set():
        return
    try:
        session.addTag(tag)
        for answer in _query(session, sealed, pieces):
            put(answer)
    except Exception as error:  # noqa: BLE001  # Spark's and py4j's have no common base
        files = [one for piece in pieces for one in piece]
        if any(words in str(error) for words in UNFIT_WORKERS):
            put(_unfit(error))
        elif len(files) == 1:
            put(given_up(files[0], SparkEngine.name, error))
        else:
            for one in files:
                _run(session, tag, sealed, [[one]], put, ended)


def _query(session: Any, sealed: Sealed, pieces: Sequence[Piece]) -> list[Done | Refused]:
    rows = [(bytearray(pickle.dumps(list(piece))),) for piece in pieces]
    frame = session.createDataFrame(rows, HANDED_SCHEMA)
    answers = frame.mapInArrow(partial(score_pieces, sealed), ANSWER_SCHEMA).collect()
    return [pickle.loads(bytes(one["answer"])) for one in answers]  # noqa: S301  # our worker's


def score_pieces(sealed: Sealed, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Score the files of a partition, on a worker of Spark.

    Args:
        sealed: the job.
        batches: with a pickled list of files in each row.

    Yields:
        a batch with the pickled answer for each file.
    """
    from pyspark import TaskContext

    from scorer.engines.worker import work

    context = TaskContext.get()
    attempt = context.attemptNumber() if context else 0
    for batch in batches:
        for piece in batch.column(0).to_pylist():
            for handed in pickle.loads(piece):  # noqa: S301  # from the driver
                answer = pickle.dumps(work(sealed, handed, attempt))
                yield pa.record_batch([pa.array([answer], pa.binary())], names=["answer"])


def _unfit(error: Exception) -> UsageError:
    lines = [one.strip() for one in str(error).splitlines()]
    said = next(one for one in lines if any(words in one for words in UNFIT_WORKERS))
    return UsageError(
        f"running on Spark: its workers can't run scorer: {said[:300]}; install the same Python "
        "and review-sentiment on each, and name its Python in PYSPARK_PYTHON"
    )


def check_installed() -> None:
    """Check that Spark can be used at all.

    Raises:
        UsageError: pyspark is missing, or Java where a local Spark would be started.
    """
    if find_spec("pyspark") is None:
        raise UsageError(f"running on Spark: pyspark is not installed; run: {INSTALL}")
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin/java").is_file() if home else shutil.which("java") is not None
    if not java and "SPARK_REMOTE" not in os.environ:
        raise UsageError(
            "running on Spark: it needs Java 17 or newer, and there is none; install it, as with "
            "'apt install openjdk-17-jre-headless', and set JAVA_HOME if it isn't on the PATH; or "
            "name a server in SPARK_REMOTE"
        )


@contextmanager
def _session() -> Iterator[Any]:
    """Yield the session that there is; else one that is started, and stopped afterwards.

    Raises:
        UsageError: none can be started.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    # One is active in the thread that made it only; the program's default is found in all.
    active = None
    with suppress(PySparkRuntimeError):
        active = SparkSession.active()
    if active is not None:
        yield active
        return
    try:
        session = _started(SparkSession)
    except Exception as error:
        said = next(filter(None, str(error).splitlines()), type(error).__name__)[:300]
        raise UsageError(
            f"running on Spark: no session can be started: {said}; check SPARK_REMOTE or "
            f"PYSPARK_SUBMIT_ARGS, or run again with {DEBUG_VARIABLE}=1, which shows what Java says"
        ) from error
    try:
        yield session
    finally:
        with suppress(Exception):
            session.stop()


def _started(kind: Any) -> Any:
    """Start a session: the one that the environment tells of, else a local one.

    A local one has the Python that runs, and is as quiet as the local job.
    """
    builder = kind.builder.appName("scorer run")
    if any(name in os.environ for name in TOLD_OF):
        return builder.getOrCreate()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for key in ("spark.ui.enabled", "spark.ui.showConsoleProgress"):
        builder = builder.config(key, "false")
    if os.environ.get(DEBUG_VARIABLE):
        return builder.getOrCreate()
    with _without_stderr():
        return builder.getOrCreate()


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Have what is started in the block write no line on stderr: what matters is an exception."""
    kept, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
