"""Calibration: a line through the logits, fitted on held-out reviews (Platt 1999).

A calibrated score is a probability: of the reviews scored 0.8, about 80% are positive. A slope is
the inverse of a temperature (Guo et al. 2017, arXiv:1706.04599). The shift corrects what a
temperature can't: a model that calls too many reviews positive. Several models have a slope each,
which weighs them against each other.

A second step may follow, by the length of a review: :mod:`trainer.measure.lengths`.

On the reviews that it was fitted on, a calibration looks better than it is. So it is measured by
cross-fitting: each fold of the held-out reviews is read through line and second step fitted on the
other folds. What ships is fitted on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import ByLength
from trainer.measure.folds import Folds
from trainer.measure.lengths import CROP_WEIGHT, Lengths, calibrate_by_length, fit_by_length

# A slope beyond these means that the model learned nothing, or that there are too few reviews.
LOWEST, HIGHEST = 0.0, 10.0


# Importance of each review in a fit, float64[reviews]; None: all count alike.
Weights = npt.NDArray[np.float64] | None


@dataclass(frozen=True)
class Line:
    """``sigmoid(slopes · logits + shift)``.

    Attributes:
        slopes: slope of each model.
        shift: added to the sum.
    """

    slopes: tuple[float, ...] = (1.0,)
    shift: float = 0.0

    def __call__(self, *logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the scores, ``float32[reviews]``.

        Args:
            logits: ``float[reviews]`` of each model.

        >>> Line((1e-9,), 0.0)(np.array([2.0])).tolist()
        [0.5]
        """
        return scores_of(self.logit(*logits))

    def logit(self, *logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the logits of the scores, ``float64[reviews]``."""
        parts = [slope * part for slope, part in zip(self.slopes, logits, strict=True)]
        return np.asarray(sum(parts) + self.shift)


@dataclass(frozen=True)
class Calibration:
    """A line, and what follows it.

    Attributes:
        line: the line.
        by_length: slopes and shifts by length, if there are any.
    """

    line: Line
    by_length: ByLength | None = None

    def __call__(
        self, lengths: npt.NDArray[np.int64] | None, *logits: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.float32]:
        """Return the scores, ``float32[reviews]``.

        Args:
            lengths: ``int64[reviews]``, tokens read; not needed where the line is all.
            logits: ``float[reviews]`` of each model.
        """
        if self.by_length is None or lengths is None:
            return self.line(*logits)
        return scores_of(calibrate_by_length(self.by_length, self.line.logit(*logits), lengths))


def fit_line(
    labels: npt.NDArray[np.int8], *logits: npt.NDArray[np.floating], weights: Weights = None
) -> Line:
    """Return the line with the lowest log loss.

    Args:
        labels: ``int8[reviews]``.
        logits: ``float[reviews]`` of each model, on reviews that none of them was trained on.
        weights: importance of each review.
    """
    from scipy.optimize import minimize

    points = np.stack([*logits, np.ones(len(labels))], axis=1).astype(np.float64)
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(line: npt.NDArray[np.float64]) -> float:
        return float(np.average(np.logaddexp(0, -signs * (points @ line)), weights=weights))

    start = np.array([1 / len(logits)] * len(logits) + [0.0])
    bounds = [(LOWEST, HIGHEST)] * len(logits) + [(-HIGHEST, HIGHEST)]
    best = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    *slopes, shift = (round(float(value), 4) for value in best)
    return Line(tuple(slopes), shift)


def fit_calibration(
    labels: npt.NDArray[np.int8],
    *logits: npt.NDArray[np.floating],
    lengths: Lengths | None = None,
    weights: Weights = None,
) -> Calibration:
    """Fit the line, and after it the second step where there are lengths.

    Args:
        labels: ``int8[reviews]``.
        logits: ``float[reviews]`` of each model, on reviews that none of them was trained on.
        lengths: lengths of the reviews, and their crops.
        weights: importance of each review, in both steps.
    """
    line = fit_line(labels, *logits, weights=weights)
    if lengths is None:
        return Calibration(line)
    importance = np.ones(len(labels)) if weights is None else weights / weights.mean()
    texts = [(line.logit(*logits), lengths.reviews, importance)]
    if lengths.crops is not None:
        crops = line.logit(*lengths.crop_logits)
        texts.append((crops, lengths.crops, importance * CROP_WEIGHT))
    joined = [np.concatenate(one) for one in zip(*texts, strict=True)]
    return Calibration(line, fit_by_length(np.tile(labels, len(texts)), *joined))


def cross_fit(
    labels: npt.NDArray[np.int8],
    folds: Folds,
    *logits: npt.NDArray[np.floating],
    lengths: Lengths | None = None,
    weights: Weights = None,
) -> npt.NDArray[np.float32]:
    """Return the score of each review through a calibration fitted on the other folds.

    Without folds, it is fitted on all reviews.

    Args:
        labels: ``int8[reviews]``.
        folds: fold of each review.
        logits: ``float[reviews]`` of each model.
        lengths: lengths of the reviews, and their crops; None for the line alone.
        weights: importance of each review.

    Returns:
        ``float32[reviews]``.
    """
    of_review = None if lengths is None else lengths.reviews
    if folds.count is None:
        fitted = fit_calibration(labels, *logits, lengths=lengths, weights=weights)
        return fitted(of_review, *logits)
    scores = np.zeros(len(labels), np.float32)
    for fold in range(folds.count):
        inside = folds.of_review == fold
        fitted = fit_calibration(
            labels[~inside],
            *(part[~inside] for part in logits),
            lengths=None if lengths is None else lengths.take(~inside),
            weights=None if weights is None else weights[~inside],
        )
        read = None if of_review is None else of_review[inside]
        scores[inside] = fitted(read, *(part[inside] for part in logits))
    return scores


def scores_of(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the sigmoids of logits, ``float32[reviews]``.

    >>> scores_of(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def logits_of(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the logits whose sigmoids the scores are, ``float64[reviews]``.

    >>> logits_of(np.array([0.5], np.float32)).tolist()
    [0.0]
    """
    exact = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(exact) - np.log1p(-exact))
