"""Confidence intervals, 95%: what a figure may be on other reviews of the same source.

They count each review once: reviews of one product that resemble each other make them too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import Metrics
from scorer.intervals import Interval, Z, wilson_interval

STORED_DIGITS = 4


@dataclass(frozen=True)
class Intervals:
    """Intervals of the metrics that people compare.

    Attributes:
        accuracy: lowest and highest.
        auc: lowest and highest.
    """

    accuracy: Interval
    auc: Interval

    @classmethod
    def of(cls, metrics: Metrics, labels: npt.NDArray[np.int8]) -> Intervals:
        """Return the intervals of metrics on reviews with these labels, ``int8[reviews]``."""
        positive = int(labels.sum())
        right = round(metrics.accuracy * len(labels))
        auc = auc_interval(metrics.auc, positive, len(labels) - positive)
        return cls(_rounded(wilson_interval(right, len(labels))), _rounded(auc))


def mean_interval(values: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """Return the interval of the mean of independent figures, of those of each.

    The distances of the ends from the figures add up as standard errors do (Zou & Donner 2008,
    https://doi.org/10.1002/sim.3095), so that it has a width where all figures are 1.

    >>> [round(bound, 3) for bound in mean_interval([0.9, 0.7], [(0.8, 0.95), (0.6, 0.8)])]
    [0.729, 0.856]
    """
    mean = sum(values) / len(values)
    below = [value - low for value, (low, _) in zip(values, intervals, strict=True)]
    above = [high - value for value, (_, high) in zip(values, intervals, strict=True)]
    low, high = (math.hypot(*distances) / len(values) for distances in (below, above))
    return mean - low, mean + high


def auc_interval(auc: float, positive: int, negative: int) -> Interval:
    """Return the interval of an area under the ROC curve.

    It holds every area from which the measured one is less than 1.96 standard errors away
    (Newcombe 2006, https://doi.org/10.1002/sim.2324, method 5; the standard error is that of Hanley
    & McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747). As with Wilson's interval, it
    has a width where the measured area is 1.

    Args:
        auc: measured area.
        positive: number of positive reviews.
        negative: number of negative reviews.

    >>> [round(bound, 3) for bound in auc_interval(1.0, 10, 20)]
    [0.849, 1.0]
    """
    from scipy.optimize import brentq

    pairs, half = positive * negative, (positive + negative) / 2 - 1

    def excess(area: float) -> float:
        """Return by how much the squared distance exceeds what chance explains."""
        variance = area * (1 - area) / pairs
        variance *= 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        return (auc - area) ** 2 - Z**2 * variance

    step = 1e-9
    low = brentq(excess, 0.0, auc - step) if auc > step else 0.0
    high = brentq(excess, auc + step, 1.0) if auc < 1 - step else 1.0
    return float(low), float(high)


def _rounded(interval: Interval) -> Interval:
    return round(interval[0], STORED_DIGITS), round(interval[1], STORED_DIGITS)
