"""What is held out: the same reviews every time, both labels alike, no group on both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ReviewsError
from tiny import tiny_reviews
from trainer.data.reviews import Reviews
from trainer.fit.split import split, with_words


def labelled(negative: int, positive: int, groups: list[str] | None = None) -> Reviews:
    labels = np.repeat([0, 1], [negative, positive]).astype(np.int8)
    texts = pa.array([f"review {row}" for row in range(len(labels))], pa.large_string())
    return Reviews(texts, labels, "r", groups and pa.array(groups, pa.large_string()))


def grouped(sizes: list[tuple[int, int]]) -> Reviews:
    """Return reviews in groups of so many negative and positive ones."""
    names = [f"{group}" for group, size in enumerate(sizes) for _ in range(sum(size))]
    labels = [label for size in sizes for label in (0, 1) for _ in range(size[label])]
    reviews = labelled(len(labels), 0, names)
    return replace(reviews, labels=np.array(labels, np.int8))


def test_the_same_reviews_are_held_out_of_every_run() -> None:
    first, second = split(tiny_reviews(), 0.2)[1], split(tiny_reviews(), 0.2)[1]
    assert first.texts.equals(second.texts)
    assert len(first) == 60


@pytest.mark.parametrize(
    ("negative", "positive", "fraction", "held"),
    [
        (100, 100, 0.1, [10, 10]),
        (300, 3, 0.1, [30, 1]),
        (3, 300, 0.34, [1, 102]),
        (2, 2, 0.1, [1, 1]),
    ],
)
def test_the_labels_are_held_out_in_proportion_and_each_on_both_sides(
    negative: int, positive: int, fraction: float, held: list[int]
) -> None:
    training, held_out = split(labelled(negative, positive), fraction)
    assert np.bincount(held_out.labels).tolist() == held
    assert np.bincount(training.labels).tolist() == [negative - held[0], positive - held[1]]


def test_reviews_of_one_product_are_held_out_together() -> None:
    plain = tiny_reviews()
    groups = pa.array([f"product {row // 10}" for row in range(len(plain))], pa.large_string())
    training, held_out = split(replace(plain, groups=groups), 0.2)
    assert len(training) + len(held_out) == len(plain)
    assert len(held_out) == 60
    assert training.groups is not None
    assert held_out.groups is not None
    assert not set(training.groups.to_pylist()) & set(held_out.groups.to_pylist())


def test_groups_of_uneven_labels_are_held_out_in_proportion_too() -> None:
    sizes = np.random.default_rng(1).poisson([1, 20], (200, 2)).tolist() + [(30, 0)] * 3
    reviews = grouped([tuple(size) for size in sizes])
    training, held_out = split(reviews, 0.2)
    wanted = np.bincount(reviews.labels) * 0.2
    np.testing.assert_allclose(np.bincount(held_out.labels), wanted, rtol=0.15)
    assert training.groups is not None
    assert held_out.groups is not None
    assert not set(training.groups.to_pylist()) & set(held_out.groups.to_pylist())


def test_a_label_that_only_large_groups_have_is_held_out_with_one_of_them() -> None:
    reviews = grouped([(0, 10)] * 30 + [(5, 60), (4, 50)])
    training, held_out = split(reviews, 0.1)
    assert np.bincount(held_out.labels)[0] == 4
    assert np.bincount(training.labels)[0] == 5


def test_reviews_that_leave_a_part_with_one_label_are_refused() -> None:
    with pytest.raises(ReviewsError) as caught:
        split(labelled(1, 300), 0.1)
    assert str(caught.value) == (
        "holding out 0.1 of r, which has 1 negative and 300 positive reviews: one part would have "
        "reviews of one label only; give more reviews, or another --held-out"
    )
    advice = "give more reviews, leave out --group-column, or another --held-out"
    for reviews in (grouped([(30, 30)]), grouped([(30, 0), (0, 30)])):
        with pytest.raises(ReviewsError, match=advice):
            split(reviews, 0.5)


def test_reviews_without_a_word_are_left_out_and_told() -> None:
    said: list[str] = []
    texts = pa.array(["good", None, "", " <br />", "bad"], pa.large_string())
    reviews = Reviews(texts, np.array([1, 1, 0, 0, 0], np.int8), "r")
    assert with_words(reviews, said.append).texts.to_pylist() == ["good", "bad"]
    assert said == ["left out 3 of 5 reviews, which have no word"]
    assert with_words(reviews.take(np.array([0, 4])), said.append).labels.tolist() == [1, 0]
    assert len(said) == 1


def test_reviews_that_all_have_no_word_are_refused() -> None:
    texts = pa.array(["<br />", "<hr>"], pa.large_string())
    with pytest.raises(ReviewsError) as caught:
        with_words(Reviews(texts, np.array([1, 0], np.int8), "r"), lambda line: None)
    assert str(caught.value) == (
        "training on r: none of its 2 reviews has a word; "
        "name the column of the texts with --text-column"
    )
