from __future__ import annotations

import pyarrow as pa
import pytest

from scorer.columns import find_text_column
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
    ("columns", "asked", "message"),
    [
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
