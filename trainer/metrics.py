"""The figures of a scored set of reviews."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Metrics:
    """How well scores fit labels.

    Attributes:
        reviews: how many were scored.
        accuracy: share of them on the right side of 0.5.
        auc: area under the ROC curve.
        log_loss: mean negative log likelihood, in nats.
        brier: mean squared difference of score and label.
        calibration_error: expected calibration error in 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599).
    """

    reviews: int
    accuracy: float
    auc: float
    log_loss: float
    brier: float
    calibration_error: float

    def to_dict(self) -> dict[str, float]:
        """Return the figures, rounded to six places."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Evaluation:
    """How a network did on some reviews.

    Attributes:
        metrics: the figures, over the reviews that have a token.
        scores: ``float32[reviews]`` of those.
        labels: ``int8[reviews]`` of those.
        without_text: reviews that have none, and so no score.
    """

    metrics: Metrics
    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int8]
    without_text: int


def measure(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Metrics:
    """Measure ``float32[reviews]`` scores in [0, 1] against ``int8[reviews]`` labels of both kinds."""
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    exact = scores.astype(np.float64)
    return Metrics(
        reviews=len(labels),
        accuracy=float(np.mean((exact >= 0.5) == (labels == 1))),
        auc=float(roc_auc_score(labels, exact)),
        log_loss=float(log_loss(labels, exact)),
        brier=float(brier_score_loss(labels, exact)),
        calibration_error=calibration_error(exact, labels),
    )


def calibration_error(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> float:
    """Return the mean distance of score and share of positives over bins of equal width, weighted by reviews.

    >>> calibration_error(np.array([0.9, 0.9]), np.array([1, 0], np.int8))
    0.4
    """
    gaps = np.bincount(calibration_bins(scores), weights=scores - labels, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def calibration_bins(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return which of the 15 bins of equal width each score falls into: ``int64[reviews]``; 1 falls into the last.

    >>> calibration_bins(np.array([0.0, 0.5, 1.0])).tolist()
    [0, 7, 14]
    """
    return np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
