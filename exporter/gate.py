"""The gate after a retraining: it refuses a model that is weak, or worse than the one in use.

The new model's calibration was fitted on the held-out reviews, that of the model in use on others
or on some of these. So both are judged alike, by cross-fitting: what a model does by length is
undone, and each fold of the reviews is read through a calibration that is fitted to this model's
logits on the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exporter.errors import ExportRefused
from scorer.model import SentimentModel
from trainer.data.reviews import Reviews
from trainer.measure.calibration import cross_fit, logits_of
from trainer.measure.folds import Folds
from trainer.measure.lengths import Lengths, undo_by_length

# The probability of refusing a model that is as good as the other.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Gate:
    """What a model must reach on the held-out reviews of its run.

    Attributes:
        at_least: the lowest accuracy; None allows any.
        not_worse_than: the model file to compare with; None compares with none.
    """

    at_least: float | None = None
    not_worse_than: Path | None = None

    def check(self, model: SentimentModel, reviews: Reviews, folds: Folds) -> None:
        """Refuse a model that doesn't reach it.

        Args:
            model: the new model.
            reviews: the held-out reviews of its run.
            folds: their folds.

        Raises:
            ExportRefused: the model's accuracy is too low, or it loses to the other model by more
                than chance explains.
            ModelRefused: the other model file can't be read.
        """
        if self.at_least is None and self.not_worse_than is None:
            return
        right = _is_right(model, reviews, folds)
        if self.at_least is not None and right.mean() < self.at_least:
            raise ExportRefused(
                f"checking the new model: its accuracy on {len(reviews)} held-out reviews is "
                f"{right.mean():.4f}, --at-least asks for {self.at_least:g}; nothing was written"
            )
        if self.not_worse_than is not None:
            other_right = _is_right(SentimentModel.load(self.not_worse_than), reviews, folds)
            _check_not_worse(right, other_right, self.not_worse_than)


def chance_of_losing(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_]) -> float:
    """Return the probability that a model as good as the other loses at least so many reviews.

    This is McNemar's exact test, one-sided (McNemar 1947, https://doi.org/10.1007/BF02295996): only
    reviews that exactly one model gets right count, and each of them is the toss of a fair coin.

    Args:
        right: ``bool[reviews]``, which reviews the model gets right.
        other_right: which of the same reviews the other model gets right.

    >>> chance_of_losing(np.array([False, False, True]), np.array([True, True, False]))
    0.5
    """
    from scipy.stats import binomtest

    lost = int(np.count_nonzero(~right & other_right))
    won = int(np.count_nonzero(right & ~other_right))
    if lost + won == 0:
        return 1.0
    return float(binomtest(lost, lost + won, 0.5, alternative="greater").pvalue)


def _is_right(model: SentimentModel, reviews: Reviews, folds: Folds) -> npt.NDArray[np.bool_]:
    scores = model.score(reviews.texts)
    if folds.count is not None:
        lengths = Lengths(model.card.tokenizer.encode(reviews.texts).lengths)
        # A review without a word for this model has no score: it counts as undecided.
        logits = logits_of(np.nan_to_num(scores, nan=0.5))
        if model.card.calibration.by_length is not None:
            logits = undo_by_length(model.card.calibration.by_length, logits, lengths.reviews)
        second = lengths if lengths.are_enough else None
        scores = cross_fit(reviews.labels, folds, logits, lengths=second)
    return np.asarray(model.card.is_positive(scores) == (reviews.labels == 1))


def _check_not_worse(
    right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_], other: Path
) -> None:
    chance = chance_of_losing(right, other_right)
    if chance < SIGNIFICANCE:
        raise ExportRefused(
            f"checking the new model: its accuracy on {len(right)} held-out reviews is "
            f"{right.mean():.4f}, that of {other} is {other_right.mean():.4f}, which chance would "
            f"bring once in {1 / max(chance, 1e-9):,.0f}; nothing was written"
        )
