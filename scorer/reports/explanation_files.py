"""Files of what carried scores: a page to read, a table to compute with. Each appears whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.insight.explain import Explanations
from scorer.pages.page import PAGE_END
from scorer.reports.explanation_page import PAGE_START, fragment
from scorer.reports.target import content_at, foreign
from scorer.storage.failures import writing
from scorer.storage.whole_file import WholeFile
from scorer.tables.parquet_reader import DEFAULT_COMPRESSION, read_key
from scorer.tables.parquet_writer import ParquetOutput

# What the footer of such a table holds.
TABLE_KEY, TABLE_VERSION = "review_sentiment_explanation", "1"
PARTS = ("word", "bias", "calibration")
TABLE = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("token", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
        pa.field("contribution", pa.float64(), nullable=False),
        pa.field("score_without", pa.float32()),
    ]
)


# Columns that only words have a value in.
OF_WORDS = ("token", "start", "end", "score_without")

# Puts some reviews into a file, with the number of each row.
Add = Callable[[npt.NDArray[np.int64], Explanations], None]


@contextmanager
def page_file(path: Path) -> Iterator[Add]:
    """Write an HTML page; it is put in place if the block succeeds.

    Raises:
        OutputError: it can't be written.
    """
    with writing(path):
        whole = WholeFile(path)
    try:
        with writing(path):
            file = whole.temporary.open("w", encoding="utf-8")
        with file:

            def add(numbers: npt.NDArray[np.int64], found: Explanations) -> None:
                with writing(path):
                    for number, one in zip(numbers.tolist(), found, strict=True):
                        file.write(fragment(one, f"row {number:,}"))

            with writing(path):
                file.write(PAGE_START)
            yield add
            with writing(path):
                file.write(PAGE_END)
                file.flush()
        with writing(path):
            whole.put()
    except BaseException:
        whole.discard()
        raise


@contextmanager
def table_file(path: Path) -> Iterator[Add]:
    """Write a Parquet table; it is put in place if the block succeeds.

    Of each row that has a score it holds the words, the bias and the calibration: their
    contributions add up to the logit.

    Raises:
        OutputError: it can't be written.
    """
    rows = 0
    with ParquetOutput(path, TABLE, None, (), DEFAULT_COMPRESSION) as output:

        def add(numbers: npt.NDArray[np.int64], found: Explanations) -> None:
            nonlocal rows
            batch = table_rows(numbers, found)
            output.write(batch)
            rows += len(batch)

        yield add
        output.finish({TABLE_KEY: TABLE_VERSION}, rows)


def table_rows(numbers: npt.NDArray[np.int64], found: Explanations) -> pa.RecordBatch:
    """Return the rows of :data:`TABLE` for some reviews, with the number of each."""
    shares = found.shares
    counts = np.diff(shares.offsets)
    scored = np.flatnonzero(counts)
    # Of each review the words, then what every review of its length gets.
    owners = np.concatenate([np.repeat(np.arange(len(counts)), counts), scored, scored])
    order = np.argsort(owners, kind="stable")
    others = pa.nulls(2 * len(scored))
    parts = np.repeat([0, 1, 2], [len(found.words), len(scored), len(scored)])
    contributions = np.concatenate(
        [shares.tokens, shares.biases[scored], shares.calibrations[scored]]
    )
    words = (found.words, found.starts, found.ends, found.without)
    token, start, end, without = (
        pa.concat_arrays([pa.array(column, from_pandas=True).cast(kind), others.cast(kind)])
        for column, kind in zip(words, (TABLE.field(name).type for name in OF_WORDS), strict=True)
    )
    part = pa.array(PARTS).take(pa.array(parts))
    columns = [numbers[owners], part, token, start, end, contributions, without]
    return pa.record_batch(columns, schema=TABLE).take(pa.array(order))


def check_table_target(path: Path) -> None:
    """Check that a table replaces no file of somebody else's.

    Raises:
        UsageError: something stands there that isn't a table of explanations, or can't be read.
    """
    content = content_at(path, "--output", or_stdout=False)
    if content and read_key(path, TABLE_KEY) is None:
        raise foreign(path, "--output", "a table of explanations")
