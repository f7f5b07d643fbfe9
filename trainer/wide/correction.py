"""The correction of the words' weights: what a few hundred labels of a user's own teach a model.

Logistic regression on the words of each review, beside the logits of the model's parts. Its prior
is the model as it is: the penalty pulls each part's slope to the one that the model has, and each
word's correction to 0 (maximum a posteriori adaptation, Chelba & Acero 2004,
https://aclanthology.org/W04-3237/; the model is the "prior" of Daumé 2007,
https://aclanthology.org/P07-1033/). Each word counts as much as its naive-Bayes log ratio says, as
in the wide branch itself.

Pairs and triples of words brought next to nothing on 500 labels and little on thousands, nor did
the weights of the last layer. The LSTM reads the wide branch's own weights, not the corrected ones:
reading those, its answers got worse. Measured: tests/benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.measure.calibration import HIGHEST, LOWEST
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

    def through(self, line: Adapted) -> Adapted:
        """Return the same with a line through :meth:`Readings.weighed` multiplied in."""
        slope, *others = line.slopes.tolist()
        table = None if self.table is None else self.table * np.float32(others[0])
        return Adapted(self.slopes * slope, self.shift * slope + line.shift, table)


@dataclass(frozen=True)
class Readings:
    """What a model makes of labelled reviews.

    Attributes:
        labels: ``int8[reviews]``.
        parts: ``float64[reviews, parts]``, the logit of each part of the model.
        words: ``float64[reviews, words + 2]``, the factor of each word's weight in the logit.
        slopes: ``float64[reviews]``, what the logit is multiplied by at the end, where the model is
            calibrated by length; else 1.
        shifts: ``float64[reviews]``, what is added then; else 0.
    """

    labels: npt.NDArray[np.int8]
    parts: npt.NDArray[np.float64]
    words: csr_matrix
    slopes: npt.NDArray[np.float64]
    shifts: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, kept: npt.NDArray[np.bool_]) -> Readings:
        """Return those of the reviews ``kept``, ``bool[reviews]``."""
        return Readings(
            self.labels[kept],
            self.parts[kept],
            self.words[np.flatnonzero(kept)],
            self.slopes[kept],
            self.shifts[kept],
        )

    def weighed(self, adapted: Adapted) -> Readings:
        """Return what a line weighs: as one part the parts together, as another the correction."""
        columns = [self.parts @ adapted.slopes + adapted.shift]
        if adapted.table is not None:
            columns.append(self.words @ adapted.table.astype(np.float64))
        return replace(self, parts=np.column_stack(columns))

    def scores(self, line: Adapted) -> npt.NDArray[np.float32]:
        """Return the probability of positive without a correction, ``float32[reviews]``."""
        logits = self.slopes * (self.parts @ line.slopes + line.shift) + self.shifts
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)

    @classmethod
    def concatenate(cls, parts: Sequence[Readings]) -> Readings:
        """Return the reviews of all parts, one part after another."""
        from scipy.sparse import vstack

        return cls(
            np.concatenate([one.labels for one in parts]),
            np.concatenate([one.parts for one in parts]),
            vstack([one.words for one in parts]).tocsr(),
            np.concatenate([one.slopes for one in parts]),
            np.concatenate([one.shifts for one in parts]),
        )


def word_features(tokens: Tokens, words: int) -> csr_matrix:
    """Return the factor of each word's weight in the logit, ``float64[reviews, words + 2]``.

    Each word that the network reads counts 1 over the root of the review's length plus
    :data:`LENGTH_SMOOTHING`.
    """
    from scipy.sparse import csr_matrix

    owners = tokens.owners
    read = tokens.offsets[1:][owners] - np.arange(len(owners)) <= tokens.max_tokens
    factors = 1 / np.sqrt(tokens.lengths + LENGTH_SMOOTHING)
    owners, ids = owners[read], tokens.ids[read]
    return csr_matrix((factors[owners], (owners, ids)), shape=(len(tokens), words + 2))


def fit_correction(
    readings: Readings, prior: npt.NDArray[np.float64], strength: float | None
) -> Adapted:
    """Fit slopes, shift and correction together.

    Args:
        readings: of reviews of both labels.
        prior: ``float64[parts]``, the slopes that the model has.
        strength: variance of the prior of a word's correction, in units of the word's log ratio:
            the inverse of the penalty's strength. None: no word is corrected.
    """
    from scipy.optimize import minimize

    ratios = _ratios(readings) if strength is not None else np.zeros(readings.words.shape[1])
    used = np.flatnonzero(ratios)
    slopes = readings.slopes[:, None]
    words = readings.words[:, used].multiply(ratios[used]).multiply(slopes).tocsr()
    inputs = np.column_stack([readings.parts, np.ones(len(readings))]) * slopes
    signs, by_word = np.where(readings.labels == 1, 1.0, -1.0), words.T.tocsr()
    count = len(prior) + 1
    middle = np.concatenate([prior, np.zeros(1 + len(used))])
    precision = np.full(len(middle), 1 / (strength or 1.0))
    precision[:count] = SLOPE_SPREAD**-2
    precision[count - 1] = SHIFT_SPREAD**-2

    def loss(point: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margins = signs * (inputs @ point[:count] + words @ point[count:] + readings.shifts)
        pull = precision * (point - middle)
        value = np.logaddexp(0, -margins).sum() + pull @ (point - middle) / 2
        errors = -signs * np.exp(-np.logaddexp(0, margins))
        return float(value), np.concatenate([inputs.T @ errors, by_word @ errors]) + pull

    bounds = [(LOWEST, HIGHEST)] * len(prior) + [(None, None)] * (1 + len(used))
    options = {"maxiter": MOST_STEPS}
    best = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    table = None
    if strength is not None:
        table = np.zeros(len(ratios), np.float32)
        table[used] = best[count:] * ratios[used]
    return Adapted(best[: len(prior)], float(best[len(prior)]), table)


def fit_line(readings: Readings) -> Adapted:
    """Fit a line through the parts of readings that were :meth:`weighed <Readings.weighed>`."""
    return fit_correction(readings, np.ones(readings.parts.shape[1]), None)


def _ratios(readings: Readings) -> npt.NDArray[np.float64]:
    """Return the log ratio of each word, ``float64[words + 2]``; 0 for one that doesn't occur."""
    words = readings.words
    counts = np.bincount(words.indices, minlength=words.shape[1])
    targets = np.repeat(readings.labels, np.diff(words.indptr)).astype(np.float32)
    ratios = log_ratios(words.indices, targets, words.shape[1])
    ratios[PAD_ID] = 0
    return np.where(counts > 0, ratios, 0.0).astype(np.float64)
