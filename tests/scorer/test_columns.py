from __future__ import annotations

import pyarrow as pa
import pytest

from scorer.columns import find_text_column
from scorer.errors import ReviewsError


def schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


def test_the_usual_names_come_first_in_their_order() -> None:
    assert find_text_column(schema(title=pa.string(), text=pa.string(), review=pa.string())) == "review"


def test_the_only_text_column_is_found_whatever_its_name() -> None:
    assert find_text_column(schema(id=pa.int64(), opinion=pa.dictionary(pa.int8(), pa.string()), blob=pa.binary())) == "opinion"


def test_the_one_asked_for_wins() -> None:
    assert find_text_column(schema(review=pa.string(), blob=pa.binary()), "blob") == "blob"


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        (schema(a=pa.string()), "b", "there is no column 'b'; the columns are 'a'"),
        (schema(review=pa.int8()), None, "column 'review' is of type int8, not text; name a text column with --text-column"),
        (schema(a=pa.string(), b=pa.string()), None, "several text columns were found, 'a', 'b'; name one with --text-column"),
        (schema(a=pa.int8()), None, "no text column was found among 'a'; name one with --text-column"),
        (schema(), None, "no text column was found among none at all; name one with --text-column"),
        (pa.schema([("review", pa.string())] * 2), None, "there are 2 columns called 'review'; rename all but one"),
    ],
)
def test_a_column_that_cannot_be_told_is_an_error(columns: pa.Schema, asked: str | None, message: str) -> None:
    with pytest.raises(ReviewsError) as caught:
        find_text_column(columns, asked)
    assert str(caught.value) == message
