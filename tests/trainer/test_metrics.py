from __future__ import annotations

import numpy as np
import pytest

from trainer.calibration import Line, fit_line
from trainer.metrics import calibration_error, measure

SCORES = np.array([0.9, 0.8, 0.4, 0.2], np.float32)
LABELS = np.array([1, 0, 1, 0], np.int8)


def test_figures_are_those_worked_out_by_hand() -> None:
    metrics = measure(SCORES, LABELS)
    assert metrics.reviews == 4
    assert metrics.accuracy == 0.5
    assert metrics.auc == 0.75
    assert metrics.brier == pytest.approx((0.01 + 0.64 + 0.36 + 0.04) / 4)
    assert metrics.log_loss == pytest.approx(-np.log([0.9, 0.2, 0.4, 0.8]).mean())
    assert metrics.calibration_error == pytest.approx((0.1 + 0.8 + 0.6 + 0.2) / 4)


def test_scores_as_often_right_as_they_say_have_no_calibration_error() -> None:
    scores = np.repeat([0.25, 0.75], 400)
    labels = np.concatenate([np.tile([0, 0, 0, 1], 100), np.tile([1, 1, 1, 0], 100)]).astype(np.int8)
    assert calibration_error(scores, labels) == pytest.approx(0)


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, 0.7), (2.5, -0.4)])
def test_the_line_that_bent_the_logits_is_found(slope: float, shift: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 40_000)
    labels = (rng.random(40_000) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    found = fit_line(labels, (logits - shift) / slope)
    assert (found.slopes[0], found.shift) == (pytest.approx(slope, rel=0.05), pytest.approx(shift, abs=0.05))
    np.testing.assert_allclose(found((logits - shift) / slope), Line()(logits), atol=0.03)


def test_a_model_that_knows_nothing_is_not_trusted() -> None:
    rng = np.random.default_rng(0)
    logits, noise = rng.normal(0, 2, 40_000), rng.normal(0, 2, 40_000)
    labels = (rng.random(40_000) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    assert fit_line(labels, logits, noise).slopes == (pytest.approx(1, rel=0.05), pytest.approx(0, abs=0.02))
