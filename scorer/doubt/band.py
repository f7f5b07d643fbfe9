"""The band of uncertain scores: between which held-out reviews were right too seldom.

Of all held-out reviews outside the band as many were right as was asked for. The band follows from
the reference of the model file, whose scores are cross-fitted: none was read through a calibration
that had learned from it. It reaches equally far to both sides of the threshold, in logits, and no
farther than it must. That is selective classification (El-Yaniv & Wiener 2010, JMLR 11) with the
lowest threshold on the confidence that reaches the accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import Card
from scorer.errors import UsageError
from scorer.reference import SCORE_EDGES, Counted

# So many held-out reviews must lie outside, or their accuracy says little.
FEWEST_OUTSIDE = 100


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


def band_of(card: Card, asked: float, name: str) -> Band:
    """Return the narrowest band outside which a model's held-out reviews were right often enough.

    Args:
        card: of the model.
        asked: fraction of the reviews outside that has to be right.
        name: of the model, for messages.

    Raises:
        UsageError: the model file has no cross-fitted curve, or no band is wide enough.
    """
    what = f"reading the options: --uncertain {asked:g}"
    if card.reference is None or card.calibration.folds is None:
        raise UsageError(
            f"{what} needs the cross-fitted curve of held-out reviews, which the model {name} "
            "doesn't hold; export it again from a run of this release, or leave the option out"
        )
    bands = _bands(card.reference.all, card.threshold)
    fitting = next((band for band in bands if band.right >= asked), None)
    if fitting is None:
        best = max((band.right for band in bands), default=0.0)
        raise UsageError(
            f"{what}: of the held-out reviews of the model {name} at most {best:.1%} were right "
            "outside any band; name a smaller fraction"
        )
    return fitting


def _bands(counted: Counted, threshold: float) -> list[Band]:
    """Return the bands around a threshold that leave enough reviews outside, narrowest first."""
    edges = np.concatenate([[0.0], SCORE_EDGES, [1.0]])
    low, high = (
        int(np.searchsorted(edges, threshold, "right")) - 1,
        int(np.searchsorted(edges, threshold, "left")),
    )
    negative, positive = np.array(counted.negative), np.array(counted.positive)
    found = []
    for step in range(min(low, len(edges) - 1 - high) + 1):
        below, above = slice(None, low - step), slice(high + step, None)
        right = int(negative[below].sum() + positive[above].sum())
        outside = right + int(positive[below].sum() + negative[above].sum())
        if outside < FEWEST_OUTSIDE:
            break
        ends = float(edges[low - step]), float(edges[high + step])
        found.append(Band(*ends, right / outside, outside / counted.reviews))
    return found
