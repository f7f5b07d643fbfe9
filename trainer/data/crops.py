"""Crops: a few consecutive words of a review, so that a model learns to read short texts too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scorer.tokenizer import Tokens

# Fewest and most words of a crop: half a sentence to a few sentences.
CROP_LENGTHS = (4, 60)


def crop(tokens: Tokens, fraction: float, rng: np.random.Generator) -> Tokens:
    """Cut some of the reviews to a crop; leave the others whole.

    Args:
        tokens: tokens of whole reviews.
        fraction: probability that a review is cut, in [0, 1].
        rng: draws which reviews are cut, to what length and where.
    """
    whole = np.diff(tokens.offsets)
    cut = rng.random(len(tokens)) < fraction
    drawn = rng.integers(*CROP_LENGTHS, len(tokens), endpoint=True)
    lengths = np.where(cut, np.minimum(drawn, whole), whole)
    skipped = (rng.random(len(tokens)) * (whole - lengths + 1)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    starts = tokens.offsets[:-1] + skipped
    indices = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return replace(tokens, ids=tokens.ids[indices], offsets=offsets)
