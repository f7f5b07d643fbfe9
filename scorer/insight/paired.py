"""What can be said of two answers to the same questions."""

from __future__ import annotations

from math import comb, erfc, sqrt

# Quantile of the normal distribution for 95%.
Z = 1.959964
# Up to so many rows on which only one is right, the test is exact.
MOST_EXACT = 1000


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the 95% interval of a fraction (Wilson 1927, https://doi.org/10.2307/2276774).

    >>> [round(bound, 3) for bound in wilson_interval(28, 30)]
    [0.787, 0.982]
    """
    center = (hits + Z**2 / 2) / (count + Z**2)
    half = Z * sqrt(hits * (count - hits) / count + Z**2 / 4) / (count + Z**2)
    return max(0.0, center - half), min(1.0, center + half)


def mcnemar(only_one: int, only_other: int) -> float:
    """Return how likely so large a difference is by chance, if both are right equally often.

    McNemar's test, two-sided (McNemar 1947, https://doi.org/10.1007/BF02295996): exact up to 1,000
    rows on which only one is right, beyond that by the chi-square distribution, corrected for
    continuity (Edwards 1948, https://doi.org/10.1007/BF02289261).

    >>> mcnemar(1, 8), mcnemar(0, 0)
    (0.0390625, 1.0)
    """
    rows = only_one + only_other
    if not rows:
        return 1.0
    if rows <= MOST_EXACT:
        tail = sum(comb(rows, hits) for hits in range(min(only_one, only_other) + 1))
        return float(min(1.0, 2 * tail / 2**rows))
    return erfc((abs(only_one - only_other) - 1) / sqrt(2 * rows))
