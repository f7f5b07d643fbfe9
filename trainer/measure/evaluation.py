"""Evaluation: scores against the labels of reviews, before and after calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews, check_both_labels
from trainer.measure.calibration import Line, cross_fit, fit_line
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.intervals import Intervals
from trainer.measure.metrics import Evaluation, measure


@dataclass(frozen=True)
class Calibrated:
    """A line that calibrates a model, and what it brings on the held-out reviews.

    Attributes:
        line: fitted on all held-out reviews; it ships.
        before: evaluation without a line, of the first model alone.
        after: evaluation through lines fitted on the other folds.
        folds: fold of each held-out review.
    """

    line: Line
    before: Evaluation
    after: Evaluation
    folds: Folds


def evaluate(scores: npt.NDArray[np.float32], reviews: Reviews) -> Evaluation:
    """Measure scores against the labels of the reviews.

    Args:
        scores: ``float32[reviews]``, NaN for a review without a token; these are left out.
        reviews: reviews of both labels.

    Raises:
        ReviewsError: all reviews that have a score have one label.
    """
    scored = ~np.isnan(scores)
    if not scored.all():
        reviews, scores = reviews.take(np.flatnonzero(scored)), scores[scored]
    check_both_labels(reviews)
    metrics = measure(scores, reviews.labels)
    intervals = Intervals.of(metrics, reviews.labels)
    without_text = int(np.count_nonzero(~scored))
    return Evaluation(metrics, intervals, scores, reviews.labels, without_text)


def calibrate(
    reviews: Reviews,
    *logits: npt.NDArray[np.floating],
    weights: npt.NDArray[np.float64] | None = None,
) -> Calibrated:
    """Fit the line that calibrates one or several models, and measure it by cross-fitting.

    Args:
        reviews: held-out reviews of both labels.
        logits: ``float[reviews]`` of each model.
        weights: ``float64[reviews]``, how much each review counts for the line; None if all
            count alike. What is measured counts each review alike.

    Raises:
        ReviewsError: all reviews have one label.
    """
    before = evaluate(Line()(logits[0]), reviews)
    folds = deal_folds(reviews)
    return Calibrated(
        line=fit_line(reviews.labels, *logits, weights=weights),
        before=before,
        after=evaluate(cross_fit(reviews.labels, folds, *logits, weights=weights), reviews),
        folds=folds,
    )
