"""Folds of held-out reviews: what is fitted on some of them is measured on the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews

MOST_FOLDS = 5


@dataclass(frozen=True)
class Folds:
    """The fold of each review.

    Attributes:
        of_review: ``int8[reviews]``, from 0.
        count: number of folds; None if there are too few reviews of one label to make any.
    """

    of_review: npt.NDArray[np.int8]
    count: int | None


def deal_folds(reviews: Reviews) -> Folds:
    """Deal reviews into at most five folds, always the same ones.

    The reviews of a group share a fold, and each fold has about as many reviews of each label.
    Outside each fold there are reviews of both labels: else there are no folds.
    """
    counts, groups = label_counts(reviews)
    count = min(MOST_FOLDS, *(int(np.count_nonzero(column)) for column in counts.T))
    if count > 1:
        of_review = _deal(counts, count)[groups]
        if all(_has_both(reviews.labels[of_review != fold]) for fold in range(count)):
            return Folds(of_review, count)
    return Folds(np.zeros(len(reviews), np.int8), None)


def label_counts(reviews: Reviews) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return how many reviews of each label a group has, and the group of each review.

    Returns:
        ``int64[groups, 2]``, negative and positive, and ``int64[reviews]``.
    """
    groups = reviews.group_numbers()
    cells = np.bincount(2 * groups + reviews.labels, minlength=2 * (int(groups.max()) + 1))
    return cells.reshape(-1, 2), groups


def _deal(counts: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.int8]:
    """Return the fold of each group: large groups first, each where its labels are rarest."""
    order = np.random.default_rng(0).permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    totals = np.maximum(counts.sum(axis=0), 1)
    held = np.zeros((folds, 2))
    fold_of = np.zeros(len(counts), np.int8)
    for group in order:
        # The fold to which the group adds least to the sum of squared fractions.
        fold = int(np.argmin(held @ (counts[group] / totals**2)))
        held[fold] += counts[group]
        fold_of[group] = fold
    return fold_of


def _has_both(labels: npt.NDArray[np.int8]) -> bool:
    return 0 < int(labels.sum()) < len(labels)
