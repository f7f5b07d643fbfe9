"""Balance: how much a review counts, so that large domains don't decide alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def importance_of(
    domains: pa.LargeStringArray | None, power: float
) -> npt.NDArray[np.float64] | None:
    """Return the importance of each review, ``float64[reviews]``; None where all are alike.

    It is (mean size of a domain / size of its domain) to the power: at 0 each review counts alike,
    at 1 each domain. A review without a domain counts 1.

    Args:
        domains: ``large_string[reviews]``, the domain of each review, null where it isn't known.
        power: from 0 to 1.

    >>> importance_of(pa.array(["a", "a", "a", "b"], pa.large_string()), 1.0).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    if domains is None or not power:
        return None
    codes = np.asarray(pc.fill_null(domains.dictionary_encode().indices, -1))
    named = codes >= 0
    sizes = np.bincount(codes[named])
    if len(sizes) < 2:
        return None
    importance = np.ones(len(codes))
    importance[named] = ((sizes.mean() / sizes) ** power)[codes[named]]
    return importance
