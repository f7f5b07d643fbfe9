"""Metrics: how well scores fit labels. The record is :class:`scorer.card.Metrics`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import Metrics
from trainer.measure.intervals import Intervals

CALIBRATION_BINS = 15
STORED_DIGITS = 6
# A score of 0 or 1 counts as this far from it, as in Keras: else a single loss could be infinite.
LEAST_SCORE = 1e-7


@dataclass(frozen=True)
class Evaluation:
    """Scores of labelled reviews, measured.

    Attributes:
        metrics: metrics over the reviews that have a token.
        intervals: what they may be on other such reviews.
        scores: ``float32[scored]``, their scores.
        labels: ``int8[scored]``, their labels.
        without_text: number of reviews without a token, which have no score.
    """

    metrics: Metrics
    intervals: Intervals
    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int8]
    without_text: int


def measure(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Metrics:
    """Measure scores against labels.

    Args:
        scores: ``float32[reviews]``, in [0, 1].
        labels: ``int8[reviews]``; both values have to occur.
    """
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


def loss_and_accuracy(
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8],
    importance: npt.NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """Return the log loss in nats, and the fraction of scores on the right side of 0.5.

    Both are defined for reviews of one label, too.

    Args:
        scores: ``float32[reviews]``, in [0, 1].
        labels: ``int8[reviews]``.
        importance: ``float64[reviews]``, how much each review counts; None if all count alike.

    >>> loss_and_accuracy(np.array([0.5, 1.0], np.float32), np.array([1, 1], np.int8))
    (0.346574, 1.0)
    """
    exact = np.clip(scores.astype(np.float64), LEAST_SCORE, 1 - LEAST_SCORE)
    losses, right = (
        -np.log(np.where(labels == 1, exact, 1 - exact)),
        (scores >= 0.5) == (labels == 1),
    )
    if importance is None:
        return round(float(losses.mean()), STORED_DIGITS), float(np.mean(right))
    loss, fraction = (np.average(one, weights=importance) for one in (losses, right))
    return round(float(loss), STORED_DIGITS), float(fraction)


def rounded(metrics: Metrics) -> Metrics:
    """Return the metrics as a run folder stores them, rounded to six decimal places.

    >>> rounded(Metrics(3, 2 / 3, 0.5, 0.7, 0.25, 0.125)).accuracy
    0.666667
    """
    figures = asdict(metrics).items()
    return Metrics(**{name: round(figure, STORED_DIGITS) for name, figure in figures})


def calibration_error(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> float:
    """Return the mean distance between score and fraction of positives, over bins of equal width.

    Each bin counts as much as it holds reviews.

    >>> calibration_error(np.array([0.9, 0.9]), np.array([1, 0], np.int8))
    0.4
    """
    bins = calibration_bins(scores)
    gaps = np.bincount(bins, weights=scores - labels, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def calibration_bins(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the index of each score's bin, ``int64[reviews]``: 15 bins of equal width.

    >>> calibration_bins(np.array([0.0, 0.5, 1.0])).tolist()
    [0, 7, 14]
    """
    return np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
