"""The reviews that a run got wrong with the greatest confidence, for people to read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.pages.page import paragraph, quotations, section
from scorer.pages.text import cut_text
from trainer.report.held_out import HeldOut
from trainer.report.measured import figure

# More of a review is not shown.
SHOWN_CHARACTERS = 300
HEADINGS = ("Labelled negative, called positive", "Labelled positive, called negative")
TELLS = (
    "The held-out reviews furthest on the wrong side of 0.5; long ones are cut. Wrong labels show "
    "here first: read these before you trust the figures."
)
NONE = "No held-out review is on the wrong side of 0.5."


@dataclass(frozen=True)
class Mistake:
    """A review whose score is on the wrong side.

    Attributes:
        text: the review.
        score: its score.
        words: number of its words.
        domain: its domain, if it is known.
    """

    text: str
    score: float
    words: int
    domain: str | None


def worst_mistakes(held_out: HeldOut, label: int, most: int) -> list[Mistake]:
    """Return the reviews of a label on the wrong side of 0.5, the furthest first.

    Args:
        held_out: the held-out reviews.
        label: 0 or 1.
        most: number of them, at most.
    """
    is_wrong = (held_out.scores >= 0.5) != (held_out.labels == 1)
    wrong = np.flatnonzero(is_wrong & (held_out.labels == label))
    distance = np.abs(held_out.scores[wrong].astype(np.float64) - label)
    furthest = wrong[np.argsort(-distance, kind="stable")][:most]
    return [_mistake(held_out, row) for row in furthest.tolist()]


def _mistake(held_out: HeldOut, row: int) -> Mistake:
    domains = held_out.reviews.domains
    return Mistake(
        held_out.reviews.texts[row].as_py(),
        float(held_out.scores[row]),
        int(held_out.words[row]),
        None if domains is None else domains[row].as_py(),
    )


def confident_errors(held_out: HeldOut | None, most: int) -> list[str]:
    """Return the section; none where no review is to be shown, or no score is known.

    Args:
        held_out: the held-out reviews, if their scores are known.
        most: number of reviews of each label, at most.
    """
    if held_out is None or not most:
        return []
    lists = []
    for label, heading in enumerate(HEADINGS):
        mistakes = worst_mistakes(held_out, label, most)
        if mistakes:
            quoted = [(_told(one), cut_text(one.text, SHOWN_CHARACTERS)) for one in mistakes]
            lists.append(quotations(heading, quoted))
    return [section("The most confident errors", *lists, paragraph(TELLS if lists else NONE))]


def _told(one: Mistake) -> str:
    """Return what is told of a review, beside its text."""
    words = "1 word" if one.words == 1 else f"{one.words:,} words"
    domain = "" if one.domain is None else f", {one.domain}"
    return f"score {figure(one.score)}, {words}{domain}"
