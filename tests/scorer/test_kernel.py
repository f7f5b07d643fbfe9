from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scorer import Kernel, SentimentModel
from scorer.errors import ReviewsError
from scorer.kernel import Counts, Scores

BATCH = pa.record_batch({"id": [1, 2], "review": ["a great film", None], "stars": pa.array([5, None], pa.int8())})


def test_the_columns_that_are_kept_come_in_the_order_of_the_input_with_the_new_ones_behind(model: SentimentModel) -> None:
    scored = Kernel(model, BATCH.schema, keep=["stars", "id"])(BATCH)
    assert scored.schema.names == ["id", "stars", "sentiment", "sentiment_score"]
    assert scored.select(["id", "stars"]).equals(BATCH.select(["id", "stars"]))


def test_only_what_is_kept_and_the_reviews_are_read(model: SentimentModel) -> None:
    assert Kernel(model, BATCH.schema).columns is None
    assert Kernel(model, BATCH.schema, keep=["stars"]).columns == ["review", "stars"]
    assert Kernel(model, BATCH.schema, keep=[]).columns == ["review"]


def test_nothing_kept_leaves_the_new_columns(model: SentimentModel) -> None:
    scored = Kernel(model, BATCH.schema, keep=[])(BATCH.select(["review"]))
    assert scored.schema.names == ["sentiment", "sentiment_score"]
    assert scored["sentiment"].to_pylist() == ["positive", None]


def test_the_prefix_stands_before_both_names(model: SentimentModel) -> None:
    twice = Kernel(model, BATCH.schema)(BATCH)
    assert Kernel(model, twice.schema, "review", prefix="new_")(twice).schema.names[-2:] == ["new_sentiment", "new_sentiment_score"]


def test_a_column_of_the_new_name_is_no_trouble_where_it_is_not_kept(model: SentimentModel) -> None:
    scored = Kernel(model, BATCH.schema)(BATCH)
    assert Kernel(model, scored.schema, "review", keep=["id"])(scored).equals(scored.select(["id", "sentiment", "sentiment_score"]))


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (
            ["review", "sentiment"],
            {},
            "there is a column 'sentiment' already; name the new ones otherwise, as in --prefix new_, or leave that one out with --keep",
        ),
        (
            ["review", "x_sentiment_score"],
            {"prefix": "x_"},
            "there is a column 'x_sentiment_score' already; name the new ones otherwise, as in --prefix new_, "
            "or leave that one out with --keep",
        ),
        (["review"], {"keep": ["key"]}, "there is no column 'key' to keep; the columns are 'review'"),
        (["review", "a", "a"], {"keep": ["a"]}, "there are 2 columns 'a' to keep; the columns are 'review', 'a', 'a'"),
    ],
)
def test_columns_that_do_not_fit_are_named(model: SentimentModel, names: list[str], options: dict[str, object], message: str) -> None:
    with pytest.raises(ReviewsError) as caught:
        Kernel(model, pa.schema([(name, pa.string()) for name in names]), "review", **options)
    assert str(caught.value) == message


def test_a_score_counts_in_the_bin_that_it_begins_or_lies_in(model: SentimentModel) -> None:
    values = np.array([0, 0.049, 0.05, 0.5, 0.99, 1, np.nan], np.float32)
    counts = Kernel(model, BATCH.schema).count(Scores(values, invalid=1, truncated=2, tokens=30, unknown=4))
    histogram = [0] * 20
    histogram[0], histogram[1], histogram[10], histogram[19] = 2, 1, 1, 2
    assert counts == Counts(7, 3, 1, 1, 2, 30, 4, tuple(histogram))
    assert (counts + counts).histogram == tuple(2 * rows for rows in histogram)


def test_a_scoring_ends_when_it_is_told_to_between_two_batches(model: SentimentModel) -> None:
    kernel = Kernel(model, BATCH.schema)
    tokens = kernel.tokenize([BATCH])
    with pytest.raises(ZeroDivisionError):
        kernel.rate(tokens, lambda: 1 / 0)
