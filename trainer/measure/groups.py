"""Scored reviews in groups: by score, by label and prediction, by length, by threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.intervals import Interval, wilson_interval
from trainer.measure.metrics import CALIBRATION_BINS, calibration_bins

# The lengths that `scorer compare` tells apart, in words: the longest of each group but the last.
LENGTHS = {"1 to 10 words": 10, "11 to 30": 30, "31 to 100": 100, "101 to 300": 300}
LONGEST = "more than 300"


@dataclass(frozen=True)
class Fraction:
    """A fraction of some reviews.

    Attributes:
        hits: number of reviews that count.
        reviews: number of reviews; at least one.
    """

    hits: int
    reviews: int

    @property
    def value(self) -> float:
        """The fraction."""
        return self.hits / self.reviews

    @property
    def interval(self) -> Interval:
        """Its 95% interval."""
        return wilson_interval(self.hits, self.reviews)


@dataclass(frozen=True)
class ScoreBin:
    """Reviews whose scores are in one bin.

    Attributes:
        score: their mean score.
        positive: the fraction that is positive.
    """

    score: float
    positive: Fraction


def score_bins(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> list[ScoreBin]:
    """Return the bins of the calibration error that hold a review, from 0 to 1.

    Args:
        scores: ``float32[reviews]``, in [0, 1].
        labels: ``int8[reviews]``.

    >>> score_bins(np.array([0.25, 0.25, 1.0], np.float32), np.array([0, 1, 1], np.int8))[0]
    ScoreBin(score=0.25, positive=Fraction(hits=1, reviews=2))
    """
    exact = scores.astype(np.float64)
    bins = calibration_bins(exact)
    counts, sums, hits = (
        np.bincount(bins, weights, CALIBRATION_BINS) for weights in (None, exact, labels)
    )
    return [
        ScoreBin(float(sums[one] / counts[one]), Fraction(int(hits[one]), int(counts[one])))
        for one in np.flatnonzero(counts)
    ]


def confusion(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]
) -> npt.NDArray[np.int64]:
    """Count reviews, ``int64[label, prediction]``; a score from 0.5 on is a positive prediction.

    >>> confusion(np.array([0.5, 0.1, 0.9], np.float32), np.array([0, 0, 1], np.int8)).tolist()
    [[1, 1], [0, 1]]
    """
    cells = 2 * labels.astype(np.int64) + (scores >= 0.5)
    return np.bincount(cells, minlength=4).reshape(2, 2)


def accuracy_by_length(
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8],
    lengths: npt.NDArray[np.int64],
) -> dict[str, Fraction]:
    """Return the accuracy of each length that occurs, the shortest first.

    Args:
        scores: ``float32[reviews]``, in [0, 1].
        labels: ``int8[reviews]``.
        lengths: ``int64[reviews]``, words of each, at least one.
    """
    right = (scores >= 0.5) == (labels == 1)
    groups = np.searchsorted(list(LENGTHS.values()), lengths, "left")
    names = [*LENGTHS, LONGEST]
    return {names[one]: fraction_of(right[groups == one]) for one in np.unique(groups)}


def fraction_of(hits: npt.NDArray[np.bool_] | Sequence[bool]) -> Fraction:
    """Return the fraction of reviews that count, ``bool[reviews]``; at least one review."""
    return Fraction(int(np.count_nonzero(hits)), len(hits))


def roc_points(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]
) -> npt.NDArray[np.float64]:
    """Return the corners of the ROC curve, ``float64[2, points]``, from (0, 0) to (1, 1).

    The first row is the fraction of negative reviews scored at or above a threshold, the second
    that of positive ones. There is a point for each score that turns the curve.

    >>> roc_points(np.array([0.9, 0.8, 0.8, 0.1]), np.array([1, 1, 0, 0], np.int8)).tolist()
    [[0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0]]
    """
    order = np.argsort(-scores, kind="stable")
    ordered, positive = scores[order], labels[order] == 1
    last_of_score = np.append(ordered[1:] != ordered[:-1], True)
    counts = np.stack([np.cumsum(~positive), np.cumsum(positive)])[:, last_of_score]
    counts = np.concatenate([np.zeros((2, 1), np.int64), counts], axis=1)
    steps = np.diff(counts)
    # Where the next step goes the same way, the point between lies on the line.
    turns = steps[0, 1:] * steps[1, :-1] != steps[0, :-1] * steps[1, 1:]
    kept = counts[:, np.concatenate([[True], turns, [True]])]
    return np.asarray(kept / counts[:, -1:])
