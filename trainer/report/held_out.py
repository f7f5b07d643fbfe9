"""The held-out reviews of a run, with the scores that it gave them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews
from trainer.run.folder import RunFolder


@dataclass(frozen=True)
class HeldOut:
    """Held-out reviews with their scores.

    Attributes:
        reviews: the reviews; each has a word.
        scores: ``float32[reviews]``, by which the run was measured.
        before: ``float32[reviews]``, the same before calibration; a run of an earlier release
            doesn't keep them.
        words: ``int64[reviews]``, number of words of each.
    """

    reviews: Reviews
    scores: npt.NDArray[np.float32]
    before: npt.NDArray[np.float32] | None
    words: npt.NDArray[np.int64]

    @classmethod
    def of(cls, run: RunFolder) -> HeldOut | None:
        """Read those of a run; None if it doesn't keep their scores, as an earlier release."""
        scores = run.held_out_scores()
        if scores is None:
            return None
        reviews = run.held_out()
        words = np.diff(run.tokenizer.encode(reviews.texts).offsets)
        return cls(reviews, scores, run.held_out_scores_before(), words)

    @property
    def labels(self) -> npt.NDArray[np.int8]:
        """``int8[reviews]``, 1 for positive."""
        return self.reviews.labels
