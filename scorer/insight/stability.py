"""The population stability index: how far counts lie from those of a reference, and what is chance.

    PSI = Σ (found − expected) · ln(found / expected)

over the fractions of each bin. The bins are deciles of the reference and two tail bins on each
side, of half a percent each. Without drift, PSI is about (1/n + 1/m) times a chi-square variable
with one degree of freedom less than there are bins, n and m being the rows of both sides
(Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

# Parts of the reference below the bounds of a bin.
QUANTILES = np.array([0.005, 0.01, *(tenth / 10 for tenth in range(1, 10)), 0.99, 0.995])
# What a normal variable exceeds once in 2,000 times. In bins of a few rows the index has a longer
# tail than chi-square: in simulations it exceeds its bound up to 1.7 times in a thousand, and there
# are three indices a run.
RARE = 3.2905
# An empty bin counts as half a row, so that its logarithm is finite.
FLOOR = 0.5


def cuts(reference: Sequence[int]) -> list[int]:
    """Return the fine bins at which a coarse one begins, but the first.

    Each quantile takes the nearest bound between fine bins, so values that many rows share aren't
    split: such a distribution has fewer coarse bins.

    Args:
        reference: ``int[fine bins]``, the counts of the reference.

    >>> cuts([0, 500, 0, 500, 0, 0])
    [1, 2, 4]
    """
    counts = np.asarray(reference, np.int64)
    # Of the reference below each bound; the first bound lies before all bins.
    below = np.concatenate([[0], np.cumsum(counts)])
    # Of bounds with the same rows below them the first is found; before all rows, the last counts.
    nearest = np.abs(below - QUANTILES[:, None] * below[-1]).argmin(axis=1)
    smallest = int(np.flatnonzero(counts).min(initial=len(counts)))
    found = {bound if below[bound] else max(bound, smallest) for bound in nearest.tolist()}
    return sorted(found - {0, len(counts)})


def coarse(counts: Sequence[int], bounds: Sequence[int]) -> Numbers:
    """Add up fine bins into coarse ones, ``int64[bounds + 1]``.

    >>> coarse([1, 2, 3, 4], [1, 3]).tolist()
    [1, 5, 4]
    """
    return np.add.reduceat(np.asarray(counts, np.int64), [0, *bounds])


def stability_index(expected: Numbers, found: Numbers) -> float:
    """Return the population stability index of two counts of the same bins; both have rows.

    >>> stability_index(np.array([50, 50]), np.array([50, 50]))
    0.0
    >>> round(stability_index(np.array([50, 50]), np.array([100, 0])), 2)
    2.63
    """
    one, two = _fractions(expected), _fractions(found)
    return float(np.sum((two - one) * np.log(two / one)))


def _fractions(counts: Numbers) -> npt.NDArray[np.float64]:
    fractions: npt.NDArray[np.float64] = np.maximum(counts, FLOOR) / counts.sum()
    return fractions


def chance(bins: int, expected: int, found: int) -> float:
    """Return the index that chance exceeds about once in a thousand times.

    Args:
        bins: number of bins.
        expected: rows of the reference.
        found: rows of the run.

    >>> round(chance(14, 2000, 1000), 3)
    0.055
    """
    freedom = bins - 1
    if not freedom:
        return 0.0
    # Wilson and Hilferty 1931: the cube root of a chi-square variable is nearly normal.
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + RARE * math.sqrt(spread)) ** 3
    return quantile * (1 / expected + 1 / found)
