from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ReviewsError
from scorer.system.records import to_json
from trainer.data.reviews import Reviews, check_both_labels, check_differing

FINGERPRINT = "c6750f61cdd26a6c2ceaf9df40fde9262bae1b89310cda5d74c6469a037cc23b"


def reviews(texts: list[str], labels: list[int]) -> Reviews:
    return Reviews(pa.array(texts, pa.large_string()), np.array(labels, np.int8), "r.parquet")


def test_the_fingerprint_changes_with_a_text_a_label_and_the_order() -> None:
    different = [
        reviews(["a", "b"], [0, 1]),
        reviews(["a", "c"], [0, 1]),
        reviews(["a", "b"], [1, 1]),
        reviews(["b", "a"], [1, 0]),
        reviews(["ab", ""], [0, 1]),
    ]
    assert len({one.fingerprint() for one in different}) == 5


def test_the_fingerprint_is_the_same_in_every_release() -> None:
    assert reviews(["good", ""], [1, 0]).fingerprint() == FINGERPRINT


def test_reviews_are_described_by_name_number_and_fingerprint() -> None:
    described = {"name": "r.parquet", "reviews": 2, "sha256": FINGERPRINT}
    assert to_json(reviews(["good", ""], [1, 0]).describe()) == described


def test_reviews_of_one_label_are_refused() -> None:
    with pytest.raises(ReviewsError, match="all 4 reviews are positive; both kinds are needed"):
        check_both_labels(reviews(["a", "b", "c", "d"], [1, 1, 1, 1]))
    with pytest.raises(ReviewsError, match="all 1 reviews are negative; both kinds are needed"):
        check_both_labels(reviews(["a"], [0]))
    check_both_labels(reviews(["a", "b"], [0, 1]))


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["", None, ""], "empty"),
        (["good film"] * 3, "the same text, 'good film'"),
        (["a" * 50] * 3, f"the same text, {'a' * 40!r}"),
    ],
)
def test_reviews_that_are_all_alike_are_refused(texts: list[str], what: str) -> None:
    with pytest.raises(ReviewsError) as caught:
        check_differing(reviews(texts, [0, 1, 0]))
    assert str(caught.value) == (
        f"reading r.parquet: all 3 reviews are {what}; "
        "name the column of the texts with --text-column"
    )
    check_differing(reviews([*texts[:2], "other"], [0, 1, 0]))
