"""The interval of a fraction, 95%: what it may be on other reviews of the same source."""

from __future__ import annotations

from math import sqrt

# Quantile of the normal distribution for 95%.
Z = 1.959964

Interval = tuple[float, float]


def wilson_interval(hits: int, count: int) -> Interval:
    """Return the interval of a fraction (Wilson 1927, https://doi.org/10.2307/2276774).

    >>> [round(bound, 3) for bound in wilson_interval(28, 30)]
    [0.787, 0.982]
    """
    center = (hits + Z**2 / 2) / (count + Z**2)
    half = Z * sqrt(hits * (count - hits) / count + Z**2 / 4) / (count + Z**2)
    return max(0.0, center - half), min(1.0, center + half)
