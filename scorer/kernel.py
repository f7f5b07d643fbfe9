"""Record batches in, record batches with sentiment columns out: what every engine calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column, listed, path_to, text_array
from scorer.errors import ReviewsError
from scorer.model import SentimentModel
from scorer.schema_metadata import with_columns
from scorer.system.stopwatch import Stopwatch
from scorer.tokenizer import Tokens

SENTIMENT = pa.field("sentiment", pa.string())
SCORE = pa.field("sentiment_score", pa.float32())

HISTOGRAM_BINS = 20
KEEP_OR_DROP = "columns to keep and columns to drop are given; give one or the other"


@dataclass(frozen=True)
class Counts:
    """What was found in some rows. Counts of two parts add up with ``+``.

    Attributes:
        rows: rows read and written.
        positive: rows scored at or above the model's threshold.
        without_text: rows without a token (null, empty, only markup); both new columns are null.
        invalid: rows with invalid UTF-8, mended before they were scored.
        truncated: rows longer than the network reads.
        tokens: tokens of all rows.
        unknown: tokens that are not in the vocabulary.
        histogram: rows by score, in 20 bins of equal width from 0 to 1; a bin includes its lower
            bound.
    """

    rows: int = 0
    positive: int = 0
    without_text: int = 0
    invalid: int = 0
    truncated: int = 0
    tokens: int = 0
    unknown: int = 0
    histogram: tuple[int, ...] = (0,) * HISTOGRAM_BINS

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            rows=self.rows + other.rows,
            positive=self.positive + other.positive,
            without_text=self.without_text + other.without_text,
            invalid=self.invalid + other.invalid,
            truncated=self.truncated + other.truncated,
            tokens=self.tokens + other.tokens,
            unknown=self.unknown + other.unknown,
            histogram=tuple(map(sum, zip(self.histogram, other.histogram, strict=True))),
        )

    def __reduce__(self) -> tuple[type[Counts], tuple[object, ...]]:
        """Pickle as bare numbers: there may be a million of these."""
        return Counts, tuple(vars(self).values())

    @property
    def scored(self) -> int:
        """Rows that have a score."""
        return self.rows - self.without_text


@dataclass(frozen=True)
class Scores:
    """The scores of some rows, and what their texts held: :class:`Counts` follows from it.

    Attributes:
        values: ``float32[rows]``, the probability of positive; NaN for a row without a token.
        invalid: rows with invalid UTF-8.
        truncated: rows longer than the network reads.
        tokens: tokens of all rows.
        unknown: tokens that are not in the vocabulary.
    """

    values: npt.NDArray[np.float32]
    invalid: int
    truncated: int
    tokens: int
    unknown: int


class Kernel:
    """Appends ``sentiment`` and ``sentiment_score`` to the record batches of one schema.

    Args:
        model: what scores.
        schema: of the batches to come.
        text_column: the column with the reviews, or the field of a struct, as in ``data.review``;
            found by its usual names if None.
        prefix: put before the names of both new columns.
        keep: names of the columns carried into the answer; every column if None.
        drop: names of the columns left out of it; not with ``keep``.

    Attributes:
        text_column: the column with the reviews; the field of a struct with its path.
        carried: names of the columns carried into the answer.
        columns: names of the columns that have to be read, in the order of the schema; None for
            every column.
        schema: of the answer. Its metadata are those of the source; what describes the columns in
            them (Spark, pandas and others do) is made true of the answer's, or left out.

    Raises:
        ReviewsError: there is no such column, it isn't text, or the schema has a column of a new
            name already.
    """

    def __init__(
        self,
        model: SentimentModel,
        schema: pa.Schema,
        text_column: str | None = None,
        *,
        prefix: str = "",
        keep: Sequence[str] | None = None,
        drop: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.text_column = find_text_column(schema, text_column)
        if drop:
            keep = rest_of(schema, drop, keep)
        kept = schema if keep is None else kept_schema(schema, keep)
        self._kept = None if keep is None else kept.names
        self.carried: list[str] = kept.names
        read = path_to(schema, self.text_column)[0]
        self.columns = (
            None if keep is None else [name for name in schema.names if name in (*kept.names, read)]
        )
        new = [_new_field(kept, field, prefix) for field in (SENTIMENT, SCORE)]
        self.schema = with_columns(kept, new)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with both columns: same rows, same order, other columns untouched."""
        return self.score([batch])[0][0]

    def score(self, batches: Sequence[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], Counts]:
        """Score a window of batches together, so that small batches don't make small matrices."""
        scores = self.rate(self.tokenize(batches))
        return self.append(batches, scores), self.count(scores)

    def tokenize(self, batches: Sequence[pa.RecordBatch]) -> Tokens:
        """Tokenize the reviews of a window."""
        return self.model.card.tokenizer.encode(pa.chunked_array(self.texts(batches)))

    def texts(self, batches: Sequence[pa.RecordBatch]) -> list[pa.Array]:
        """Return the columns with the reviews."""
        return [text_array(batch, self.text_column) for batch in batches]

    def rate(
        self,
        tokens: Tokens,
        between: Callable[[], None] = lambda: None,
        clock: Stopwatch | None = None,
    ) -> Scores:
        """Score tokens.

        Args:
            tokens: of a window's reviews.
            between: called before each micro-batch; it ends the scoring by raising.
            clock: receives the seconds of the stages.
        """
        values = self.model.score_tokens(tokens, between, clock)
        return Scores(values, tokens.invalid, tokens.truncated, len(tokens.ids), tokens.unknown)

    def append(self, batches: Sequence[pa.RecordBatch], scores: Scores) -> list[pa.RecordBatch]:
        """Return the batches of a window with both columns."""
        columns = self._columns(scores.values)
        answers, start = [], 0
        for batch in batches:
            kept = (
                batch.columns if self._kept is None else [batch.column(name) for name in self._kept]
            )
            ours = [column.slice(start, len(batch)) for column in columns]
            answers.append(pa.RecordBatch.from_arrays([*kept, *ours], schema=self.schema))
            start += len(batch)
        return answers

    def count(self, scores: Scores) -> Counts:
        """Count what was found in a window."""
        with_text = scores.values[~np.isnan(scores.values)]
        bins = np.minimum((with_text * HISTOGRAM_BINS).astype(np.int64), HISTOGRAM_BINS - 1)
        return Counts(
            rows=len(scores.values),
            positive=int(np.count_nonzero(self.model.card.is_positive(with_text))),
            without_text=len(scores.values) - len(with_text),
            invalid=scores.invalid,
            truncated=scores.truncated,
            tokens=scores.tokens,
            unknown=scores.unknown,
            histogram=tuple(np.bincount(bins, minlength=HISTOGRAM_BINS).tolist()),
        )

    def _columns(self, scores: npt.NDArray[np.float32]) -> tuple[pa.Array, pa.Array]:
        missing = np.isnan(scores)
        negative, positive = self.model.card.labels
        is_positive = pa.array(self.model.card.is_positive(scores), mask=missing)
        return pc.if_else(is_positive, positive, negative), pa.array(scores, mask=missing)


