"""The reference of a model file: the held-out reviews of its run, counted in bins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scorer.reference import (
    VERSION,
    Counted,
    Reference,
    count_lengths,
    count_scores,
    count_unknown,
)
from scorer.system.escape import escaped
from scorer.tokenizer import Tokens
from trainer.data.reviews import Reviews

Rows = npt.NDArray[np.bool_]


def make_reference(
    scores: npt.NDArray[np.float32] | None, held_out: Reviews, tokens: Tokens
) -> Reference | None:
    """Count the held-out reviews that have a token; None if there are no scores.

    Args:
        scores: ``float32[reviews]``, cross-fitted where the run has folds; None if it kept none.
        held_out: the held-out reviews.
        tokens: their tokens.
    """
    if scores is None:
        return None
    lengths = np.diff(tokens.offsets)
    unknown = tokens.unknown_by_row
    positive = held_out.labels == 1

    def count(rows: Rows) -> Counted:
        counted = (
            count_scores(scores[rows & ~positive]),
            count_scores(scores[rows & positive]),
            count_lengths(lengths[rows]),
            count_unknown(unknown[rows], lengths[rows]),
        )
        return Counted(*(tuple(counts.tolist()) for counts in counted))

    kept = (lengths > 0) & ~np.isnan(scores)
    return Reference(VERSION, count(kept), _by_domain(count, kept, held_out))


def _by_domain(
    count: Callable[[Rows], Counted], kept: Rows, held_out: Reviews
) -> dict[str, Counted] | None:
    """Count the kept rows of each domain, ``bool[reviews]``; None where there is one only."""
    counted = {}
    for name, rows in held_out.rows_of_domains().items():
        inside = np.zeros(len(held_out), bool)
        inside[rows] = kept[rows]
        if inside.any():
            counted[escaped(name)] = count(inside)
    return counted if len(counted) > 1 else None
