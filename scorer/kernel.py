"""Record batches in, record batches with sentiment columns out: the one function that every engine calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column
from scorer.errors import ReviewsError
from scorer.model import SentimentModel
from scorer.tokenizer import Tokens

SENTIMENT = pa.field("sentiment", pa.string())
SCORE = pa.field("sentiment_score", pa.float32())


@dataclass(frozen=True)
class Counts:
    """What was met in some rows; counts of two parts add up with ``+``.

    Attributes:
        rows: rows read and written.
        positive: rows scored at or above the model's threshold.
        without_text: rows without a token (null, empty, only markup): both sentiment columns are null.
        invalid: rows with invalid UTF-8, mended before they were scored.
        truncated: rows longer than the network reads.
        tokens: tokens of all rows.
        unknown: tokens that are not in the vocabulary.
    """

    rows: int = 0
    positive: int = 0
    without_text: int = 0
    invalid: int = 0
    truncated: int = 0
    tokens: int = 0
    unknown: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def scored(self) -> int:
        """Rows that have a score."""
        return self.rows - self.without_text


class Kernel:
    """Appends ``sentiment`` and ``sentiment_score`` to record batches of one schema.

    Args:
        model: what scores.
        schema: of the batches that will come.
        text_column: which column holds the reviews; found by its usual names where None.

    Raises:
        ReviewsError: there is no such column, it isn't text, or the schema has a sentiment column already.
    """

    def __init__(self, model: SentimentModel, schema: pa.Schema, text_column: str | None = None) -> None:
        self.model = model
        self.text_column = find_text_column(schema, text_column)
        for field in (SENTIMENT, SCORE):
            if field.name in schema.names:
                raise ReviewsError(f"there is a column {field.name!r} already; rename or drop it, it would stand there twice")
        self.schema = schema.append(SENTIMENT).append(SCORE)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with both columns: same rows, same order, every other column as it was."""
        return self.score([batch])[0][0]

    def score(self, batches: Sequence[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], Counts]:
        """Score a window of batches together, so that small batches don't make small matrices."""
        texts = pa.chunked_array([batch.column(self.text_column) for batch in batches])
        tokens = self.model.card.tokenizer.encode(texts)
        scores = self.model.score_tokens(tokens)
        columns = self._columns(scores)
        answers, start = [], 0
        for batch in batches:
            ours = [column.slice(start, len(batch)) for column in columns]
            answers.append(pa.RecordBatch.from_arrays([*batch.columns, *ours], schema=self.schema))
            start += len(batch)
        return answers, self._counts(tokens, scores)

    def _columns(self, scores: npt.NDArray[np.float32]) -> tuple[pa.Array, pa.Array]:
        score = pa.array(scores, mask=np.isnan(scores))
        negative, positive = self.model.card.labels
        is_positive = pc.greater_equal(score, pa.scalar(self.model.card.threshold, pa.float32()))
        return pc.if_else(is_positive, positive, negative), score

    def _counts(self, tokens: Tokens, scores: npt.NDArray[np.float32]) -> Counts:
        return Counts(
            rows=len(tokens),
            positive=int(np.count_nonzero(scores >= np.float32(self.model.card.threshold))),
            without_text=int(np.count_nonzero(np.isnan(scores))),
            invalid=tokens.invalid,
            truncated=tokens.truncated,
            tokens=len(tokens.ids),
            unknown=tokens.unknown,
        )
