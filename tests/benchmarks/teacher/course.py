"""The course of a fine-tuning: its settings, and which reviews each step reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.errors import UsageError


@dataclass(frozen=True)
class Course:
    """Settings of a fine-tuning.

    Attributes:
        batch: reviews a step.
        rate: learning rate of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101).
        epochs: passes over the reviews.
        seed: of the order, of dropout and of the output's first weights.
    """

    batch: int = 16
    rate: float = 3e-5
    epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.batch, self.epochs) < 1 or self.rate <= 0:
            raise UsageError(
                f"fine-tuning: batch {self.batch}, rate {self.rate} and epochs {self.epochs} "
                "have to be positive"
            )

    def steps(self, reviews: int) -> list[npt.NDArray[np.int64]]:
        """Return the reviews of each step; the same ones whenever they are asked for.

        >>> [len(rows) for rows in Course(batch=4, epochs=2).steps(reviews=6)]
        [4, 2, 4, 2]
        """
        rng = np.random.default_rng(self.seed)
        orders = [rng.permutation(reviews) for _ in range(self.epochs)]
        starts = range(0, reviews, self.batch)
        return [order[start : start + self.batch] for order in orders for start in starts]
