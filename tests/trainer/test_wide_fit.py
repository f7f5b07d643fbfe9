from __future__ import annotations

import numpy as np
import pytest

from scorer.tokenizer import Tokens
from tiny import tiny_reviews
from trainer.metrics import measure
from trainer.network import build_network, with_wide_branch
from trainer.settings import preset
from trainer.vocabulary import build_tokenizer
from trainer.wide import WideBranch
from trainer.wide_fit import FOLDS, CrossFit, WideWeights, cross_fit

SLOTS = 256


def lesson(rows: int = 300, seed: int = 0) -> tuple[Tokens, np.ndarray, int]:
    reviews = tiny_reviews(rows, seed)
    tokenizer = build_tokenizer(tiny_reviews().texts, words=50, max_tokens=100)
    return tokenizer.encode(reviews.texts), reviews.labels, len(tokenizer.words)


@pytest.fixture(scope="module")
def fitted() -> CrossFit:
    tokens, labels, words = lesson()
    return cross_fit(tokens, labels.astype(np.float32), words, SLOTS, seed=0)


def scores(weights: WideWeights, tokens: Tokens) -> np.ndarray:
    return (1 / (1 + np.exp(-weights.logits(tokens.padded(np.arange(len(tokens))))))).astype(np.float32)


def test_it_learns_from_labels(fitted: CrossFit) -> None:
    tokens, labels, _ = lesson(100, seed=7)
    assert measure(scores(fitted.whole, tokens), labels).accuracy > 0.9


def test_it_learns_from_probabilities_too(fitted: CrossFit) -> None:
    tokens, labels, words = lesson()
    soft = cross_fit(tokens, np.where(labels == 1, 0.8, 0.2).astype(np.float32), words, SLOTS, seed=0).whole
    said = scores(soft, tokens)
    assert measure(said, labels).accuracy > 0.9
    assert np.abs(said - 0.5).mean() < np.abs(scores(fitted.whole, tokens) - 0.5).mean()


def test_no_review_is_shown_what_a_model_says_that_was_fitted_on_it(fitted: CrossFit) -> None:
    tokens, labels, words = lesson()
    assert np.bincount(fitted.fold).tolist() == [300 // FOLDS] * FOLDS
    rows = np.array([3, 50, 299])
    shown = fitted.logits(tokens.padded(rows), rows)
    for row, logit in zip(rows, shown, strict=True):
        turned = labels.astype(np.float32)
        turned[fitted.fold == fitted.fold[row]] = 1 - turned[fitted.fold == fitted.fold[row]]
        again = cross_fit(tokens, turned, words, SLOTS, seed=0)
        assert again.logits(tokens.padded(np.array([row])), np.array([row]))[0] == logit
    assert not np.array_equal(shown, fitted.whole.logits(tokens.padded(rows)))


def test_it_says_what_the_layer_says_whatever_the_padding(fitted: CrossFit) -> None:
    tokens, _, words = lesson()
    layer = WideBranch(words=words, slots=SLOTS)
    layer.build(None)
    layer.set_weights([fitted.whole.words, fitted.whole.bigrams])
    token_ids = tokens.padded(np.arange(20), 60)
    said = fitted.whole.logits(token_ids)
    np.testing.assert_allclose(layer(token_ids)[:, 0] + fitted.whole.intercept, said, atol=1e-5)
    np.testing.assert_allclose(fitted.whole.logits(np.pad(token_ids, ((0, 0), (0, 5)))), said, atol=1e-5)


def test_the_finished_network_says_what_the_one_in_training_said(fitted: CrossFit) -> None:
    tokens, _, words = lesson()
    settings = preset("default", embedding=4, units=3, bigram_slots=SLOTS)
    training = build_network(settings, words, steps=1, given=True)
    training.get_layer("trust").set_weights([np.array([[0.7]])])
    token_ids = tokens.padded(np.arange(20))
    expected = training.predict_on_batch({"token_ids": token_ids, "given": fitted.whole.logits(token_ids)[:, None]})
    finished = with_wide_branch(training, settings, fitted.whole)
    np.testing.assert_allclose(finished.predict_on_batch(token_ids), expected, atol=1e-5)
