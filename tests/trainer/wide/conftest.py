"""Small training data for the wide branch, and its fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from scorer.tokenizer import Tokens
from tiny import tiny_reviews
from trainer.data.vocabulary import build_tokenizer
from trainer.wide.folds import FoldedWeights, fit_folds
from trainer.wide.weights import Examples, WideWeights

SLOTS = 256


@dataclass(frozen=True)
class SmallSet:
    tokens: Tokens
    labels: np.ndarray
    words: int
    slots: int = SLOTS


def read_tiny(rows: int = 300, seed: int = 0) -> SmallSet:
    reviews = tiny_reviews(rows, seed)
    tokenizer = build_tokenizer(tiny_reviews().texts, words=50, max_tokens=100)
    return SmallSet(tokenizer.encode(reviews.texts), reviews.labels, len(tokenizer.words))


@pytest.fixture(scope="package")
def training() -> SmallSet:
    return read_tiny()


@pytest.fixture(scope="package")
def other() -> SmallSet:
    return read_tiny(seed=7)


@pytest.fixture(scope="package")
def make_examples(training: SmallSet) -> Callable[..., Examples]:
    def make(targets: np.ndarray | None = None, crops: int | None = None) -> Examples:
        labels = training.labels if targets is None else targets
        targets = labels.astype(np.float32)
        return Examples.of(training.tokens, targets, training.words, 3, SLOTS, crops)

    return make


@pytest.fixture(scope="package")
def examples(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples()


@pytest.fixture(scope="package")
def fitted(examples: Examples) -> WideWeights:
    return examples.fit()


@pytest.fixture(scope="package")
def folded(examples: Examples) -> FoldedWeights:
    return fit_folds(examples, np.arange(300) // 3, seed=0)
