"""What can be said of two answers to the same questions."""

from __future__ import annotations

from math import comb, erfc, sqrt

# Up to so many rows on which only one is right, the test is exact.
MOST_EXACT = 1000


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
