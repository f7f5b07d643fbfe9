"""Words and hashed pairs of words as features: where each stands in a table, and how much it leans to one side."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# Primes whose products with ids below 2¹⁵ add up to less than 2³¹: the same slot on every runtime, none of which agrees on overflow.
HASHED_IDS = 1 << 15
FIRST_FACTOR, SECOND_FACTOR = 40_487, 24_977

# Added to every count, so that a word met on one side only doesn't decide alone (Wang & Manning 2012, ACL P12-2018).
SMOOTHING = 1.0


def bigram_slots(first: Any, second: Any, slots: int) -> Any:
    """Return the slot of each pair of ids, from 1: slot 0 is that of padding and weighs nothing.

    Args:
        first: ``int32``, ids of any shape; none is padding.
        second: ``int32``, the ids after them.
        slots: of the table.

    >>> bigram_slots(np.array([2, 3]), np.array([3, 2]), 100).tolist()
    [7, 77]
    """
    return 1 + (first % HASHED_IDS * FIRST_FACTOR + second % HASHED_IDS * SECOND_FACTOR) % (slots - 1)


def log_ratios(places: npt.NDArray[np.integer[Any]], targets: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Return the naive-Bayes log ratio of each feature: how much likelier it is in a positive review (Wang & Manning 2012).

    Args:
        places: ``int[n]``, features met.
        targets: ``float32[n]``, how positive the review is in which each was met.
        size: how many features there are.
    """
    positive = np.bincount(places, weights=targets, minlength=size) + SMOOTHING
    negative = np.bincount(places, weights=1 - targets, minlength=size) + SMOOTHING
    ratios = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return np.asarray(ratios, np.float32)
