"""Reviews explained: which words carried each score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import SentimentError
from scorer.insight.explanation import Explanation, Word
from scorer.insight.shares import Integers, Shares, Singles, Twin
from scorer.model import SentimentModel
from scorer.tokenizer import UNKNOWN_ID, Tokens, valid_text
from scorer.words.tracing import Spans, trace

# Words whose absence is scored.
MOST_LEFT_OUT = 10
# Reviews without one word that are scored together.
LEFT_OUT_AT_ONCE = 4096


@dataclass(frozen=True)
class Explanations:
    """What carried the scores of some reviews, in columns. A sequence of :class:`Explanation`.

    Attributes:
        texts: ``large_string[rows]``, valid UTF-8.
        shares: what the scores are the sums of.
        words: ``large_string[tokens]``, as the network read them.
        starts: ``int64[tokens]``: the first character of each in its text.
        ends: ``int64[tokens]``: the character after its last one.
        without: ``float32[tokens]``: the score without each; NaN where it wasn't asked for.
        unread: ``int64[rows]``: tokens before those that the network reads.
        labels: of each row.
    """

    texts: pa.LargeStringArray
    shares: Shares
    words: pa.LargeStringArray
    starts: Integers
    ends: Integers
    without: Singles
    unread: Integers
    labels: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[Explanation]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, row: int) -> Explanation:
        first, last = self.shares.offsets[row : row + 2]
        is_scored = last > first
        return Explanation(
            self.texts[row].as_py() or "",
            float(self.shares.scores[row]) if is_scored else None,
            self.labels[row],
            float(self.shares.logits[row]),
            float(self.shares.biases[row]),
            float(self.shares.calibrations[row]),
            self._words(slice(first, last)),
            int(self.unread[row]),
        )

    def _words(self, part: slice) -> tuple[Word, ...]:
        without = (None if np.isnan(one) else one for one in self.without[part].tolist())
        columns = (self.starts, self.ends, self.shares.tokens)
        values = (column[part].tolist() for column in columns)
        words = self.words.slice(part.start, part.stop - part.start).to_pylist()
        return tuple(map(Word, words, *values, without))


class Explainer:
    """Explains the scores of a model. Safe to call from several threads, as the model is.

    Args:
        model: the model.

    Raises:
        ModelRefused: its graph isn't built as this release's exporter builds it.
    """

    def __init__(self, model: SentimentModel) -> None:
        self.model = model
        self._twin = Twin(model.file)
        texts = [golden.text for golden in model.card.golden]
        found = self._twin.shares(model.card.tokenizer.encode(pa.array(texts))).scores
        if not np.array_equal(found, model.score(texts)):
            raise SentimentError(
                f"explaining by the model {model.file.name}: its example sentences get other "
                "scores than in scoring; report this, it must not happen"
            )

    def explain(
        self, texts: pa.Array | pa.ChunkedArray, *, leave_out: bool = False
    ) -> Explanations:
        """Say which words carried the scores of reviews.

        Args:
            texts: ``[rows]`` of a type that :func:`scorer.tokenizer.is_text` allows.
            leave_out: whether to score each review without each of its ten strongest words, too.

        Raises:
            ReviewsError: the column holds no text.
        """
        tokenizer = self.model.card.tokenizer
        valid, _ = valid_text(texts)
        tokens, spans = tokenizer.encode(valid), trace(tokenizer.rules, valid)
        if not np.array_equal(np.diff(tokens.offsets), spans.counts) or not np.array_equal(
            tokenizer.ids_of(spans.cuts), tokens.ids
        ):
            raise SentimentError(
                "looking for the words in their texts: other words were found than were scored; "
                "report this, it must not happen"
            )
        shares, is_read = self._twin.shares(tokens), _is_read(tokens)
        return Explanations(
            valid,
            shares,
            _words(spans, is_read, tokenizer.rules.read_as),
            spans.starts[is_read],
            spans.ends[is_read],
            self._scores_without(tokens, shares, MOST_LEFT_OUT if leave_out else 0),
            np.diff(tokens.offsets) - tokens.lengths,
            self.model.label(shares.scores),
        )

    def explain_text(self, text: str | bytes | None, *, leave_out: bool = False) -> Explanation:
        """Say which words carried the score of one review.

        Raises:
            TypeError: it is not one review.
        """
        if not (text is None or isinstance(text, str | bytes)):
            raise TypeError(
                f"explain takes one review, a string or bytes, not a {type(text).__name__}"
            )
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return self.explain(pa.array([raw], pa.large_binary()), leave_out=leave_out)[0]

    def _scores_without(self, tokens: Tokens, shares: Shares, most: int) -> Singles:
        """Return the score of each row without one of its strongest tokens; NaN for the others."""
        without = np.full(len(shares.tokens), np.nan, np.float32)
        chosen = _strongest(shares, most)
        for start in range(0, len(chosen), LEFT_OUT_AT_ONCE):
            part = chosen[start : start + LEFT_OUT_AT_ONCE]
            without[part] = self.model.score_tokens(_left_out(tokens, shares.offsets, part))
        return without


def _is_read(tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Return which tokens the network reads: the last ones of each row."""
    ends = np.repeat(tokens.offsets[1:], np.diff(tokens.offsets))
    return np.asarray(ends - np.arange(len(ends)) <= tokens.max_tokens)


def _words(
    spans: Spans, is_read: npt.NDArray[np.bool_], read_as: Mapping[str, str]
) -> pa.LargeStringArray:
    cut = [one.tokens() for one in spans.cuts]
    tokens = pa.concat_arrays([pa.array([], pa.large_string()), *cut]).filter(pa.array(is_read))
    if not read_as:
        return tokens
    indices = pc.index_in(tokens, value_set=pa.array(read_as, pa.large_string()))
    words = pa.array(read_as.values(), pa.large_string())
    return pc.coalesce(words.take(indices), tokens)


def _strongest(shares: Shares, most: int) -> Integers:
    """Return the strongest tokens of each row; of equal ones the first."""
    rows = np.repeat(np.arange(len(shares.scores)), np.diff(shares.offsets))
    order = np.lexsort((-np.abs(shares.tokens), rows))
    return order[np.arange(len(order)) - shares.offsets[rows] < most]


def _left_out(tokens: Tokens, offsets: Integers, chosen: Integers) -> Tokens:
    """Return rows that have an unknown word in the place of one token each.

    All others stay where they are: with one token less, an LSTM that reads several in a step would
    read all that follow in other steps.

    Args:
        tokens: of the rows.
        offsets: ``int64[rows + 1]``, of the tokens that the network reads.
        chosen: ``int64[new rows]``, the number of each that is left out, among those.
    """
    rows = np.searchsorted(offsets, chosen, "right") - 1
    sizes = tokens.lengths[rows]
    starts, firsts = tokens.offsets[rows + 1] - sizes, np.cumsum(sizes) - sizes
    ids = tokens.ids[np.arange(sizes.sum()) + np.repeat(starts - firsts, sizes)]
    ids[firsts + chosen - offsets[rows]] = UNKNOWN_ID
    return Tokens(ids, np.append(0, np.cumsum(sizes)), tokens.max_tokens)
