from __future__ import annotations

import numpy as np
import pytest

from scorer.card import Metrics
from trainer.measure.metrics import calibration_error, measure, rounded

SCORES = np.array([0.9, 0.8, 0.4, 0.2], np.float32)
LABELS = np.array([1, 0, 1, 0], np.int8)


def test_metrics_are_those_worked_out_by_hand() -> None:
    metrics = measure(SCORES, LABELS)
    assert metrics.reviews == 4
    assert metrics.accuracy == 0.5
    assert metrics.auc == 0.75
    assert metrics.brier == pytest.approx((0.01 + 0.64 + 0.36 + 0.04) / 4)
    assert metrics.log_loss == pytest.approx(-np.log([0.9, 0.2, 0.4, 0.8]).mean())
    assert metrics.calibration_error == pytest.approx((0.1 + 0.8 + 0.6 + 0.2) / 4)


def test_scores_that_are_right_as_often_as_they_say_have_no_calibration_error() -> None:
    scores = np.repeat([0.25, 0.75], 400)
    parts = [np.tile([0, 0, 0, 1], 100), np.tile([1, 1, 1, 0], 100)]
    assert calibration_error(scores, np.concatenate(parts).astype(np.int8)) == pytest.approx(0)


def test_stored_metrics_have_six_decimal_places() -> None:
    exact = Metrics(3, 2 / 3, 1 / 3, 0.12345649, 0.12345651, 0.0)
    assert rounded(exact) == Metrics(3, 0.666667, 0.333333, 0.123456, 0.123457, 0.0)
    assert isinstance(rounded(exact).reviews, int)
