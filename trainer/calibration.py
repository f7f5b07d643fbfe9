"""Temperature scaling: probabilities that mean what they say (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A temperature beyond these would mean a network that learned nothing, or too few reviews to tell.
LOWEST, HIGHEST = 0.1, 10.0


def fit_temperature(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> float:
    """Return the temperature that makes the log loss of ``sigmoid(logit / temperature)`` least.

    Args:
        scores: ``float32[reviews]``, probabilities of reviews that the network wasn't trained on.
        labels: ``int8[reviews]``.
    """
    from scipy.optimize import minimize_scalar

    logits = _logits(scores)
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -signs * logits / np.exp(log_temperature)).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def cooled(scores: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
    """Return the scores that a network would give with this temperature: ``float32[reviews]``.

    >>> cooled(np.array([0.9], np.float32), 1e9).tolist()
    [0.5]
    """
    return np.asarray(1 / (1 + np.exp(-_logits(scores) / temperature)), np.float32)


def apply_temperature(head: Any, temperature: float) -> None:
    """Divide the weights of the last layer, so that no graph has to know of a temperature."""
    head.set_weights([weights / np.float32(temperature) for weights in head.get_weights()])


def _logits(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    exact = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(exact) - np.log1p(-exact))
