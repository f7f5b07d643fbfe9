"""Crops: one to three sentences of a review, for the teacher to read by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorer.errors import UsageError

SENTENCE_ENDS = r"(?:\s*<br\s*/?>\s*)+|(?<=[.!?])\s+"


@dataclass(frozen=True)
class Crops:
    """How crops are cut.

    Attributes:
        sentences: most sentences of a crop.
        words: most words of it.
        least: fewest words of it.
        cut: fraction of crops that begin and end within a sentence.
    """

    sentences: int = 3
    words: int = 60
    least: int = 3
    cut: float = 0.25

    def __post_init__(self) -> None:
        if self.sentences < 1 or not 1 <= self.least <= self.words or not 0 <= self.cut <= 1:
            raise UsageError(
                f"cutting crops: {self.sentences} sentences, {self.least} to {self.words} words "
                f"and a fraction of {self.cut} don't fit together"
            )

    def draw(self, text: str, rng: np.random.Generator) -> str | None:
        """Return a crop of a text; None if what was drawn has too few words."""
        sentences = split_sentences(text)
        if not sentences:
            return None
        count = int(rng.integers(1, min(self.sentences, len(sentences)) + 1))
        first = int(rng.integers(len(sentences) - count + 1))
        words = " ".join(sentences[first : first + count]).split()
        if rng.random() < self.cut:
            words = self._cut_within(words, rng)
        words = words[: self.words]
        return " ".join(words) if len(words) >= self.least else None

    def _cut_within(self, words: Sequence[str], rng: np.random.Generator) -> Sequence[str]:
        """Drop words at both ends, up to a half in all; at least the fewest words stay."""
        most = max(0, min(len(words) // 2, len(words) - self.least))
        dropped = int(rng.integers(most + 1))
        first = int(rng.integers(dropped + 1))
        return words[first : len(words) - (dropped - first)]


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text; a line break in HTML ends one.

    >>> split_sentences("Fun!  Go.<br /><br />Or not")
    ['Fun!', 'Go.', 'Or not']
    """
    parts = (part.strip() for part in re.split(SENTENCE_ENDS, text))
    return [part for part in parts if part]
