"""The band of uncertain scores: between which held-out reviews were right too seldom.

Of all held-out reviews outside the band as many were right as was asked for. The band follows from
the reference of the model file, whose scores are cross-fitted: none was read through a calibration
that had learned from it. It reaches equally far to both sides of the threshold, in logits, and no
farther than it must. That is selective classification (El-Yaniv & Wiener 2010, JMLR 11) with the
lowest threshold on the confidence that reaches the accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import Card
from scorer.errors import UsageError
from scorer.reference import SCORE_EDGES, Counted, Reference

# A band must leave so many held-out reviews outside that this many of them are wrong if what was
# asked for is kept: then that part is known within a fifth of it. With ten, 316 reviews of a domain
# promised 95% without any band, and 91% of its test reviews were right.
FEWEST_WRONG = 25


@dataclass(frozen=True)
class Band:
    """Scores from ``low``, included, to ``high``, left out; none of equal ends.

    Attributes:
        low: the lowest score in the band.
        high: the lowest score above it.
        right: fraction of the held-out reviews outside that were labelled rightly.
        outside: fraction of the held-out reviews that lie outside.
    """

    low: float
    high: float
    right: float
    outside: float

    def holds(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Return which scores lie in the band.

        Args:
            scores: ``float32[rows]``; NaN doesn't.

        >>> Band(0.25, 0.75, 0.95, 0.8).holds(np.array([0.2, 0.25, 0.75], np.float32)).tolist()
        [False, True, False]
        """
        values = scores.astype(np.float64)
        return np.asarray((values >= self.low) & (values < self.high))


def band_of(card: Card, asked: float, name: str, domain: str | None = None) -> Band:
    """Return the narrowest band outside which a model's held-out reviews were right often enough.

    Args:
        card: of the model.
        asked: fraction of the reviews outside that has to be right.
        name: of the model, for messages.
        domain: whose held-out reviews; all of the model's if None.

    Raises:
        UsageError: the model file has no cross-fitted curve, knows no such domain, or no band is
            wide enough.
    """
    what = f"reading the options: --uncertain {asked:g}"
    if card.reference is None or card.calibration.folds is None:
        raise UsageError(
            f"{what} needs the cross-fitted curve of held-out reviews, which the model {name} "
            "doesn't hold; export it again from a run of this release, or leave the option out"
        )
    counted = _counted(card.reference, domain, name)
    fewest = math.ceil(round(FEWEST_WRONG / (1 - asked), 6))
    for band in _bands(counted, card.threshold):
        if band.right >= asked and band.outside * counted.reviews >= fewest:
            return band
    raise UsageError(
        f"{what}: no band of scores leaves {fewest:,} of the {counted.reviews:,} held-out reviews "
        f"of the model {name} outside, and that part of them right; name a smaller fraction"
    )


def _counted(reference: Reference, domain: str | None, name: str) -> Counted:
    if domain is None:
        return reference.all
    domains = reference.domains or {}
    if domain not in domains:
        known = ", ".join(sorted(domains)) or "none: leave the option out"
        raise UsageError(
            f"reading the options: --uncertain-domain {domain}: the model {name} has no held-out "
            f"reviews of it; name one of {known}"
        )
    return domains[domain]


def _bands(counted: Counted, threshold: float) -> Iterator[Band]:
    """Yield the bands around a threshold, the narrowest first, as long as a review is outside."""
    edges = np.concatenate([[0.0], SCORE_EDGES, [1.0]])
    low, high = (
        int(np.searchsorted(edges, threshold, "right")) - 1,
        int(np.searchsorted(edges, threshold, "left")),
    )
    negative, positive = np.array(counted.negative), np.array(counted.positive)
    for step in range(min(low, len(edges) - 1 - high) + 1):
        below, above = slice(None, low - step), slice(high + step, None)
        right = int(negative[below].sum() + positive[above].sum())
        outside = right + int(positive[below].sum() + negative[above].sum())
        if not outside:
            return
        ends = float(edges[low - step]), float(edges[high + step])
        yield Band(*ends, right / outside, outside / counted.reviews)
