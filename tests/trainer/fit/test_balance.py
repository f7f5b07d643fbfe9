"""Balance: importance reaches the wide branch, the network, and the choice on held-out reviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from domains import in_domains

from scorer.tokenizer import Tokens
from tiny import tiny_settings
from trainer.fit.balance import importance_of
from trainer.fit.training_set import TrainingSet, make_training_set
from trainer.measure.calibration import cross_fit, fit_line
from trainer.measure.folds import Folds
from trainer.measure.metrics import loss_and_accuracy
from trainer.models.batches import TrainingBatches
from trainer.wide.weights import CROP_WEIGHT, Examples

REVIEWS = in_domains({"books": 90, "toys": 10})


def training_set(balance: float, **changes: object) -> TrainingSet:
    settings = tiny_settings(balance=balance)
    reviews = replace(REVIEWS, **changes)
    return make_training_set(reviews, None, None, (), None, settings, lambda line: None)


def test_at_1_each_domain_counts_alike_and_at_0_each_review() -> None:
    importance = importance_of(REVIEWS.domains, 1.0)
    assert importance is not None
    assert importance[:90].sum() == pytest.approx(importance[90:].sum())
    assert importance.mean() == pytest.approx(1)
    half = importance_of(REVIEWS.domains, 0.5)
    assert half is not None
    np.testing.assert_allclose(half**2, importance)
    assert importance_of(REVIEWS.domains, 0.0) is None


def test_one_domain_and_reviews_without_one_are_left_as_they_are() -> None:
    assert importance_of(None, 1.0) is None
    assert importance_of(pa.array(["a"] * 3, pa.large_string()), 1.0) is None
    some = importance_of(pa.array(["a", "a", "a", "b", None], pa.large_string()), 1.0)
    assert some is not None
    np.testing.assert_allclose(some, [2 / 3, 2 / 3, 2 / 3, 2, 1])


def test_nothing_changes_at_0_and_with_one_domain() -> None:
    assert training_set(0.0).importance is None
    assert training_set(1.0, domains=None).importance is None
    balanced = training_set(1.0)
    assert balanced.importance is not None
    assert balanced.importance.tolist() == [50 / 90] * 90 + [5.0] * 10


def examples(made: TrainingSet, importance: np.ndarray | None, crops: int | None) -> Examples:
    words = len(made.tokenizer.words)
    return Examples.of(made.tokens, made.targets, words, 2, 64, crops, importance)


def test_the_wide_branch_weighs_reviews_and_their_crops() -> None:
    made = training_set(1.0)
    weighed = examples(made, made.importance, crops=0)
    assert made.importance is not None
    expected = np.concatenate([made.importance, CROP_WEIGHT * made.importance])
    np.testing.assert_array_equal(weighed.importance, expected)
    for crops in (0, None):
        plain = examples(made, None, crops)
        ones = examples(made, np.ones(100), crops)
        for left, right in zip(plain.fit().tables, ones.fit().tables, strict=True):
            np.testing.assert_array_equal(left, right)
    changed = [weighed.fit().tables[0], examples(made, None, 0).fit().tables[0]]
    assert np.abs(changed[0] - changed[1]).max() > 0.01


def test_batches_carry_the_importance_of_their_reviews() -> None:
    tokens = Tokens(np.arange(2, 12, dtype=np.int32), np.arange(11), 30)
    targets = np.zeros(10, np.float32)
    settings = tiny_settings(batch_size=4, bucketed=False, word_dropout=0.0, step_tokens=1)
    importance = np.arange(10) / 10
    for batch in (batches := TrainingBatches(tokens, targets, settings, 0, None, importance)):
        token_ids, _, weights = batch
        assert isinstance(token_ids, np.ndarray)
        np.testing.assert_allclose(weights, (token_ids[:, 0] - 2) / 10, rtol=1e-6)
    assert len(batches) == 3
    assert len(TrainingBatches(tokens, targets, settings, 0)[0]) == 2


def test_importance_counts_like_copies_of_a_review() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 60)
    labels = (rng.random(60) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    copies = np.where(np.arange(60) < 10, 5, 1)
    importance = copies / copies.mean()
    line = fit_line(labels, logits, weights=importance)
    repeated = fit_line(np.repeat(labels, copies), np.repeat(logits, copies))
    assert line.slopes[0] == pytest.approx(repeated.slopes[0], abs=2e-3)
    assert line.shift == pytest.approx(repeated.shift, abs=2e-3)
    assert abs(fit_line(labels, logits).slopes[0] - line.slopes[0]) > 0.01
    scores = line(logits)
    assert loss_and_accuracy(scores, labels, importance) == pytest.approx(
        loss_and_accuracy(np.repeat(scores, copies), np.repeat(labels, copies)), abs=2e-6
    )
    folds = Folds(np.arange(60, dtype=np.int8) % 2, 2)
    crossed = cross_fit(labels, folds, logits, weights=importance)
    outside = folds.of_review == 1
    expected = fit_line(labels[outside], logits[outside], weights=importance[outside])
    np.testing.assert_array_equal(crossed[~outside], expected(logits[~outside]))
