"""Rows of token ids: cut to what the teacher reads, and padded to a batch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Tokens that the teacher reads of a text, its two marks included.
TOKENS = 224
MARKS = 2


def plain(text: str) -> str:
    """Return a text without line breaks in HTML.

    >>> plain("Fun.<br /><br />Go!")
    'Fun.  Go!'
    """
    return re.sub(r"<br\s*/?>", " ", text)


def head_and_tail(ids: list[int], most: int = TOKENS - MARKS) -> list[int]:
    """Return the first third and the last two thirds of what may be read of a longer text.

    The end of a review tells more than its beginning. Of 222 tokens these are 74 and 148.

    >>> head_and_tail([1, 2, 3, 4, 5], most=3)
    [1, 4, 5]
    """
    if len(ids) <= most:
        return ids
    first = most // 3
    return ids[:first] + ids[len(ids) - (most - first) :]


def padded(
    rows: Sequence[list[int]], pad: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a batch of rows, ``int64[rows, longest]``, and its mask, 1 where there is a token.

    >>> padded([[5], [6, 7]], pad=1)[0].tolist()
    [[5, 1], [6, 7]]
    """
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, pad)
    ids[mask] = np.concatenate(rows)
    return ids, mask.astype(np.int64)


def batches_by_length(lengths: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each batch, of similar length, the shortest first.

    >>> [rows.tolist() for rows in batches_by_length(np.array([9, 1, 5]), size=2)]
    [[1, 2], [0]]
    """
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]
