"""The weights of the wide branch: a linear model over words and hashed n-grams, fitted on its own.

LSTM and wide branch are fitted apart, and held-out reviews tell how far to trust each. Training
both together with Adam was worse, for each part and for their sum: Adam moves a rare n-gram as far
as a common one, and the LSTM doesn't learn what the wide branch explains already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.data.crops import crop
from trainer.wide.ngrams import (
    LENGTH_SMOOTHING,
    log_ratios,
    ngram_slots,
    row_ngram_keys,
    slot_step,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Reviews padded together; it bounds the memory of WideWeights.sums.
ROWS_AT_ONCE = 256

# Inverse strength of the L2 penalty. A weaker penalty fits the training reviews more closely and
# held-out reviews no better. Measured: tests/benchmarks/README.md.
C = 10.0

# Importance of a crop; a whole review has 1. A greater weight helps with sentences and harms whole
# reviews. Measured: tests/benchmarks/README.md.
CROP_WEIGHT = 0.3

# A label of lower probability is left out of the fit: it changes next to nothing, and takes as much
# time as any other.
LEAST_PROBABILITY = 1e-3

# Standard deviation of the weights of each order as the LSTM reads them: about that of its other
# inputs.
SPREAD = 0.3


@dataclass(frozen=True)
class WideWeights:
    """The weights of one fitted linear model.

    Attributes:
        tables: ``float32[words + 2]``, and ``float32[slots]`` for each n from 2 on. The first
            weight of each table belongs to padding and is 0.
    """

    tables: tuple[npt.NDArray[np.float32], ...]

    def of_rows(
        self, rows: npt.NDArray[np.int64], token_ids: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        """Return the weights at each position; they are the same for all rows."""
        return self.of_padded(token_ids)

    def of_padded(self, token_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return the weights at each position, ``float32[batch, length, order]``."""
        return look_up(self.tables, token_ids)

    def sums(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """Return the logit of each order, ``float32[reviews, order]``.

        It is the sum of the weights, divided by the root of the review's length plus
        :data:`LENGTH_SMOOTHING`.
        """
        sums = np.zeros((len(tokens), len(self.tables)), np.float32)
        for start in range(0, len(tokens), ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, len(tokens)))
            sums[rows] = self.of_padded(tokens.padded(rows)).sum(axis=1)
        return np.asarray(sums / np.sqrt(tokens.lengths + LENGTH_SMOOTHING)[:, None], np.float32)


@dataclass(frozen=True)
class Examples:
    """Training examples of the wide branch: each review, and a crop of each where crops are on.

    Attributes:
        features: ``float32[examples, words + 2 + (order - 1) · slots]``: the factor of each weight.
        targets: ``float32[examples]``, probability of positive.
        importance: ``float64[examples]``, weight of the example in the loss.
        reviews: ``int64[examples]``, row of the review that the example is, or is cut from.
        bounds: first feature of each order from 2 on.
    """

    features: csr_matrix
    targets: npt.NDArray[np.float32]
    importance: npt.NDArray[np.float64]
    reviews: npt.NDArray[np.int64]
    bounds: tuple[int, ...]

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        targets: npt.NDArray[np.float32],
        words: int,
        order: int,
        slots: int,
        crops: int | None = None,
        importance: npt.NDArray[np.float64] | None = None,
    ) -> Examples:
        """Make the examples of some reviews.

        Args:
            tokens: tokens of the training reviews.
            targets: ``float32[reviews]``, probability of positive.
            words: number of words in the vocabulary.
            order: number of words of the longest n-grams.
            slots: size of the table of each n from 2 on.
            crops: seed of the crops, one of each review; None for no crops.
            importance: ``float64[reviews]``, weight of each review in the loss; 1 where None.
        """
        from scipy.sparse import vstack

        edges = _edges(words, order, slots)
        features = _features(tokens, edges, slots)
        importance = np.ones(len(tokens)) if importance is None else importance
        reviews = np.arange(len(tokens))
        if crops is not None:
            short = crop(tokens, 1.0, np.random.default_rng(crops))
            features = vstack([features, _features(short, edges, slots)]).tocsr()
            importance = np.concatenate([importance, CROP_WEIGHT * importance])
            targets, reviews = np.tile(targets, 2), np.tile(reviews, 2)
        return cls(features, targets, importance, reviews, tuple(edges[1:-1]))

    def fit(self, kept: npt.NDArray[np.bool_] | None = None) -> WideWeights:
        """Fit logistic regression on features that are scaled by their log ratios.

        Args:
            kept: ``bool[reviews]``, the reviews to learn from; all where None.
        """
        features, targets, importance = self.features, self.targets, self.importance
        if kept is not None:
            rows = np.flatnonzero(kept[self.reviews])
            features, targets, importance = features[rows], targets[rows], importance[rows]
        repeats = np.diff(features.indptr)
        ratios = log_ratios(features.indices, np.repeat(targets, repeats), features.shape[1])
        weights = _regression(features.multiply(ratios).tocsr(), targets, importance) * ratios
        tables = np.split(weights.astype(np.float32), self.bounds)
        for table in tables:
            table[PAD_ID] = 0
        return WideWeights(tuple(tables))

    def has_both_labels(self, kept: npt.NDArray[np.bool_]) -> bool:
        """Whether both labels occur in the reviews ``kept``, ``bool[reviews]``."""
        targets = self.targets[kept[self.reviews]]
        positive, negative = targets > LEAST_PROBABILITY, targets < 1 - LEAST_PROBABILITY
        return bool(positive.any() and negative.any())

    def spreads(self, weights: WideWeights) -> list[float]:
        """Return the standard deviation of each order's weights, over all their occurrences.

        It is 1 where all weights of an order are equal.
        """
        occurring = np.concatenate(weights.tables)[self.features.indices]
        orders = np.searchsorted(self.bounds, self.features.indices, side="right")
        count = len(weights.tables)
        return [float(occurring[orders == index].std()) or 1.0 for index in range(count)]


