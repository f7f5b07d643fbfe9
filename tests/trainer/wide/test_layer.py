from __future__ import annotations

from typing import Any

import numpy as np

from trainer.wide.layer import WideBranch
from trainer.wide.weights import WideWeights


def test_the_layer_gives_the_fitted_weights_and_sums_whatever_the_padding(
    fitted: WideWeights, training: Any
) -> None:
    layer = WideBranch(words=training.words, order=3, slots=training.slots)
    layer.build(None)
    slopes = np.array([0.5, 1.0, 2.0], np.float32)
    layer.set_weights([*fitted.tables, slopes])
    for length in (50, 60):
        token_ids = training.tokens.padded(np.arange(300), length)
        weights, logit = layer(token_ids)
        np.testing.assert_array_equal(weights, fitted.of_padded(token_ids))
        np.testing.assert_allclose(logit[:, 0], fitted.sums(training.tokens) @ slopes, atol=1e-5)
