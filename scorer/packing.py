"""Packing: which rows go through the network together."""

from __future__ import annotations

from bisect import bisect_right
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
    ordered = lengths[order].tolist()
    start = 0
    while start < len(ordered):
        shortest = ordered[start]
        most = min(max(least, budget // shortest), len(ordered) - start)
        # Lengths rise, so the padded size rises with each row: bisection finds the batch's end.
        within = bisect_right(
            range(1, most + 1), budget, key=lambda count: count * ordered[start + count - 1]
        )
        alike = bisect_right(ordered, ALIKE * shortest, start, start + min(least, most)) - start
        count = max(within, alike)
        yield order[start : start + count]
        start += count
