from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ReviewsError
from trainer.data.reviews import Reviews
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


def test_calibration_mends_scores_that_are_too_sure_of_themselves() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, 4000)
    labels = rng.random(4000) < 1 / (1 + np.exp(-logits))
    scores = (1 / (1 + np.exp(-3 * logits))).astype(np.float32)
    scores[7] = np.nan
    line, before, after = calibrate(scores, reviews(labels))
    assert line.slopes[0] == pytest.approx(1 / 3, rel=0.1)
    assert after.metrics.calibration_error < 0.03 < before.metrics.calibration_error
    assert before.without_text == after.without_text == 1
