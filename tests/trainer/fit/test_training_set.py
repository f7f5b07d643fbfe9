from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ReviewsError
from tiny import tiny_reviews
from trainer.fit.training_set import split


def test_the_same_reviews_are_held_out_of_every_run() -> None:
    first, second = split(tiny_reviews(), 0.2)[1], split(tiny_reviews(), 0.2)[1]
    assert first.texts.equals(second.texts)
    assert len(first) == 60


def test_reviews_of_one_product_are_held_out_together() -> None:
    plain = tiny_reviews()
    groups = pa.array([f"product {row // 10}" for row in range(len(plain))], pa.large_string())
    training, held_out = split(replace(plain, groups=groups), 0.2)
    assert len(training) + len(held_out) == len(plain)
    assert len(held_out) == 60
    assert training.groups is not None
    assert held_out.groups is not None
    assert not set(training.groups.to_pylist()) & set(held_out.groups.to_pylist())


def test_groups_that_leave_nothing_to_hold_out_are_refused() -> None:
    plain = tiny_reviews()
    with pytest.raises(ReviewsError, match="one part would have reviews of one kind only"):
        split(replace(plain, groups=pa.array(["all"] * len(plain), pa.large_string())), 0.2)
    by_label = pa.array([str(label) for label in plain.labels], pa.large_string())
    with pytest.raises(ReviewsError, match="one part would have reviews of one kind only"):
        split(replace(plain, groups=by_label), 0.5)
    assert np.isin(plain.labels, (0, 1)).all()
