from __future__ import annotations

import numpy as np
import pytest

from trainer.measure.calibration import Line, fit_line


def drawn_labels(rng: np.random.Generator, logits: np.ndarray) -> np.ndarray:
    return (rng.random(len(logits)) < 1 / (1 + np.exp(-logits))).astype(np.int8)


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, 0.7), (2.5, -0.4)])
def test_a_line_that_was_applied_to_logits_is_recovered(slope: float, shift: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 40_000)
    labels = drawn_labels(rng, logits)
    found = fit_line(labels, (logits - shift) / slope)
    assert found.slopes[0] == pytest.approx(slope, rel=0.05)
    assert found.shift == pytest.approx(shift, abs=0.05)
    np.testing.assert_allclose(found((logits - shift) / slope), Line()(logits), atol=0.03)


def test_a_model_that_knows_nothing_is_not_trusted() -> None:
    rng = np.random.default_rng(0)
    logits, noise = rng.normal(0, 2, 40_000), rng.normal(0, 2, 40_000)
    line = fit_line(drawn_labels(rng, logits), logits, noise)
    assert line.slopes == (pytest.approx(1, rel=0.05), pytest.approx(0, abs=0.02))
