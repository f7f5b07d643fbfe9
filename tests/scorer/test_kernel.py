from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from helpers import scores_of
from scorer import SentimentModel
from scorer.errors import ReviewsError
from scorer.kernel import Counts, Kernel
from scorer.reference import count_rows

BATCH = pa.record_batch(
    {"id": [1, 2], "review": ["a great film", None], "stars": pa.array([5, None], pa.int8())}
)
ALREADY = (
    "there is a column {!r} already; name the new ones otherwise, as in --prefix new_, "
    "or leave that one out with --drop"
)


def test_kept_columns_come_in_the_order_of_the_input_and_the_new_ones_last(
    model: SentimentModel,
) -> None:
    scored = Kernel(model, BATCH.schema, keep=["stars", "id"])(BATCH)
    assert scored.schema.names == ["id", "stars", "sentiment", "sentiment_score"]
    assert scored.select(["id", "stars"]).equals(BATCH.select(["id", "stars"]))


def test_only_kept_columns_and_the_reviews_are_read(model: SentimentModel) -> None:
    assert Kernel(model, BATCH.schema).columns is None
    assert Kernel(model, BATCH.schema, keep=["stars"]).columns == ["review", "stars"]
    assert Kernel(model, BATCH.schema, keep=[]).columns == ["review"]


def test_if_nothing_is_kept_the_new_columns_are_left(model: SentimentModel) -> None:
    scored = Kernel(model, BATCH.schema, keep=[])(BATCH.select(["review"]))
    assert scored.schema.names == ["sentiment", "sentiment_score"]
    assert scored["sentiment"].to_pylist() == ["positive", None]


def test_a_field_of_a_struct_is_scored_and_the_struct_carried_unchanged(
    model: SentimentModel,
) -> None:
    data = pa.array([{"review": "a great film", "stars": 5}, None, {"review": None, "stars": 1}])
    batch = pa.record_batch({"id": [1, 2, 3], "data": data})
    kernel = Kernel(model, batch.schema, "data.review", keep=["id"])
    assert kernel.columns == ["id", "data"]
    assert kernel(batch)["sentiment"].to_pylist() == ["positive", None, None]
    scored = Kernel(model, batch.schema, "data.review")(batch)
    assert scored.select(["id", "data"]).equals(batch)
    alone = Kernel(model, BATCH.schema)(BATCH)["sentiment_score"][0]
    assert scored["sentiment_score"][0].equals(alone)


def test_the_prefix_is_put_before_both_names(model: SentimentModel) -> None:
    once = Kernel(model, BATCH.schema)(BATCH)
    twice = Kernel(model, once.schema, "review", prefix="new_")(once)
    assert twice.schema.names[-2:] == ["new_sentiment", "new_sentiment_score"]


def test_a_column_of_a_new_name_is_allowed_if_it_is_not_kept(model: SentimentModel) -> None:
    once = Kernel(model, BATCH.schema)(BATCH)
    twice = Kernel(model, once.schema, "review", keep=["id"])(once)
    assert twice.equals(once.select(["id", "sentiment", "sentiment_score"]))


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["review", "sentiment"], {}, ALREADY.format("sentiment")),
        (["review", "x_sentiment_score"], {"prefix": "x_"}, ALREADY.format("x_sentiment_score")),
        (
            ["review"],
            {"keep": ["key"]},
            "there is no column 'key' to keep; the columns are 'review'",
        ),
        (
            ["review", "a", "a"],
            {"keep": ["a"]},
            "there are 2 columns 'a' to keep; the columns are 'review', 'a', 'a'",
        ),
    ],
)
def test_columns_that_do_not_fit_are_named(
    model: SentimentModel, names: list[str], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ReviewsError) as caught:
        Kernel(model, pa.schema([(name, pa.string()) for name in names]), "review", **options)
    assert str(caught.value) == message


def test_a_score_at_the_threshold_is_positive_wherever_it_is_asked(model: SentimentModel) -> None:
    threshold = np.float32(model.card.threshold)
    below = np.nextafter(threshold, np.float32(0))
    values = np.array([threshold, below], np.float32)
    kernel, scores = Kernel(model, BATCH.schema), scores_of(values)
    (batch,) = kernel.append([BATCH], scores)
    assert batch["sentiment"].to_pylist() == ["positive", "negative"]
    assert kernel.count(scores).positive == 1
    assert model.label(values).tolist() == ["positive", "negative"]
    assert [model.label(score) for score in values] == ["positive", "negative"]


def test_a_bin_of_the_histogram_includes_its_lower_bound(model: SentimentModel) -> None:
    values = np.array([0, 0.049, 0.05, 0.5, 0.99, 1, np.nan], np.float32)
    most = model.card.tokenizer.max_tokens
    scores = scores_of(values, tokens=[10, 2, most + 1, 9, 9, 1, 0], unknown=[4, 1, 3, 0, 0, 1, 0])
    scores.mended[4] = True
    counts = Kernel(model, BATCH.schema).count(scores)
    histogram = [0] * 20
    histogram[0], histogram[1], histogram[10], histogram[19] = 2, 1, 1, 2
    bins = count_rows(values, scores.tokens, scores.unknown)
    assert counts == Counts(
        7, 3, 1, 1, 1, most + 32, 9, tuple(histogram), unknown_heavy=2, bins=bins
    )
    assert (counts + counts).histogram == tuple(2 * rows for rows in histogram)


def test_scoring_ends_between_two_batches_if_the_callback_raises(model: SentimentModel) -> None:
    tokens = model.card.tokenizer.encode(BATCH.column("review"))
    with pytest.raises(ZeroDivisionError):
        model.score_tokens(tokens, lambda: 1 / 0)
