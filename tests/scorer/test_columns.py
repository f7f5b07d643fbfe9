from __future__ import annotations

import pyarrow as pa
import pytest

from scorer.columns import find_text_column, path_to, text_array
from scorer.errors import ReviewsError


def schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


def test_the_usual_names_come_first_in_their_order() -> None:
    columns = schema(title=pa.string(), text=pa.string(), review=pa.string())
    assert find_text_column(columns) == "review"


def test_the_only_text_column_is_found_whatever_its_name() -> None:
    opinion = pa.dictionary(pa.int8(), pa.string())
    columns = schema(id=pa.int64(), opinion=opinion, blob=pa.binary())
    assert find_text_column(columns) == "opinion"


def test_the_column_asked_for_wins() -> None:
    assert find_text_column(schema(review=pa.string(), blob=pa.binary()), "blob") == "blob"


@pytest.mark.parametrize(
    "name",
    [
        "Review", "Text", "reviewText", "review_body", "review_text", "reviews.text",
        "Review Text", "REVIEW-TEXT", "Body", "Comment ", "review content",
    ],
)  # fmt: skip
def test_usual_names_are_found_whatever_their_case_and_separators(name: str) -> None:
    columns = pa.schema([("id", pa.string()), (name, pa.string()), ("Summary", pa.string())])
    assert find_text_column(columns) == name
    assert find_text_column(pa.schema([("id", pa.int64()), (name, pa.binary())])) == name


def test_a_usual_name_as_it_is_wins_over_one_that_is_folded() -> None:
    assert find_text_column(schema(Review=pa.string(), content=pa.string())) == "content"


def test_folded_names_come_in_their_order_and_only_text_columns_count() -> None:
    columns = schema(Text=pa.string(), Review=pa.int8(), ReviewBody=pa.string())
    assert find_text_column(columns) == "ReviewBody"
    assert find_text_column(schema(opinion=pa.string(), Text=pa.binary())) == "opinion"


STRUCT = pa.struct([("review", pa.string()), ("by.hand", pa.struct([("text", pa.binary())]))])


def test_a_field_of_a_struct_is_named_with_dots() -> None:
    columns = schema(data=STRUCT, other=pa.string())
    assert find_text_column(columns, "data.review") == "data.review"
    assert path_to(columns, "data.review") == ["data", "review"]
    assert path_to(columns, "data.by.hand.text") == ["data", "by.hand", "text"]


def test_a_column_of_the_whole_name_wins_over_the_field_of_a_struct() -> None:
    batch = pa.record_batch({"data": [{"review": "the field"}], "data.review": ["the column"]})
    assert text_array(batch, "data.review").to_pylist() == ["the column"]


def test_a_null_struct_has_no_text() -> None:
    inner = pa.array(["a", "hidden", "b", None])
    data = pa.StructArray.from_arrays(
        [inner], ["review"], mask=pa.array([False, True, False, False])
    )
    batch = pa.record_batch({"data": data})
    assert text_array(batch, "data.review").to_pylist() == ["a", None, "b", None]
    assert text_array(batch.slice(1, 2), "data.review").to_pylist() == [None, "b"]


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        (
            pa.schema([(name, pa.string()) for name in ("review_text", "id", "Review Text")]),
            None,
            "several columns are called 'reviewtext' but for case and separators, 'review_text', "
            "'Review Text'; name one with --text-column",
        ),
        (
            schema(data=STRUCT),
            "data.text",
            "there is no column 'data.text'; the columns are 'data'",
        ),
        (
            schema(data=STRUCT),
            "data.review.more",
            "there is no column 'data.review.more'; the columns are 'data'",
        ),
        (
            schema(data=STRUCT),
            "data",
            f"column 'data' is of type {STRUCT}, not text; name a text column with --text-column",
        ),
        (
            schema(data=pa.struct([("review", pa.string())] * 2)),
            "data.review",
            "there are 2 columns called 'review'; rename all but one",
        ),
        (schema(a=pa.string()), "b", "there is no column 'b'; the columns are 'a'"),
        (
            schema(review=pa.int8()),
            None,
            "column 'review' is of type int8, not text; name a text column with --text-column",
        ),
        (
            schema(a=pa.string(), b=pa.string()),
            None,
            "several text columns were found, 'a', 'b'; name one with --text-column",
        ),
        (
            schema(a=pa.int8()),
            None,
            "no text column was found among 'a'; name one with --text-column",
        ),
        (schema(), None, "no text column was found among none at all; name one with --text-column"),
        (
            pa.schema([("review", pa.string())] * 2),
            None,
            "there are 2 columns called 'review'; rename all but one",
        ),
    ],
)
def test_without_a_single_fitting_column_there_is_an_error(
    columns: pa.Schema, asked: str | None, message: str
) -> None:
    with pytest.raises(ReviewsError) as caught:
        find_text_column(columns, asked)
    assert str(caught.value) == message
