"""Crops: some words in a row of a review, so that a model learns to read short texts too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scorer.tokenizer import Tokens

# Words that a crop has, at least and at most: from half a sentence to a few.
CROP_LENGTHS = (4, 60)


def crop(tokens: Tokens, share: float, rng: np.random.Generator) -> Tokens:
    """Cut a share of the reviews.

    Args:
        tokens: of whole reviews.
        share: of them to cut, in [0, 1].
        rng: draws which, how long and where.
    """
    lengths = np.diff(tokens.offsets)
    cut = rng.random(len(tokens)) < share
    kept = np.where(cut, np.minimum(rng.integers(*CROP_LENGTHS, len(tokens), endpoint=True), lengths), lengths)
    starts = tokens.offsets[:-1] + (rng.random(len(tokens)) * (lengths - kept + 1)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(kept)])
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], kept)
    return replace(tokens, ids=tokens.ids[places], offsets=offsets)
