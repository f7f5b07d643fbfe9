"""Record batches in, record batches with sentiment columns out: what every engine calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column, listed, path_to, text_array
from scorer.doubt.asked import Doubt
from scorer.doubt.verdict import (
    OTHER_LANGUAGE,
    UNCERTAIN_LABEL,
    UNKNOWN_WORDS,
    Judge,
    Verdicts,
)
from scorer.errors import ReviewsError
from scorer.model import SentimentModel
from scorer.reference import Bins, count_rows
from scorer.schema_metadata import with_columns
from scorer.scores import Scores
from scorer.tokenizer import Tokens

SENTIMENT = pa.field("sentiment", pa.string())
SCORE = pa.field("sentiment_score", pa.float32())
REASON = pa.field("sentiment_reason", pa.string())
QUALITY = (pa.field("sentiment_tokens", pa.int32()), pa.field("sentiment_unknown", pa.float32()))

HISTOGRAM_BINS = 20
# From this fraction of unknown words on a row is counted, whatever was asked for.
UNKNOWN_HEAVY = 0.5
KEEP_OR_DROP = "columns to keep and columns to drop are given; give one or the other"


@dataclass(frozen=True)
class Counts:
    """What was found in some rows. Counts of two parts add up with ``+``.

    Attributes:
        rows: rows read and written.
        positive: rows labelled as positive: scored at or above the model's threshold, and not
            uncertain.
        without_text: rows without a token (null, empty, only markup); they have no score.
        invalid: rows with invalid UTF-8, mended before they were scored.
        truncated: rows longer than the network reads.
        tokens: tokens of all rows.
        unknown: tokens that are not in the vocabulary.
        histogram: rows by score, in 20 bins of equal width from 0 to 1; a bin includes its lower
            bound.
        unknown_heavy: rows at least half of whose tokens are not in the vocabulary, whatever was
            asked for.
        other_language: rows without a score because of their language.
        too_unknown: rows without a score because of their unknown words.
        uncertain: rows with a score and no label.
        bins: rows by score, length and unknown words, in the bins of a model's reference.
    """

    rows: int = 0
    positive: int = 0
    without_text: int = 0
    invalid: int = 0
    truncated: int = 0
    tokens: int = 0
    unknown: int = 0
    histogram: tuple[int, ...] = (0,) * HISTOGRAM_BINS
    unknown_heavy: int = 0
    other_language: int = 0
    too_unknown: int = 0
    uncertain: int = 0
    bins: Bins = Bins()

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
            unknown_heavy=self.unknown_heavy + other.unknown_heavy,
            other_language=self.other_language + other.other_language,
            too_unknown=self.too_unknown + other.too_unknown,
            uncertain=self.uncertain + other.uncertain,
            bins=self.bins + other.bins,
        )

    def __reduce__(self) -> tuple[type[Counts], tuple[object, ...]]:
        """Pickle as bare numbers: there may be a million of these."""
        return Counts, tuple(vars(self).values())

    @property
    def scored(self) -> int:
        """Rows that have a score."""
        return self.rows - self.without_text - self.other_language - self.too_unknown


def new_fields(doubt: Doubt) -> tuple[pa.Field, ...]:
    """Return the new columns, in their order, without a prefix."""
    return (SENTIMENT, SCORE, *([REASON] * doubt.reasons), *(QUALITY * doubt.quality))


class Kernel:
    """Appends ``sentiment``, ``sentiment_score`` and what else is asked for to record batches.

    Args:
        model: what scores.
        schema: of the batches to come.
        text_column: the column with the reviews, or the field of a struct, as in ``data.review``;
            found by its usual names if None.
        prefix: put before the names of the new columns.
        keep: names of the columns carried into the answer; every column if None.
        drop: names of the columns left out of it; not with ``keep``.
        doubt: when a review isn't scored, or is uncertain, and what is told of it.

    Attributes:
        text_column: the column with the reviews; the field of a struct with its path.
        read: name of the column that holds them.
        carried: names of the columns carried into the answer.
        columns: names of the columns that have to be read, in the order of the schema; None for
            every column.
        added: names of the new columns.
        asked: what was asked for beside the scores, as in ``max_unknown=0.5``.
        schema: of the answer. Its metadata are those of the source; what describes the columns in
            them (Spark, pandas and others do) is made true of the answer's, or left out.

    Raises:
        ReviewsError: there is no such column, it isn't text, or the schema has a column of a new
            name already.
        UsageError: the model, or what is installed, doesn't give what ``doubt`` asks for.
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
        doubt: Doubt = Doubt(),
    ) -> None:
        self.model = model
        self._judge = Judge(doubt, model.card, model.name)
        self.asked = self._judge.deciding
        self.text_column = find_text_column(schema, text_column)
        if drop:
            keep = rest_of(schema, drop, keep)
        kept = schema if keep is None else kept_schema(schema, keep)
        self._kept = None if keep is None else kept.names
        self.carried: list[str] = kept.names
        self.read = path_to(schema, self.text_column)[0]
        wanted = (*kept.names, self.read)
        self.columns = None if keep is None else [name for name in schema.names if name in wanted]
        new = [_new_field(kept, field, prefix) for field in new_fields(doubt)]
        self.added: list[str] = [field.name for field in new]
        self.schema = with_columns(kept, new)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with the new columns: same rows, same order, others untouched."""
        return self.score([batch])[0][0]

    def score(self, batches: Sequence[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], Counts]:
        """Score a window of batches together, so that small batches don't make small matrices."""
        texts = pa.chunked_array(self.texts(batches))
        tokens = self.model.card.tokenizer.encode(texts)
        scores = Scores.of(self.model.score_tokens(tokens), tokens)
        scores = self.with_language(scores, tokens, texts)
        return self.append(batches, scores), self.count(scores)

    def texts(self, batches: Sequence[pa.RecordBatch]) -> list[pa.Array]:
        """Return the columns with the reviews."""
        return [text_array(batch, self.text_column) for batch in batches]

    def with_language(
        self,
        scores: Scores,
        tokens: Tokens,
        texts: pa.Array | pa.ChunkedArray,
        between: Callable[[], None] = lambda: None,
    ) -> Scores:
        """Return scores that know which rows are in another language than was asked for.

        Args:
            scores: of the rows; the same come back if no language was asked for.
            tokens: of the rows.
            texts: the rows.
            between: called before each text that is looked at; it ends the work by raising.
        """
        other = self._judge.in_other_language(tokens, texts, between)
        return scores if other is None else replace(scores, other_language=other)

    def append(self, batches: Sequence[pa.RecordBatch], scores: Scores) -> list[pa.RecordBatch]:
        """Return the batches of a window with the new columns."""
        columns = self._columns(scores)
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
        verdicts = self._judge.judge(scores)
        values = scores.values[~verdicts.unscored]
        labelled = scores.values[~(verdicts.unscored | verdicts.uncertain)]
        bins = np.minimum((values * HISTOGRAM_BINS).astype(np.int64), HISTOGRAM_BINS - 1)
        has_text = scores.tokens > 0
        is_heavy = has_text & (scores.unknown >= UNKNOWN_HEAVY * scores.tokens)
        return Counts(
            rows=len(scores),
            positive=int(np.count_nonzero(self.model.card.is_positive(labelled))),
            without_text=len(scores) - int(np.count_nonzero(has_text)),
            invalid=int(np.count_nonzero(scores.mended)),
            truncated=int(np.count_nonzero(scores.tokens > self.model.card.tokenizer.max_tokens)),
            tokens=int(scores.tokens.sum(dtype=np.int64)),
            unknown=int(scores.unknown.sum(dtype=np.int64)),
            histogram=tuple(np.bincount(bins, minlength=HISTOGRAM_BINS).tolist()),
            unknown_heavy=int(np.count_nonzero(is_heavy)),
            other_language=verdicts.count(OTHER_LANGUAGE),
            too_unknown=verdicts.count(UNKNOWN_WORDS),
            uncertain=int(np.count_nonzero(verdicts.uncertain)),
            bins=count_rows(scores.values, scores.tokens, scores.unknown),
        )

    def _columns(self, scores: Scores) -> list[pa.Array]:
        """Return the new columns of a window, in the order of the schema."""
        verdicts, doubt = self._judge.judge(scores), self._judge.doubt
        columns = [self._labels(scores, verdicts), pa.array(scores.values, mask=verdicts.unscored)]
        if doubt.reasons:
            columns.append(self._judge.reasons(verdicts))
        if doubt.quality:
            is_empty = scores.tokens == 0
            rates = scores.unknown / np.maximum(scores.tokens, 1)
            columns.append(pa.array(scores.tokens))
            columns.append(pa.array(rates.astype(np.float32), mask=is_empty))
        return columns

    def _labels(self, scores: Scores, verdicts: Verdicts) -> pa.Array:
        negative, positive = self.model.card.labels
        is_positive = self.model.card.is_positive(scores.values)
        labels = pc.if_else(pa.array(is_positive, mask=verdicts.unscored), positive, negative)
        if not verdicts.uncertain.any():
            return labels
        return pc.if_else(pa.array(verdicts.uncertain), UNCERTAIN_LABEL, labels)


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
