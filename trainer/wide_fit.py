"""The weights of a wide branch: a linear model over words and hashed bigrams, fitted before the network.

The network then learns what the linear model leaves. On the reviews that it was fitted on, a linear model leaves next to
nothing: so each training review comes with what a model says of it that was fitted without it (stacking: Wolpert 1992,
https://doi.org/10.1016/S0893-6080(05)80023-1). Weights learned by Adam beside the LSTM were worse: it moves a rare bigram as far
as a common one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.ngrams import bigram_slots, log_ratios

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDS = 4
# Inverse strength of the L2 penalty; four times as much fits the training reviews closer and held-out ones no better.
C = 10.0


@dataclass(frozen=True)
class WideWeights:
    """The weights of one linear model.

    Attributes:
        words: ``float32[words + 2]``, a weight an id; that of padding is 0.
        bigrams: ``float32[slots]``, a weight a slot; that of padding is 0.
        intercept: added to the sum.
    """

    words: npt.NDArray[np.float32]
    bigrams: npt.NDArray[np.float32]
    intercept: float

    def logits(self, token_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return ``float32[batch]`` of ``int32[batch, length]``, padded behind with 0: what ``trainer.wide.WideBranch`` adds up."""
        slots = np.where(token_ids[:, 1:] == PAD_ID, 0, bigram_slots(token_ids[:, :-1], token_ids[:, 1:], len(self.bigrams)))
        total = self.words[token_ids].sum(axis=1) + self.bigrams[slots].sum(axis=1)
        return np.asarray(total / np.sqrt(np.maximum((token_ids != PAD_ID).sum(axis=1), 1)) + self.intercept, np.float32)


@dataclass(frozen=True)
class CrossFit:
    """A linear model fitted on all training reviews, and some that were each fitted without a part of them.

    Attributes:
        whole: fitted on all.
        parts: the others.
        fold: ``int64[reviews]``, which of ``parts`` was fitted without the review.
    """

    whole: WideWeights
    parts: tuple[WideWeights, ...]
    fold: npt.NDArray[np.int64]

    def logits(self, token_ids: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return ``float32[batch]``: what the models fitted without these training reviews say of ``token_ids`` made from them."""
        found = np.zeros(len(rows), np.float32)
        for place, part in enumerate(self.parts):
            own = self.fold[rows] == place
            found[own] = part.logits(token_ids[own])
        return found


def cross_fit(tokens: Tokens, targets: npt.NDArray[np.float32], words: int, slots: int, seed: int) -> CrossFit:
    """Fit the linear models of a wide branch.

    Args:
        tokens: of the training reviews.
        targets: ``float32[reviews]``, the probability of positive of each.
        words: in the vocabulary.
        slots: of the table of bigrams.
        seed: draws the parts.
    """
    features = _features(tokens, words, slots)
    fold = np.random.default_rng(seed).permutation(len(tokens)) % FOLDS
    parts = tuple(_fit(features[fold != place], targets[fold != place], words) for place in range(FOLDS))
    return CrossFit(_fit(features, targets, words), parts, fold)


def _features(tokens: Tokens, words: int, slots: int) -> csr_matrix:
    """Return ``float32[reviews, words + 2 + slots]``: how often each stands in a review, over the root of its length."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(tokens)), np.diff(tokens.offsets))
    pairs = rows[:-1] == rows[1:]
    bigrams = bigram_slots(tokens.ids[:-1][pairs], tokens.ids[1:][pairs], slots)
    places, owners = np.concatenate([tokens.ids, bigrams + (words + 2)]), np.concatenate([rows, rows[1:][pairs]])
    values = (1 / np.sqrt(np.maximum(np.diff(tokens.offsets), 1))).astype(np.float32)[owners]
    return csr_matrix((values, (owners, places)), shape=(len(tokens), words + 2 + slots))


def _fit(features: csr_matrix, targets: npt.NDArray[np.float32], words: int) -> WideWeights:
    """Fit logistic regression on features scaled by their log ratios; a target between 0 and 1 counts for both sides."""
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    counts = features.copy()
    counts.data = np.ones_like(counts.data)
    ratios = log_ratios(counts.indices, np.repeat(targets, np.diff(counts.indptr)), features.shape[1])
    scaled = features.multiply(ratios).tocsr()
    weights = np.concatenate([targets, 1 - targets]).astype(np.float64)
    kept = weights > 1e-3  # a side that hardly counts costs as much time as one that does
    both = vstack([scaled, scaled]).tocsr()[kept]
    sides = np.repeat([1, 0], len(targets))[kept]
    fitted = LogisticRegression(C=C, solver="liblinear", tol=1e-2, max_iter=100, random_state=0).fit(
        both, sides, sample_weight=weights[kept]
    )
    learned = (fitted.coef_[0] * ratios).astype(np.float32)
    learned[PAD_ID] = learned[words + 2] = 0
    return WideWeights(learned[: words + 2], learned[words + 2 :], float(fitted.intercept_[0]))
