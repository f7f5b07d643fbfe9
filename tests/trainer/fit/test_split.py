"""What is held out: the same reviews every time, both labels alike, no group on both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from domains import in_domains, texts_of

from scorer.errors import ReviewsError
from tiny import tiny_reviews
from trainer.data.reviews import Reviews
from trainer.fit.split import cut_groups, split, with_words


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


def held_of(reviews: Reviews, domain: str) -> set[str]:
    return texts_of(split(reviews, 0.2)[1], domain)


def test_of_each_label_of_each_domain_the_fraction_is_held_out() -> None:
    _, held_out = split(in_domains({"books": 100, "kitchen": 40, "speaker": 10}), 0.2)
    assert held_out.domain_counts() == {"books": 20, "kitchen": 8, "speaker": 2}
    for rows in held_out.rows_of_domains().values():
        assert int(held_out.labels[rows].sum()) * 2 == len(rows)


def test_a_single_review_of_a_label_in_a_domain_is_learned_from() -> None:
    reviews = in_domains({"books": 100, "speaker": 2})
    training, held_out = split(reviews, 0.2)
    assert training.domain_counts()["speaker"] == 2
    assert "speaker" not in held_out.domain_counts()


def test_what_is_held_out_of_a_domain_does_not_depend_on_the_others() -> None:
    both = in_domains({"books": 100, "kitchen": 40})
    books = both.take(both.rows_of_domains()["books"])
    assert held_of(both, "books") == held_of(books, "books")
    # The same without a domain, as before there were any.
    without = split(replace(books, domains=None), 0.2)[1]
    assert held_of(books, "books") == set(without.texts.to_pylist())


def test_a_domain_with_groups_is_held_out_as_it_is_alone_and_one_without_too() -> None:
    both = in_domains({"films": 60, "kitchen": 40})
    names = [f"film {row // 5}" if row < 60 else None for row in range(100)]
    mixed = replace(
        both,
        groups=pa.array(names, pa.large_string()),
        sources=np.repeat([0, 1], [60, 40]).astype(np.int32),
    )
    for domain in ("films", "kitchen"):
        alone = mixed.take(mixed.rows_of_domains()[domain])
        groups = alone.groups if domain == "films" else None
        alone = replace(alone, sources=None, domains=None, groups=groups)
        assert held_of(mixed, domain) == set(split(alone, 0.2)[1].texts.to_pylist())


def test_a_group_that_domains_share_is_held_out_whole() -> None:
    reviews = in_domains({"books": 100, "kitchen": 100})
    groups = pa.array([f"author {row % 25}" for row in range(200)], pa.large_string())
    training, held_out = split(replace(reviews, groups=groups), 0.2)
    assert training.groups is not None
    assert held_out.groups is not None
    assert not set(training.groups.to_pylist()) & set(held_out.groups.to_pylist())
    assert held_out.domain_counts() == {"books": 20, "kitchen": 20}


def test_what_the_data_hold_out_is_held_out_to_the_row_and_of_the_rest_the_fraction() -> None:
    reviews = in_domains({"books": 100, "kitchen": 40})
    flags = np.where(np.arange(140) < 100, np.arange(140) % 7 == 0, -1).astype(np.int8)
    marked = replace(reviews, held_out=flags)
    _, held_out = split(marked, 0.2)
    chosen = {f"r{row}" for row in range(0, 100, 7)}
    held = held_out.take(held_out.rows_of_domains()["books"])
    assert held.ids is not None
    assert set(held.ids.to_pylist()) == chosen
    assert held_of(marked, "kitchen") == held_of(reviews, "kitchen")


def test_groups_that_the_data_cut_are_counted() -> None:
    flags = np.array([1, 0, 0, 1, 1, 0, 0, 0], np.int8)
    reviews = replace(labelled(4, 4, list("aabbccdd")), held_out=flags)
    reviews = replace(reviews, labels=np.array([0, 1, 0, 1, 0, 1, 0, 1], np.int8))
    assert cut_groups(*split(reviews, 0.2)) == 3
    assert cut_groups(*split(replace(reviews, groups=None), 0.2)) == 0


def test_one_domain_is_split_as_in_every_release() -> None:
    # Recorded before there were domains: teachers and students of two releases agree.
    _, held_out = split(labelled(60, 40), 0.1)
    rows = [int(text.split()[1]) for text in held_out.texts.to_pylist()]
    assert rows == [5, 13, 16, 20, 36, 52, 72, 82, 93, 94]
    _, held_out = split(grouped([(group % 4, 3 - group % 3) for group in range(40)]), 0.15)
    assert held_out.groups is not None
    assert set(held_out.groups.to_pylist()) == {"3", "12", "19", "30", "33"}
