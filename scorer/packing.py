"""Packing: which rows go through the network together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

# Padded steps of the LSTM in a micro-batch. Its gate buffer takes 4 · hidden floats a step and
# direction, 1 KiB at 64 units, so 1,536 steps stay within the cache. Measured:
# tests/benchmarks/README.md.
STEP_BUDGET = 1536
# Rows that a micro-batch may hold beyond the budget, because single rows starve the matrix product;
# only if the longest is at most a quarter longer than the shortest.
LEAST_ROWS = 4
ALIKE = 1.25


def micro_batches(
    lengths: npt.NDArray[np.int64], budget: int = STEP_BUDGET, least: int = LEAST_ROWS
) -> Iterator[npt.NDArray[np.int64]]:
    """Group rows into batches of similar length, so that almost nothing is padded.

    Rows of length 0 are left out.

    Args:
        lengths: ``int64[rows]``, in tokens.
        budget: most padded tokens in a batch, unless ``least`` rows of similar length need more.
        least: rows that a batch may hold beyond its budget.

    Yields:
        ``int64[batch]``, row numbers.

    >>> [rows.tolist() for rows in micro_batches(np.array([3, 0, 9, 4, 3]), budget=8, least=1)]
    [[0, 4], [3], [2]]
    """
    order = np.argsort(lengths, kind="stable")
    order = order[np.count_nonzero(lengths == 0) :]
    ordered = lengths[order]
    start = 0
    while start < len(order):
        # Lengths rise, so the padded size rises with each row: bisection finds the batch's end.
        ahead = ordered[start : start + max(least, budget // int(ordered[start]))]
        padded = ahead * np.arange(1, len(ahead) + 1)
        within = int(np.searchsorted(padded, budget, side="right"))
        alike = int(np.searchsorted(ahead[:least], ALIKE * ordered[start], side="right"))
        count = max(within, alike)
        yield order[start : start + count]
        start += count
