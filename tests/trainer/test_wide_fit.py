from __future__ import annotations

import numpy as np
import pytest

from scorer.tokenizer import Tokens
from tiny import tiny_reviews
from trainer.batches import predict
from trainer.calibration import Line, logits_of
from trainer.crops import crop
from trainer.metrics import measure
from trainer.network import build_network, finish_network
from trainer.settings import preset
from trainer.vocabulary import build_tokenizer
from trainer.wide import WideBranch
from trainer.wide_fit import WideWeights, fit_wide

SLOTS = 256


def lesson(rows: int = 300, seed: int = 0) -> tuple[Tokens, np.ndarray, int]:
    reviews = tiny_reviews(rows, seed)
    tokenizer = build_tokenizer(tiny_reviews().texts, words=50, max_tokens=100)
    return tokenizer.encode(reviews.texts), reviews.labels, len(tokenizer.words)


@pytest.fixture(scope="module")
def fitted() -> WideWeights:
    tokens, labels, words = lesson()
    return fit_wide(tokens, labels.astype(np.float32), words, 3, SLOTS)


def scores(weights: WideWeights, tokens: Tokens) -> np.ndarray:
    return (1 / (1 + np.exp(-weights.logits(tokens)))).astype(np.float32)


def test_it_learns_from_labels(fitted: WideWeights) -> None:
    tokens, labels, _ = lesson(100, seed=7)
    assert measure(scores(fitted, tokens), labels).accuracy > 0.9


def test_it_learns_from_probabilities_too(fitted: WideWeights) -> None:
    tokens, labels, words = lesson()
    soft = fit_wide(tokens, np.where(labels == 1, 0.8, 0.2).astype(np.float32), words, 3, SLOTS)
    said = scores(soft, tokens)
    assert measure(said, labels).accuracy > 0.9
    assert np.abs(said - 0.5).mean() < np.abs(scores(fitted, tokens) - 0.5).mean()


def test_crops_teach_it_to_doubt_a_few_words(fitted: WideWeights) -> None:
    tokens, labels, words = lesson()
    cropped = fit_wide(tokens, labels.astype(np.float32), words, 3, SLOTS, crops=0)
    other, known, _ = lesson(300, seed=7)
    short = crop(other, 1.0, np.random.default_rng(1))
    kept = short.lengths > 0
    losses = [measure(scores(weights, short)[kept], known[kept]).log_loss for weights in (fitted, cropped)]
    assert losses[1] < losses[0]


def test_it_says_what_the_layer_says_whatever_the_padding(fitted: WideWeights) -> None:
    tokens, _, words = lesson()
    layer = WideBranch(words=words, order=3, slots=SLOTS)
    layer.build(None)
    layer.set_weights(list(fitted.tables))
    said = fitted.logits(tokens)
    for length in (50, 60):
        np.testing.assert_allclose(layer(tokens.padded(np.arange(300), length))[:, 0] + fitted.intercept, said, atol=1e-5)


@pytest.mark.parametrize("order", [0, 3])
def test_the_finished_network_says_what_the_line_says_of_both(fitted: WideWeights, order: int) -> None:
    tokens, _, words = lesson()
    settings = preset("default", embedding=4, units=3, wide_order=order, wide_slots=SLOTS)
    trained = build_network(settings, words, steps=1)
    logits = [logits_of(predict(trained, tokens)), *([fitted.logits(tokens)] if order else [])]
    line = Line((0.7, 1.3), -0.2) if order else Line((0.7,), -0.2)
    finished = finish_network(trained, settings, line, fitted if order else None)
    np.testing.assert_allclose(predict(finished, tokens), line(*logits), atol=1e-5)
