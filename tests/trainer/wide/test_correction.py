from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from scorer.tokenizer import Tokens
from trainer.wide.correction import Adapted, Readings, fit_correction, fit_line, word_features
from trainer.wide.weights import WideWeights

WORDS = 20


def some_tokens(rows: int = 60, longest: int = 30, max_tokens: int = 12) -> Tokens:
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, longest, rows))])
    return Tokens(rng.integers(1, WORDS + 2, offsets[-1]).astype(np.int32), offsets, max_tokens)


def some_labels(tokens: Tokens, word: int) -> np.ndarray:
    """Return labels that a word decides."""
    return np.array([word in tokens.padded(np.array([row])) for row in range(len(tokens))], np.int8)


def readings_of(labels: np.ndarray, parts: np.ndarray, words: csr_matrix) -> Readings:
    return Readings(labels, parts, words, np.ones(len(labels)), np.zeros(len(labels)))


def test_the_features_are_the_factors_with_which_the_layer_adds_up_words() -> None:
    tokens = some_tokens()
    assert (np.diff(tokens.offsets) > tokens.max_tokens).any()
    table = np.random.default_rng(1).normal(size=WORDS + 2).astype(np.float32)
    table[0] = 0
    expected = WideWeights((table,)).sums(tokens)[:, 0]
    np.testing.assert_allclose(word_features(tokens, WORDS) @ table, expected, atol=1e-6)


def test_a_word_that_decides_gets_the_greatest_correction() -> None:
    tokens, word = some_tokens(), 5
    labels = some_labels(tokens, word)
    readings = readings_of(labels, np.zeros((len(labels), 1)), word_features(tokens, WORDS))
    fitted = fit_correction(readings, np.ones(1), 10.0)
    assert fitted.table is not None
    assert int(np.argmax(fitted.table)) == word
    scores = readings.weighed(fitted).scores(Adapted(np.ones(2), 0.0, None))
    assert ((scores >= 0.5) == labels).mean() > 0.9


def test_a_stronger_pull_leaves_less_of_the_correction() -> None:
    tokens = some_tokens()
    labels, features = some_labels(tokens, 5), word_features(tokens, WORDS)
    parts = np.random.default_rng(2).normal(size=(len(labels), 2))
    readings = readings_of(labels, parts, features)
    sizes = [
        np.abs(fit_correction(readings, np.ones(2), strength).table).max()
        for strength in (1e-6, 0.1, 1.0, 10.0)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < 1e-3 < sizes[-1]


def test_without_a_reason_the_slopes_stay_what_they_were() -> None:
    rng = np.random.default_rng(3)
    # Parts that are as sure as they are right.
    parts = rng.normal(0, 2, (4000, 2))
    labels = (rng.random(4000) < 1 / (1 + np.exp(-parts @ [1.0, 0.5]))).astype(np.int8)
    readings = readings_of(labels, parts, word_features(some_tokens(4000), WORDS))
    fitted = fit_correction(readings, np.array([1.0, 0.5]), None)
    np.testing.assert_allclose(fitted.slopes, [1.0, 0.5], atol=0.1)
    assert abs(fitted.shift) < 0.1
    assert fitted.table is None
    # Five reviews say next to nothing.
    few = readings_of(labels[:5], parts[:5] * 0.01, readings.words[:5])
    fitted = fit_correction(few, np.array([1.0, 0.5]), None)
    np.testing.assert_allclose(fitted.slopes, [1.0, 0.5], atol=0.05)


@pytest.mark.parametrize("corrects", [True, False])
def test_a_line_is_multiplied_in(corrects: bool) -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 60).astype(np.int8)
    readings = readings_of(labels, rng.normal(size=(60, 2)), word_features(some_tokens(), WORDS))
    table = rng.normal(size=WORDS + 2).astype(np.float32) if corrects else None
    adapted = Adapted(np.array([0.5, 2.0]), 0.3, table)
    weighed = readings.weighed(adapted)
    line = fit_line(weighed)
    assert len(line.slopes) == 1 + corrects
    whole = readings.weighed(adapted.through(line)).parts.sum(axis=1)
    np.testing.assert_allclose(weighed.scores(line), 1 / (1 + np.exp(-whole)), atol=1e-6)


def test_what_follows_by_length_is_part_of_the_fit() -> None:
    rng = np.random.default_rng(5)
    rows = 4000
    parts = rng.normal(0, 1, (rows, 1))
    slopes, shifts = rng.uniform(0.5, 3, rows), rng.normal(0, 1, rows)
    chances = 1 / (1 + np.exp(-(slopes * (1.2 * parts[:, 0] - 0.3) + shifts)))
    labels = (rng.random(rows) < chances).astype(np.int8)
    readings = Readings(labels, parts, word_features(some_tokens(rows), WORDS), slopes, shifts)
    fitted = fit_correction(readings, np.ones(1), 0.01)
    assert fitted.slopes[0] == pytest.approx(1.2, abs=0.1)
    assert fitted.shift == pytest.approx(-0.3, abs=0.1)
    scores = readings.weighed(fitted).scores(Adapted(np.ones(2), 0.0, None))
    np.testing.assert_allclose(scores, chances, atol=0.1)
