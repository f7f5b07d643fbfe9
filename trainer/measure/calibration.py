"""Calibration: a line through the logits, fitted on held-out reviews (Platt 1999).

A calibrated score is a probability: of the reviews scored 0.8, about 80% are positive. A slope is
the inverse of a temperature (Guo et al. 2017, arXiv:1706.04599). The shift corrects what a
temperature can't: a model that calls too many reviews positive. Several models have a slope each,
which weighs them against each other.

On the reviews that it was fitted on, a line looks better than it is. So it is measured by
cross-fitting: each fold of the held-out reviews is read through a line fitted on the other folds.
The line that ships is fitted on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.measure.folds import Folds

# A slope beyond these means that the model learned nothing, or that there are too few reviews.
LOWEST, HIGHEST = 0.0, 10.0


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
        parts = [slope * part for slope, part in zip(self.slopes, logits, strict=True)]
        return np.asarray(1 / (1 + np.exp(-(sum(parts) + self.shift))), np.float32)


def fit_line(
    labels: npt.NDArray[np.int8],
    *logits: npt.NDArray[np.floating],
    weights: npt.NDArray[np.float64] | None = None,
) -> Line:
    """Return the line with the lowest log loss.

    Args:
        labels: ``int8[reviews]``.
        logits: ``float[reviews]`` of each model, on reviews that none of them was trained on.
        weights: ``float64[reviews]``, how much each review counts; None if all count alike.
    """
    from scipy.optimize import minimize

    points = np.stack([*logits, np.ones(len(labels))], axis=1).astype(np.float64)
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(line: npt.NDArray[np.float64]) -> float:
        losses = np.logaddexp(0, -signs * (points @ line))
        return float(losses.mean() if weights is None else losses @ weights / len(losses))

    start = np.array([1 / len(logits)] * len(logits) + [0.0])
    bounds = [(LOWEST, HIGHEST)] * len(logits) + [(-HIGHEST, HIGHEST)]
    best = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    *slopes, shift = (round(float(value), 4) for value in best)
    return Line(tuple(slopes), shift)


def cross_fit(
    labels: npt.NDArray[np.int8],
    folds: Folds,
    *logits: npt.NDArray[np.floating],
    weights: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the score of each review through a line fitted on the other folds.

    Without folds, it is the line fitted on all reviews.

    Args:
        labels: ``int8[reviews]``.
        folds: fold of each review.
        logits: ``float[reviews]`` of each model.
        weights: ``float64[reviews]``, how much each review counts; None if all count alike.

    Returns:
        ``float32[reviews]``.
    """
    if folds.count is None:
        return fit_line(labels, *logits, weights=weights)(*logits)
    scores = np.zeros(len(labels), np.float32)
    for fold in range(folds.count):
        inside = folds.of_review == fold
        outside = None if weights is None else weights[~inside]
        parts = (part[~inside] for part in logits)
        line = fit_line(labels[~inside], *parts, weights=outside)
        scores[inside] = line(*(part[inside] for part in logits))
    return scores


def logits_of(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the logits whose sigmoids the scores are, ``float64[reviews]``.

    >>> logits_of(np.array([0.5], np.float32)).tolist()
    [0.0]
    """
    exact = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(exact) - np.log1p(-exact))
