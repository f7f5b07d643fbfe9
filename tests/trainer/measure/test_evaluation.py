from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ReviewsError
from trainer.data.reviews import Reviews
from trainer.measure.calibration import fit_line
from trainer.measure.evaluation import calibrate, evaluate
from trainer.measure.metrics import measure


def reviews(labels: np.ndarray) -> Reviews:
    return Reviews(pa.array(["a"] * len(labels), pa.large_string()), labels.astype(np.int8), "r")


def test_reviews_without_a_score_are_counted_and_left_out() -> None:
    scores = np.array([np.nan, 0.9, 0.3, np.nan, 0.6], np.float32)
    evaluation = evaluate(scores, reviews(np.array([1, 1, 0, 0, 0])))
    assert evaluation.without_text == 2
    assert evaluation.labels.tolist() == [1, 0, 0]
    assert evaluation.metrics == measure(scores[[1, 2, 4]], evaluation.labels)


def test_reviews_of_one_label_are_not_measured() -> None:
    with pytest.raises(ReviewsError, match="both kinds are needed"):
        evaluate(np.array([0.5], np.float32), reviews(np.array([1])))


def drawn(count: int, slope: float = 1.0) -> tuple[np.ndarray, Reviews]:
    """Return logits, and reviews whose labels are as probable as ``slope`` times the logits say."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, count)
    return logits, reviews(rng.random(count) < 1 / (1 + np.exp(-slope * logits)))


def test_calibration_mends_scores_that_are_too_sure_of_themselves() -> None:
    logits, held_out = drawn(4000)
    calibrated = calibrate(held_out, 3 * logits)
    before, after = calibrated.before.metrics, calibrated.after.metrics
    assert calibrated.line.slopes[0] == pytest.approx(1 / 3, rel=0.1)
    assert after.calibration_error < 0.03 < before.calibration_error


def test_a_line_is_measured_on_reviews_that_it_was_not_fitted_on() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], 20))
    # Twelve models that know nothing: a line through them fits these labels, and no others.
    logits = list(rng.normal(0, 1, (12, 40)))
    calibrated = calibrate(reviews(labels), *logits)
    in_place = evaluate(calibrated.line(*logits), reviews(labels)).metrics
    assert in_place.log_loss < np.log(2) < calibrated.after.metrics.log_loss
    assert calibrated.folds.count == 5
    for fold in range(5):
        inside = calibrated.folds.of_review == fold
        line = fit_line(labels[~inside].astype(np.int8), *(one[~inside] for one in logits))
        expected = line(*(one[inside] for one in logits))
        np.testing.assert_array_equal(calibrated.after.scores[inside], expected)


def test_too_few_reviews_of_one_label_are_not_cross_fitted_and_the_record_says_so() -> None:
    labels = np.array([0] * 20 + [1])
    logits = np.linspace(-1, 1, 21)
    calibrated = calibrate(reviews(labels), logits)
    assert calibrated.folds.count is None
    np.testing.assert_array_equal(calibrated.after.scores, calibrated.line(logits))


def test_reviews_of_which_only_one_label_has_a_score_are_not_measured() -> None:
    with pytest.raises(ReviewsError, match="all 1 reviews are positive; both kinds are needed"):
        evaluate(np.array([0.5, np.nan], np.float32), reviews(np.array([1, 0])))
