"""Evaluation: scores against the labels of reviews, before and after calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews, check_both_labels
from trainer.measure.calibration import Line, fit_line, logits_of
from trainer.measure.metrics import Evaluation, measure


def evaluate(scores: npt.NDArray[np.float32], reviews: Reviews) -> Evaluation:
    """Measure scores against the labels of the reviews.

    Args:
        scores: ``float32[reviews]``, NaN for a review without a token; these are left out.
        reviews: reviews of both labels.

    Raises:
        ReviewsError: all reviews have one label.
    """
    check_both_labels(reviews)
    scored = ~np.isnan(scores)
    kept, labels = scores[scored], reviews.labels[scored]
    return Evaluation(measure(kept, labels), kept, labels, int(np.count_nonzero(~scored)))


def calibrate(
    scores: npt.NDArray[np.float32], reviews: Reviews
) -> tuple[Line, Evaluation, Evaluation]:
    """Fit the line that calibrates scores of held-out reviews.

    Args:
        scores: ``float32[reviews]``, NaN for a review without a token.
        reviews: held-out reviews of both labels.

    Returns:
        The line, and the evaluation without and with it.

    Raises:
        ReviewsError: all reviews have one label.
    """
    before = evaluate(scores, reviews)
    line = fit_line(before.labels, logits_of(before.scores))
    return line, before, evaluate(line(logits_of(scores)), reviews)
