"""Evaluation: scores against the labels of reviews, before and after calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import ByLength
from trainer.data.reviews import Reviews, check_both_labels
from trainer.measure.calibration import Line, Weights, cross_fit, fit_calibration
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.intervals import Intervals
from trainer.measure.lengths import Lengths
from trainer.measure.metrics import Evaluation, measure


@dataclass(frozen=True)
class Calibrated:
    """A calibration of a model, and what it brings on the held-out reviews.

    Attributes:
        line: fitted on all held-out reviews; it ships.
        before: evaluation without calibration, of the first model alone.
        after: evaluation through calibrations fitted on the other folds.
        folds: fold of each held-out review.
        by_length: the second step, if one was fitted; it ships too.
    """

    line: Line
    before: Evaluation
    after: Evaluation
    folds: Folds
    by_length: ByLength | None = None


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
    lengths: Lengths | None = None,
    weights: Weights = None,
) -> Calibrated:
    """Fit the calibration of one or several models, and measure it by cross-fitting.

    Args:
        reviews: held-out reviews of both labels.
        logits: ``float[reviews]`` of each model.
        lengths: what the second step is fitted on; there is none without it, or on few reviews.
        weights: importance of each review in the fits; the figures count all alike.

    Raises:
        ReviewsError: all reviews have one label.
    """
    before = evaluate(Line()(logits[0]), reviews)
    folds = deal_folds(reviews)
    lengths = lengths if lengths is not None and lengths.are_enough else None
    fitted = fit_calibration(reviews.labels, *logits, lengths=lengths, weights=weights)
    scores = cross_fit(reviews.labels, folds, *logits, lengths=lengths, weights=weights)
    return Calibrated(
        line=fitted.line,
        before=before,
        after=evaluate(scores, reviews),
        folds=folds,
        by_length=fitted.by_length,
    )