def kept_schema(schema: pa.Schema, keep: Sequence[str]) -> pa.Schema:
    """Return the schema of the kept columns, in the order of the whole schema.

    Raises:
        ReviewsError: a column doesn't exist, or its name occurs twice.

    >>> kept_schema(pa.schema([("id", pa.int64()), ("stars", pa.int8())]), ["stars"]).names
    ['stars']
    """
    _check_names(schema, keep, "keep")
    return pa.schema([field for field in schema if field.name in keep], schema.metadata)


def rest_of(
    schema: pa.Schema, drop: Sequence[str], keep: Sequence[str] | None = None
) -> Sequence[str]:
    """Return the names of the columns that are not left out.

    Raises:
        ReviewsError: a column to leave out doesn't exist, or its name occurs twice; or columns to
            keep are named, too.

    >>> rest_of(pa.schema([("id", pa.int64()), ("stars", pa.int8())]), ["stars"])
    ['id']
    """
    if keep is not None:
        raise ReviewsError(KEEP_OR_DROP)
    _check_names(schema, drop, "drop")
    return [name for name in schema.names if name not in drop]


def _check_names(schema: pa.Schema, names: Sequence[str], what: str) -> None:
    for name in names:
        found = schema.names.count(name)
        if found != 1:
            there = f"are {found} columns" if found else "is no column"
            raise ReviewsError(
                f"there {there} {name!r} to {what}; the columns are {listed(schema.names)}"
            )


def _new_field(schema: pa.Schema, field: pa.Field, prefix: str) -> pa.Field:
    name = prefix + field.name
    if name in schema.names:
        raise ReviewsError(
            f"there is a column {name!r} already; name the new ones otherwise, as in "
            "--prefix new_, or leave that one out with --drop"
        )
    return field.with_name(name)
