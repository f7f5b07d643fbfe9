"""The reference of a model file: the held-out reviews of its run, counted in bins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scorer.reference import VERSION, Reference, count_lengths, count_scores, count_unknown
from scorer.tokenizer import UNKNOWN_ID, Tokens
from trainer.data.reviews import Reviews


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
    of_unknown = tokens.owners[tokens.ids == UNKNOWN_ID]
    unknown = np.bincount(of_unknown, minlength=len(tokens))
    kept = (lengths > 0) & ~np.isnan(scores)
    positive = held_out.labels == 1
    counted = (
        count_scores(scores[kept & ~positive]),
        count_scores(scores[kept & positive]),
        count_lengths(lengths[kept]),
        count_unknown(unknown[kept], lengths[kept]),
    )
    return Reference(VERSION, *(tuple(counts.tolist()) for counts in counted))
