"""The weights of a wide branch: a linear model over words and hashed n-grams, fitted by itself.

Beside the network it is a second opinion: both are fitted apart, and held-out reviews tell what each is to be trusted. Learned
together by Adam they were worse, each alone and in sum: it moves a rare n-gram as far as a common one, and what the wide branch
explains the LSTM doesn't learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.crops import crop
from trainer.ngrams import LENGTH_SMOOTHING, log_ratios, ngram_slots

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Reviews padded together: what bounds memory.
ROWS_AT_ONCE = 256

# Inverse strength of the L2 penalty; four times as much fits the training reviews closer and held-out ones no better.
C = 10.0

# What a crop counts beside its whole review. Log loss of held-out reviews and of sentences cut from them: at 0, 0.2223 and 0.547;
# at 0.1, 0.2215 and 0.543; at 0.3, 0.2214 and 0.539; at 1, 0.2245 and 0.535.
CROP_WEIGHT = 0.3

# A side that counts less than that is left out: it would cost as much time as one that counts.
LEAST_SIDE = 1e-3

# The spread of the weights met of each order, as the LSTM reads them: of the size of what else it reads.
SPREAD = 0.3


@dataclass(frozen=True)
class WideWeights:
    """The weights of one linear model.

    Attributes:
        tables: ``float32[words + 2]``, and ``float32[slots]`` for each number of words from 2 on; the first weight is padding's, 0.
    """

    tables: tuple[npt.NDArray[np.float32], ...]

    def of_padded(self, token_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return ``float32[batch, length, order]``, the weight of the word and of the n-grams that end at each place."""
        return look_up(self.tables, token_ids)

    def sums(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """Return ``float32[reviews, order]``: what each order adds up to, divided by the root of the smoothed length."""
        found = np.zeros((len(tokens), len(self.tables)), np.float32)
        for start in range(0, len(tokens), ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, len(tokens)))
            found[rows] = self.of_padded(tokens.padded(rows)).sum(axis=1)
        return np.asarray(found / np.sqrt(tokens.lengths + LENGTH_SMOOTHING)[:, None], np.float32)


@dataclass(frozen=True)
class Examples:
    """What a wide branch learns from: each review, and a crop of each where it is to learn from crops.

    Attributes:
        features: ``float32[examples, words + 2 + (order - 1) · slots]``: what each adds to the sum.
        targets: ``float32[examples]``, the probability of positive of each.
        counted: ``float64[examples]``, what each counts.
        owners: ``int64[examples]``, the review that each is, or is cut from.
        bounds: where in the features the weights of each order begin, from pairs on.
    """

    features: csr_matrix
    targets: npt.NDArray[np.float32]
    counted: npt.NDArray[np.float64]
    owners: npt.NDArray[np.int64]
    bounds: tuple[int, ...]

    @classmethod
    def of(cls, tokens: Tokens, targets: npt.NDArray[np.float32], words: int, order: int, slots: int, crops: int | None = None) -> Examples:
        """Make examples of reviews.

        Args:
            tokens: of the training reviews.
            targets: ``float32[reviews]``, the probability of positive of each.
            words: in the vocabulary.
            order: words of the longest n-grams.
            slots: of the table of each number of words from 2 on.
            crops: the seed of a crop of each review, that the branch learns from too; no crops where None.
        """
        from scipy.sparse import vstack

        features, counted, owners = _features(tokens, words, order, slots), np.ones(len(tokens)), np.arange(len(tokens))
        if crops is not None:
            short = crop(tokens, 1.0, np.random.default_rng(crops))
            features = vstack([features, _features(short, words, order, slots)]).tocsr()
            targets, counted, owners = np.tile(targets, 2), np.repeat([1.0, CROP_WEIGHT], len(tokens)), np.tile(owners, 2)
        return cls(features, targets, counted, owners, tuple(words + 2 + slots * place for place in range(order - 1)))

    def fit(self, kept: npt.NDArray[np.bool_] | None = None) -> WideWeights:
        """Fit logistic regression on features scaled by their log ratios; a target between 0 and 1 counts for both sides.

        Args:
            kept: ``bool[reviews]``, those to learn from; all where None.
        """
        from scipy.sparse import vstack
        from sklearn.linear_model import LogisticRegression

        features, targets, counted = self.features, self.targets, self.counted
        if kept is not None:
            rows = np.flatnonzero(kept[self.owners])
            features, targets, counted = features[rows], targets[rows], counted[rows]
        ratios = log_ratios(features.indices, np.repeat(targets, np.diff(features.indptr)), features.shape[1])
        scaled = features.multiply(ratios).tocsr()
        sided = np.concatenate([targets, 1 - targets]).astype(np.float64)
        counts = sided > LEAST_SIDE
        both = vstack([scaled, scaled]).tocsr()[counts]
        sides = np.repeat([1, 0], len(targets))[counts]
        weights = (sided * np.tile(counted, 2))[counts]
        fitted = LogisticRegression(C=C, solver="liblinear", tol=1e-2, max_iter=100, random_state=0).fit(both, sides, sample_weight=weights)
        tables = np.split((fitted.coef_[0] * ratios).astype(np.float32), self.bounds)
        for table in tables:
            table[PAD_ID] = 0
        return WideWeights(tuple(tables))

    def has_both_sides(self, kept: npt.NDArray[np.bool_]) -> bool:
        """Whether something can be learned from these reviews, ``bool[reviews]``."""
        targets = self.targets[kept[self.owners]]
        return bool((targets > LEAST_SIDE).any() and (targets < 1 - LEAST_SIDE).any())

    def spreads(self, weights: WideWeights) -> list[float]:
        """Return the standard deviation of the weights met of each order, 1 where all are alike."""
        met = np.concatenate(weights.tables)[self.features.indices]
        order = np.searchsorted(self.bounds, self.features.indices, side="right")
        return [float(met[order == place].std()) or 1.0 for place in range(len(weights.tables))]


def look_up(
    tables: Sequence[npt.NDArray[np.float32]], token_ids: npt.NDArray[np.int32], *fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return ``float32[batch, length, order]``, the weight of the word and of the n-grams that end at each place; 0 where none does.

    Args:
        tables: ``float32[…, size]`` for each order.
        token_ids: ``int32[batch, length]``, padded behind with 0.
        fold: ``int64[batch, 1]``, which of its tables each row is read with, where there are several.
    """
    found = np.zeros((*token_ids.shape, len(tables)), np.float32)
    places = [token_ids, *ngram_slots(token_ids, len(tables), tables[-1].shape[-1])]
    for shift, (table, at) in enumerate(zip(tables, places, strict=True)):
        found[:, shift:, shift] = table[(*fold, at)]
    return np.asarray(found * (token_ids != PAD_ID)[:, :, None], np.float32)


def _features(tokens: Tokens, words: int, order: int, slots: int) -> csr_matrix:
    """Return ``float32[reviews, words + 2 + (order - 1) · slots]``: what each review adds to the sum."""
    from scipy.sparse import csr_matrix

    rows = tokens.owners
    places, owners, size = [tokens.ids], [rows], words + 2
    for shift, found in enumerate(ngram_slots(tokens.ids, order, slots), 1):
        whole = rows[:-shift] == rows[shift:]
        places.append(found[whole] + size)
        owners.append(rows[shift:][whole])
        size += slots
    owner = np.concatenate(owners)
    values = (1 / np.sqrt(np.diff(tokens.offsets) + LENGTH_SMOOTHING)).astype(np.float32)[owner]
    return csr_matrix((values, (owner, np.concatenate(places))), shape=(len(tokens), size))
