"""The reviews that a run got wrong with the greatest confidence, for people to read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.pages.page import paragraph, quotations, section
from scorer.pages.text import cut_text
from trainer.report.held_out import HeldOut
from trainer.report.measured import figure

# More of a review is not shown.
SHOWN_CHARACTERS = 400
LABELS = ("negative", "positive")
TELLS = (
    "Long reviews are cut. Wrong labels show here first: read these before you trust the figures."
)
NONE = "No held-out review is on the wrong side of 0.5."


@dataclass(frozen=True)
class Mistake:
    """A review whose score is on the wrong side.

    Attributes:
        label: its label, 1 for positive.
        text: the review.
        score: its score.
        words: number of its words.
        domain: its domain, if it is known.
    """

    label: int
    text: str
    score: float
    words: int
    domain: str | None


def worst_mistakes(held_out: HeldOut, most: int) -> list[Mistake]:
    """Return the reviews on the wrong side of 0.5, the furthest first; at most so many."""
    labels, domains = held_out.reviews.labels, held_out.reviews.domains
    distance = np.abs(held_out.scores.astype(np.float64) - labels)
    wrong = np.flatnonzero((held_out.scores >= 0.5) != (labels == 1))
    furthest = wrong[np.argsort(-distance[wrong], kind="stable")][:most]
    return [
        Mistake(
            int(labels[row]),
            held_out.reviews.texts[row].as_py(),
            float(held_out.scores[row]),
            int(held_out.words[row]),
            None if domains is None else domains[row].as_py(),
        )
        for row in furthest.tolist()
    ]


def confident_errors(held_out: HeldOut | None, most: int) -> list[str]:
    """Return the section; none where no review is to be shown, or no score is known."""
    if held_out is None or not most:
        return []
    mistakes = worst_mistakes(held_out, most)
    if not mistakes:
        return [section("The most confident errors", paragraph(NONE))]
    heading = f"The {len(mistakes)} held-out reviews furthest on the wrong side"
    quoted = [(_told(one), cut_text(one.text, SHOWN_CHARACTERS)) for one in mistakes]
    return [section("The most confident errors", quotations(heading, quoted), paragraph(TELLS))]


def _told(one: Mistake) -> str:
    """Return what is told of a review, beside its text."""
    words = "1 word" if one.words == 1 else f"{one.words:,} words"
    domain = "" if one.domain is None else f", {one.domain}"
    return f"labelled {LABELS[one.label]}, score {figure(one.score)}, {words}{domain}"
