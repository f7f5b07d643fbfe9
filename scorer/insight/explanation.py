"""What carried the score of one review: an answer that can be looked at, printed and drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A token of a review.

    Attributes:
        token: as the network read it: lower-case, entities decoded.
        start: its first character in the review's text.
        end: the character after its last one.
        contribution: what it adds to the logit.
        score_without: what the score would be with an unknown word in its place; None if that
            wasn't asked for.
    """

    token: str
    start: int
    end: int
    contribution: float
    score_without: float | None = None


@dataclass(frozen=True)
class Explanation:
    """A review, its score, and what that is the sum of.

    The contributions of all words, the bias and the calibration add up to the logit, and the score
    is its sigmoid: ``1 / (1 + exp(-logit))``.

    Attributes:
        text: the review; invalid UTF-8 is replaced, as by :meth:`bytes.decode`.
        score: the probability of positive; None for a review without a token.
        label: "positive" or "negative"; None without a score.
        logit: NaN without a score.
        bias: what every review of this length gets.
        calibration: what the calibration by length adds.
        words: those that the network read, in order.
        unread: tokens before them, which it didn't read.
    """

    text: str
    score: float | None
    label: str | None
    logit: float
    bias: float
    calibration: float
    words: tuple[Word, ...]
    unread: int = 0

    @property
    def strongest(self) -> tuple[Word, ...]:
        """The words by falling strength, whatever their sign; of equal ones the first."""
        return tuple(sorted(self.words, key=lambda word: -abs(word.contribution)))

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from scorer.reports.explanation_page import fragment

        return fragment(self)
