from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trainer.data.reviews import Reviews
from trainer.measure.folds import deal_folds


def reviews(labels: list[int], groups: list[int] | None = None) -> Reviews:
    texts = pa.array(["a"] * len(labels), pa.large_string())
    names = None if groups is None else pa.array(map(str, groups), pa.large_string())
    return Reviews(texts, np.array(labels, np.int8), "r", names)


def test_each_fold_has_as_many_reviews_of_each_label() -> None:
    folds = deal_folds(reviews([0] * 100 + [1] * 52))
    assert folds.count == 5
    cells = np.bincount(2 * folds.of_review + np.repeat([0, 1], [100, 52])).reshape(5, 2)
    assert cells[:, 0].tolist() == [20] * 5
    assert set(cells[:, 1]) == {10, 11}
    assert deal_folds(reviews([0] * 100 + [1] * 52)).of_review.tolist() == folds.of_review.tolist()


def test_the_reviews_of_a_group_share_a_fold_and_both_labels_are_outside_each() -> None:
    rng = np.random.default_rng(0)
    groups, labels = rng.integers(0, 40, 400), rng.integers(0, 2, 400)
    folds = deal_folds(reviews(labels.tolist(), groups.tolist()))
    assert folds.count == 5
    pairs = set(zip(groups.tolist(), folds.of_review.tolist(), strict=True))
    assert len(pairs) == len(set(groups.tolist()))
    assert np.bincount(folds.of_review).min() > 60


@pytest.mark.parametrize(
    ("labels", "groups", "count"),
    [
        ([0] * 9 + [1] * 3, None, 3),
        ([0] * 9 + [1], None, None),
        ([0, 1] * 6, [0] * 12, None),
        ([0, 0, 1, 1], [0, 0, 1, 1], None),
    ],
)
def test_there_are_no_more_folds_than_each_label_can_fill(
    labels: list[int], groups: list[int] | None, count: int | None
) -> None:
    folds = deal_folds(reviews(labels, groups))
    assert folds.count == count
    assert len(folds.of_review) == len(labels)
