"""The correction of the words' weights: what a few hundred labels of a user's own teach a model.

Logistic regression on the words of each review, beside the logits of the model's parts. Its prior
is the model as it is: the penalty pulls each part's slope to the one that the model has, and each
word's correction to 0 (maximum a posteriori adaptation, Chelba & Acero 2004,
https://aclanthology.org/W04-3237/; the model is the "prior" of Daumé 2007,
https://aclanthology.org/P07-1033/). Each word counts as much as its naive-Bayes log ratio says, as
in the wide branch itself.

Pairs and triples of words brought nothing up to 3,000 labels, nor did the weights of the last
layer. The LSTM reads the wide branch's own weights, not the corrected ones: reading those, its
answers got worse. Measured: tests/benchmarks/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.measure.calibration import HIGHEST, LOWEST, Line
from trainer.wide.ngrams import LENGTH_SMOOTHING, log_ratios

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Standard deviation of the prior of a slope, around the slope that the model has.
SLOPE_SPREAD = 1.0
# Standard deviation of the prior of the shift: next to no pull.
SHIFT_SPREAD = 10.0

MOST_STEPS = 300


@dataclass(frozen=True)
class Adapted:
    """A model's parts weighed anew, and the correction of its words' weights.

    Attributes:
        slopes: ``float64[parts]``.
        shift: added to the logit.
        table: ``float32[words + 2]``, added to the weights of the words; None where nothing but the
            slopes and the shift was fitted.
    """

    slopes: npt.NDArray[np.float64]
    shift: float
    table: npt.NDArray[np.float32] | None

    def of_parts(self, parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the logits without the correction, ``float64[reviews]``."""
        return np.asarray(parts @ self.slopes + self.shift, np.float64)

    def of_words(self, features: csr_matrix) -> npt.NDArray[np.float64]:
        """Return what the correction adds to the logits, ``float64[reviews]``."""
        if self.table is None:
            return np.zeros(features.shape[0])
        return np.asarray(features @ self.table.astype(np.float64), np.float64)

    def logits(
        self, parts: npt.NDArray[np.float64], features: csr_matrix
    ) -> list[npt.NDArray[np.float64]]:
        """Return what a line weighs, each ``float64[reviews]``: the parts, and the correction."""
        of_words = [] if self.table is None else [self.of_words(features)]
        return [self.of_parts(parts), *of_words]

    def through(self, line: Line) -> Adapted:
        """Return the same with the line that calibrates :meth:`logits` multiplied in."""
        slope, *others = line.slopes
        table = None
        if self.table is not None:
            table = np.asarray(self.table * np.float32(others[0]), np.float32)
        return Adapted(self.slopes * slope, self.shift * slope + line.shift, table)


def word_features(tokens: Tokens, words: int) -> csr_matrix:
    """Return the features of each review, ``float64[reviews, words + 2]``.

    Each word that the network reads adds 1 over the root of the review's length plus
    :data:`LENGTH_SMOOTHING`: the factor of the word's weight in the logit.
    """
    from scipy.sparse import csr_matrix

    owners = tokens.owners
    read = tokens.offsets[1:][owners] - np.arange(len(owners)) <= tokens.max_tokens
    factors = 1 / np.sqrt(tokens.lengths + LENGTH_SMOOTHING)
    owners, ids = owners[read], tokens.ids[read]
    return csr_matrix((factors[owners], (owners, ids)), shape=(len(tokens), words + 2))


def fit_correction(
    labels: npt.NDArray[np.int8],
    parts: npt.NDArray[np.float64],
    prior: npt.NDArray[np.float64],
    features: csr_matrix,
    strength: float | None,
) -> Adapted:
    """Fit slopes, shift and correction together.

    Args:
        labels: ``int8[reviews]``, of both kinds.
        parts: ``float64[reviews, parts]``, logits of the model's parts.
        prior: ``float64[parts]``, the slopes that the model has.
        features: what :func:`word_features` returns.
        strength: variance of the prior of a word's correction, in units of the word's log ratio:
            the inverse of the penalty's strength. None: no word is corrected.
    """
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    ratios = _ratios(labels, features) if strength is not None else np.zeros(features.shape[1])
    used = np.flatnonzero(ratios)
    words = csr_matrix(features[:, used].multiply(ratios[used]))
    inputs = np.column_stack([parts, np.ones(len(labels))])
    count = inputs.shape[1]
    middle = np.concatenate([prior, [0.0], np.zeros(len(used))])
    spreads = np.array([SLOPE_SPREAD] * len(prior) + [SHIFT_SPREAD])
    precision = np.concatenate([spreads**-2, np.full(len(used), 1 / (strength or 1.0))])
    signs, by_word = np.where(labels == 1, 1.0, -1.0), words.T.tocsr()

    def loss(point: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margins = signs * (inputs @ point[:count] + words @ point[count:])
        slopes = -signs * np.exp(-np.logaddexp(0, margins))
        away = point - middle
        value = np.logaddexp(0, -margins).sum() + (precision * away**2).sum() / 2
        gradient = np.concatenate([inputs.T @ slopes, by_word @ slopes]) + precision * away
        return float(value), gradient

    bounds = [(LOWEST, HIGHEST)] * len(prior) + [(None, None)] * (1 + len(used))
    options = {"maxiter": MOST_STEPS}
    best = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    table = None
    if strength is not None:
        table = np.zeros(features.shape[1], np.float32)
        table[used] = best[count:] * ratios[used]
    return Adapted(best[: len(prior)], float(best[len(prior)]), table)


def _ratios(labels: npt.NDArray[np.int8], features: csr_matrix) -> npt.NDArray[np.float64]:
    """Return the log ratio of each word, ``float64[words + 2]``; 0 for one that doesn't occur."""
    counts = np.bincount(features.indices, minlength=features.shape[1])
    targets = np.repeat(labels, np.diff(features.indptr)).astype(np.float32)
    ratios = log_ratios(features.indices, targets, features.shape[1])
    ratios[PAD_ID] = 0
    return np.where(counts > 0, ratios, 0.0).astype(np.float64)
