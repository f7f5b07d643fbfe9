"""Probabilities that mean what they say: a line through the logits, fitted on held-out reviews (Platt 1999).

The slope is the inverse of a temperature (Guo et al. 2017, arXiv:1706.04599). The shift mends what a temperature can't:
a network that calls too many reviews positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# A slope beyond these would mean a network that learned nothing, or too few reviews to tell.
LOWEST, HIGHEST = 0.1, 10.0


@dataclass(frozen=True)
class Line:
    """``sigmoid(slope · logit + shift)`` for ``sigmoid(logit)``."""

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the calibrated scores: ``float32[reviews]``.

        >>> Line(1e-9, 0.0)(np.array([0.9], np.float32)).tolist()
        [0.5]
        """
        return np.asarray(1 / (1 + np.exp(-self.slope * logits(scores) - self.shift)), np.float32)

    def fold_into(self, network: Any) -> None:
        """Put the line into the weights of the network's last layers, so that no graph has to know of it."""
        kernel, bias = network.get_layer("head").get_weights()
        network.get_layer("head").set_weights([kernel * np.float32(self.slope), bias * np.float32(self.slope) + np.float32(self.shift)])
        if any(layer.name == "wide" for layer in network.layers):
            wide = network.get_layer("wide")
            wide.set_weights([weights * np.float32(self.slope) for weights in wide.get_weights()])


def fit_line(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Line:
    """Return the line that makes the log loss least.

    Args:
        scores: ``float32[reviews]``, probabilities of reviews that the network wasn't trained on.
        labels: ``int8[reviews]``.
    """
    from scipy.optimize import minimize

    points = logits(scores)
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(line: npt.NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -signs * (line[0] * points + line[1])).mean())

    found = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(LOWEST, HIGHEST), (-HIGHEST, HIGHEST)])
    return Line(round(float(found.x[0]), 4), round(float(found.x[1]), 4))


def logits(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return ``float64[reviews]``, what a sigmoid made the scores of.

    >>> logits(np.array([0.5], np.float32)).tolist()
    [0.0]
    """
    exact = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(exact) - np.log1p(-exact))
