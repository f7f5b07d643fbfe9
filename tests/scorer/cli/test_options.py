from __future__ import annotations

import click
import pytest

from scorer.cli.options import column_list, kept_columns


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("id", ("id",)),
        ("id,stars", ("id", "stars")),
        ('"stars, out of 5",id', ("stars, out of 5", "id")),
        ('"the ""best"", by far"', ('the "best", by far',)),
        ('5" wide,id', ('5" wide', "id")),
        (" id, stars", (" id", " stars")),
        ('"two\nlines",id', ("two\nlines", "id")),
        ("", ("",)),
    ],
)
def test_names_are_separated_by_commas_and_may_stand_in_quotes(
    typed: str, names: tuple[str, ...]
) -> None:
    assert column_list(typed) == names
    assert kept_columns(None, None, typed) == names


def test_all_and_none_are_names_of_columns_if_they_stand_in_quotes() -> None:
    assert kept_columns(None, None, "all") is None
    assert kept_columns(None, None, "none") == ()
    assert kept_columns(None, None, '"all"') == ("all",)


@pytest.mark.parametrize("typed", ['"id', '"id"s,stars', "two\nlines,id"])
def test_a_list_that_is_none_says_how_one_is_written(typed: str) -> None:
    with pytest.raises(click.BadParameter) as error:
        column_list(typed)
    assert error.value.message == (
        f"{typed!r} is no list of columns; put commas between names, and a name that holds a comma "
        "into double quotes, as in 'id,\"stars, out of 5\"'"
    )
