"""Probabilities that mean what they say: a line through the logits, fitted on held-out reviews (Platt 1999).

A slope is the inverse of a temperature (Guo et al. 2017, arXiv:1706.04599). The shift mends what a temperature can't:
a network that calls too many reviews positive. Where two models speak, a slope each is what each of them is to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Slopes beyond these would mean a model that learned nothing, or too few reviews to tell.
LOWEST, HIGHEST = 0.0, 10.0


@dataclass(frozen=True)
class Line:
    """``sigmoid(slopes · logits + shift)``.

    Attributes:
        slopes: one a model.
        shift: added to them.
    """

    slopes: tuple[float, ...] = (1.0,)
    shift: float = 0.0

    def __call__(self, *logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return ``float32[reviews]`` scores of ``float[reviews]`` logits, given for each model.

        >>> Line((1e-9,), 0.0)(np.array([2.0])).tolist()
        [0.5]
        """
        total = sum(slope * part for slope, part in zip(self.slopes, logits, strict=True)) + self.shift
        return np.asarray(1 / (1 + np.exp(-total)), np.float32)

    def to_dict(self, *names: str) -> dict[str, float]:
        """Return it as JSON types, the slopes under the names of their models.

        >>> Line((0.5, 2.0), 0.1).to_dict("lstm", "wide")
        {'slope_lstm': 0.5, 'slope_wide': 2.0, 'shift': 0.1}
        """
        return {**{f"slope_{name}": slope for name, slope in zip(names, self.slopes, strict=True)}, "shift": self.shift}


def fit_line(labels: npt.NDArray[np.int8], *logits: npt.NDArray[np.floating]) -> Line:
    """Return the line that makes the log loss least.

    Args:
        labels: ``int8[reviews]``.
        logits: ``float[reviews]`` of each model, of reviews that none was trained on.
    """
    from scipy.optimize import minimize

    points = np.stack([*logits, np.ones(len(labels))], axis=1).astype(np.float64)
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(line: npt.NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -signs * (points @ line)).mean())

    start = np.array([1 / len(logits)] * len(logits) + [0.0])
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(LOWEST, HIGHEST)] * len(logits) + [(-HIGHEST, HIGHEST)])
    *slopes, shift = (round(float(value), 4) for value in found.x)
    return Line(tuple(slopes), shift)


def logits_of(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return ``float64[reviews]``, what a sigmoid made the scores of.

    >>> logits_of(np.array([0.5], np.float32)).tolist()
    [0.0]
    """
    exact = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(exact) - np.log1p(-exact))
