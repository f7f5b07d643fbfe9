from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scorer.tokenizer import Tokens
from trainer.data.crops import crop
from trainer.measure.calibration import Line
from trainer.measure.metrics import measure
from trainer.wide.weights import Examples, WideWeights


def scores(weights: WideWeights, tokens: Tokens) -> np.ndarray:
    return Line()(weights.sums(tokens).sum(axis=1))


def test_it_learns_from_labels(fitted: WideWeights, other: Any) -> None:
    assert measure(scores(fitted, other.tokens), other.labels).accuracy > 0.9


def test_it_learns_from_probabilities_too(
    fitted: WideWeights, make_examples: Callable[..., Examples], training: Any
) -> None:
    soft = make_examples(np.where(training.labels == 1, 0.8, 0.2)).fit()
    found = scores(soft, training.tokens)
    assert measure(found, training.labels).accuracy > 0.9
    sure = scores(fitted, training.tokens)
    assert np.abs(found - 0.5).mean() < np.abs(sure - 0.5).mean()


def test_crops_teach_it_to_doubt_a_few_words(
    fitted: WideWeights, make_examples: Callable[..., Examples], other: Any
) -> None:
    short = crop(other.tokens, 1.0, np.random.default_rng(1))
    kept = short.lengths > 0
    with_crops = make_examples(crops=0).fit()
    losses = [
        measure(scores(weights, short)[kept], other.labels[kept]).log_loss
        for weights in (fitted, with_crops)
    ]
    assert losses[1] < losses[0]


def test_sums_are_those_of_the_features(
    examples: Examples, fitted: WideWeights, training: Any
) -> None:
    weights = np.split(np.concatenate(fitted.tables), examples.bounds)
    parts = np.split(examples.features.toarray(), examples.bounds, axis=1)
    expected = [part @ table for part, table in zip(parts, weights, strict=True)]
    np.testing.assert_allclose(fitted.sums(training.tokens), np.stack(expected, axis=1), atol=1e-5)
