from __future__ import annotations

import numpy as np
import pytest

from scorer.tokenizer import Tokens
from tiny import tiny_reviews
from trainer.batches import predict
from trainer.calibration import Line, logits_of
from trainer.crops import crop
from trainer.folds import FOLDS, FoldedWeights, fit_folds
from trainer.metrics import measure
from trainer.network import build_network, finish_network
from trainer.settings import preset
from trainer.vocabulary import build_tokenizer
from trainer.wide import WideBranch
from trainer.wide_fit import SPREAD, Examples, WideWeights

SLOTS = 256


def lesson(rows: int = 300, seed: int = 0) -> tuple[Tokens, np.ndarray, int]:
    reviews = tiny_reviews(rows, seed)
    tokenizer = build_tokenizer(tiny_reviews().texts, words=50, max_tokens=100)
    return tokenizer.encode(reviews.texts), reviews.labels, len(tokenizer.words)


def examples(targets: np.ndarray | None = None, crops: int | None = None) -> Examples:
    tokens, labels, words = lesson()
    return Examples.of(tokens, (labels if targets is None else targets).astype(np.float32), words, 3, SLOTS, crops)


@pytest.fixture(scope="module")
def fitted() -> WideWeights:
    return examples().fit()


@pytest.fixture(scope="module")
def folded() -> FoldedWeights:
    return fit_folds(examples(), np.arange(300) // 3, seed=0)


def scores(weights: WideWeights, tokens: Tokens) -> np.ndarray:
    return Line()(weights.sums(tokens).sum(axis=1))


def test_it_learns_from_labels(fitted: WideWeights) -> None:
    tokens, labels, _ = lesson(100, seed=7)
    assert measure(scores(fitted, tokens), labels).accuracy > 0.9


def test_it_learns_from_probabilities_too(fitted: WideWeights) -> None:
    tokens, labels, _ = lesson()
    said = scores(examples(np.where(labels == 1, 0.8, 0.2)).fit(), tokens)
    assert measure(said, labels).accuracy > 0.9
    assert np.abs(said - 0.5).mean() < np.abs(scores(fitted, tokens) - 0.5).mean()


def test_crops_teach_it_to_doubt_a_few_words(fitted: WideWeights) -> None:
    other, known, _ = lesson(300, seed=7)
    short = crop(other, 1.0, np.random.default_rng(1))
    kept = short.lengths > 0
    losses = [measure(scores(weights, short)[kept], known[kept]).log_loss for weights in (fitted, examples(crops=0).fit())]
    assert losses[1] < losses[0]


def test_it_says_what_the_layer_says_whatever_the_padding(fitted: WideWeights) -> None:
    tokens, _, words = lesson()
    layer = WideBranch(words=words, order=3, slots=SLOTS)
    layer.build(None)
    slopes = np.array([0.5, 1.0, 2.0], np.float32)
    layer.set_weights([*fitted.tables, slopes])
    for length in (50, 60):
        token_ids = tokens.padded(np.arange(300), length)
        weights, logit = layer(token_ids)
        np.testing.assert_array_equal(weights, fitted.of_padded(token_ids))
        np.testing.assert_allclose(logit[:, 0], fitted.sums(tokens) @ slopes, atol=1e-5)


def test_a_review_is_read_with_the_weights_of_a_fit_that_has_not_seen_it(folded: FoldedWeights) -> None:
    whole = examples()
    tokens, _, _ = lesson()
    rows = np.array([5, 250, 31])
    token_ids = tokens.padded(rows, 60)
    read = folded.of_rows(rows, token_ids)
    for place, row in enumerate(rows):
        other = whole.fit(folded.fold_of != folded.fold_of[row])
        expected = other.of_padded(token_ids[[place]])[0]
        for order in range(3):
            factor = folded.whole.tables[order].max() / whole.fit().tables[order].max()
            np.testing.assert_allclose(read[place, :, order], expected[:, order] * factor, rtol=1e-4, atol=1e-6)


def test_reviews_of_one_group_are_in_one_fold(folded: FoldedWeights) -> None:
    assert sorted(set(folded.fold_of)) == list(range(FOLDS))
    assert (folded.fold_of.reshape(-1, 3) == folded.fold_of[::3, None]).all()


def test_a_fold_outside_which_all_are_of_one_side_is_read_with_the_whole() -> None:
    _, labels, _ = lesson()
    folded = fit_folds(examples(), labels.astype(np.int64), seed=0)
    for whole, folds in zip(folded.whole.tables, folded.tables, strict=True):
        np.testing.assert_array_equal(folds, np.tile(whole, (FOLDS, 1)))


def test_the_weights_met_spread_as_far_in_each_order(folded: FoldedWeights) -> None:
    np.testing.assert_allclose(examples().spreads(folded.whole), SPREAD, rtol=1e-3)


@pytest.mark.parametrize("order", [0, 3])
def test_the_finished_network_says_what_the_line_says_of_all(folded: FoldedWeights, order: int) -> None:
    tokens, _, words = lesson()
    settings = preset("default", embedding=4, units=3, wide_order=order, wide_slots=SLOTS)
    trained = build_network(settings, words, steps=1)
    wide = folded.whole if order else None
    logits = [logits_of(predict(trained, tokens, wide)), *(folded.whole.sums(tokens).T if order else ())]
    line = Line((0.7, 1.3, 0.4, 0.9)[: len(logits)], -0.2)
    finished = finish_network(trained, settings, line, wide)
    np.testing.assert_allclose(predict(finished, tokens), line(*logits), atol=1e-5)