def look_up(
    tables: Sequence[npt.NDArray[np.float32]],
    token_ids: npt.NDArray[np.int32],
    folds: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the weights at each position, ``float32[batch, length, order]``.

    A position has the weight of its word, and of each n-gram that ends there; 0 where none does.

    Args:
        tables: ``float32[size]`` for each order, or ``float32[folds, size]``.
        token_ids: ``int32[batch, length]``, padded at the end with 0.
        folds: ``int64[batch]``, which of several tables each row is read with.
    """
    weights = np.zeros((*token_ids.shape, len(tables)), np.float32)
    indices = [token_ids, *ngram_slots(token_ids, len(tables), tables[-1].shape[-1])]
    for shift, (table, index) in enumerate(zip(tables, indices, strict=True)):
        weights[:, shift:, shift] = table[index] if folds is None else table[folds[:, None], index]
    return np.asarray(weights * (token_ids != PAD_ID)[:, :, None], np.float32)


def _regression(
    features: csr_matrix, targets: npt.NDArray[np.float32], importance: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the coefficients, ``float64[features]``.

    A target between 0 and 1 counts for both labels, as much as each is probable.
    """
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    probabilities = np.concatenate([targets, 1 - targets]).astype(np.float64)
    kept = probabilities > LEAST_PROBABILITY
    weights = (probabilities * np.tile(importance, 2))[kept]
    model = LogisticRegression(C=C, solver="liblinear", tol=1e-2, max_iter=100, random_state=0)
    both, labels = vstack([features, features]).tocsr()[kept], np.repeat([1, 0], len(targets))[kept]
    coefficients: npt.NDArray[np.float64] = model.fit(both, labels, sample_weight=weights).coef_[0]
    return coefficients


def _edges(words: int, order: int, slots: int) -> list[int]:
    """Return the first feature of each order, and at the end the number of features."""
    return [0, *(words + 2 + slots * index for index in range(order))]


def _features(tokens: Tokens, edges: list[int], slots: int) -> csr_matrix:
    """Return the features of each review, ``float32[reviews, words + 2 + (order - 1) · slots]``.

    Each word and n-gram adds to its feature 1 over the root of the review's length plus
    :data:`LENGTH_SMOOTHING`.
    """
    from scipy.sparse import csr_matrix

    keys = row_ngram_keys(tokens, len(edges) - 1, partial(slot_step, slots=slots))
    firsts = zip(keys, edges[:-1], strict=True)
    columns = np.concatenate([indices + first for (indices, _), first in firsts])
    rows = np.concatenate([rows for _, rows in keys])
    factors = (1 / np.sqrt(np.diff(tokens.offsets) + LENGTH_SMOOTHING)).astype(np.float32)
    return csr_matrix((factors[rows], (rows, columns)), shape=(len(tokens), edges[-1]))
