"""The gate after a retraining: a model that is too weak, or worse than the one in use, is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scorer.errors import ExportRefused
from scorer.model import SentimentModel
from trainer.reviews import Reviews

# Chance of refusing a model that is as good as the one in use.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Gate:
    """What a model has to pass, on the held-out reviews of its run.

    Attributes:
        at_least: the least accuracy; None asks for none.
        not_worse_than: a model file that it must not lose to by more than chance; None compares with none.
    """

    at_least: float | None = None
    not_worse_than: Path | None = None

    def check(self, model: SentimentModel, reviews: Reviews) -> None:
        """Let the model pass, or refuse it.

        Raises:
            ExportRefused: it is too weak, or loses to the other by more than chance.
            ModelRefused: the other model file can't be read.
        """
        if self.at_least is None and self.not_worse_than is None:
            return
        right = _right(model, reviews)
        if self.at_least is not None and right.mean() < self.at_least:
            raise ExportRefused(
                f"checking the new model: its accuracy on {len(reviews)} held-out reviews is {right.mean():.4f}, "
                f"--at-least asks for {self.at_least:g}; nothing was written"
            )
        if self.not_worse_than is not None:
            other_right = _right(SentimentModel.load(self.not_worse_than), reviews)
            _check_not_worse(right, other_right, self.not_worse_than)


def chance_of_losing(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_]) -> float:
    """Return how likely so many lost reviews are if both models were as good: McNemar's exact test, one-sided.

    Only reviews on which the two differ tell anything; each is then a toss of a fair coin
    (McNemar 1947, https://doi.org/10.1007/BF02295996).

    >>> chance_of_losing(np.array([False, False, True]), np.array([True, True, False]))
    0.5
    """
    from scipy.stats import binomtest

    lost = int(np.count_nonzero(~right & other_right))
    won = int(np.count_nonzero(right & ~other_right))
    return float(binomtest(lost, lost + won, 0.5, alternative="greater").pvalue) if lost + won else 1.0


def _right(model: SentimentModel, reviews: Reviews) -> npt.NDArray[np.bool_]:
    scores = model.score(reviews.texts)
    return np.asarray((scores >= np.float32(model.card.threshold)) == (reviews.labels == 1))


def _check_not_worse(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_], other: Path) -> None:
    chance = chance_of_losing(right, other_right)
    if chance < SIGNIFICANCE:
        raise ExportRefused(
            f"checking the new model: its accuracy on {len(right)} held-out reviews is {right.mean():.4f}, that of {other} is "
            f"{other_right.mean():.4f}, which chance would bring once in {1 / max(chance, 1e-9):,.0f}; nothing was written"
        )
