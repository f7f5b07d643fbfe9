"""Which columns of a table hold the reviews and what is known of them; each must be unique."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from scorer.columns import find_text_column, listed
from scorer.errors import ReviewsError
from scorer.tokenizer import is_string

DOMAIN = "domain"
LABEL_NAMES = ("label", "sentiment", "target", "polarity")


class Columns(NamedTuple):
    """The names of the columns with the reviews and labels, and of the others that there are.

    These are the group, the id and the domain of a review, and whether it is held out.
    """

    text: str
    label: str
    group: str | None = None
    id: str | None = None
    domain: str | None = None
    held_out: str | None = None


def find_text(schema: pa.Schema, asked: str | None) -> str:
    """Return the name of the column with the reviews.

    Raises:
        ReviewsError: there is no such column, it isn't text, or it is given twice.
    """
    name = find_text_column(schema, asked)
    check_unique(schema, name)
    return name


def is_name(kind: pa.DataType) -> bool:
    """Whether values of a type can name groups and reviews: strings and integers can."""
    return is_string(kind) or bool(pa.types.is_integer(kind))


def find_id(schema: pa.Schema, name: str | None) -> str | None:
    """Return the name of the column with the ids; None unless it is there once and holds names."""
    holds_names = schema.names.count(name) == 1 and is_name(schema.field(name).type)
    return name if holds_names else None


def find_label(schema: pa.Schema, asked: str | None) -> str:
    """Return the name of the column with the labels.

    Raises:
        ReviewsError: there is no such column, or it is given twice.
    """
    if asked is not None:
        return find_named(schema, asked, "--label-column")
    for usual in LABEL_NAMES:
        found: list[str] = [name for name in schema.names if _folded(name).lower() == usual]
        if len(found) > 1:
            raise ReviewsError(_twice(found))
        if found:
            return found[0]
    raise ReviewsError(
        f"there is no label column ({', '.join(LABEL_NAMES)}); "
        f"the columns are {', '.join(schema.names)}; name one with --label-column"
    )


def find_domain(schema: pa.Schema, asked: str | None) -> str | None:
    """Return the name of the column with the domains; None if no name is asked for, or found.

    Raises:
        ReviewsError: the column asked for holds no names, or is given twice.
    """
    if asked is None:
        return find_id(schema, DOMAIN)
    if asked not in schema.names:
        return None
    check_unique(schema, asked)
    kind = schema.field(asked).type
    if not is_name(kind):
        raise ReviewsError(
            f"column {asked!r} is of type {kind}; give the domains as text or integers"
        )
    return asked


def find_optional(schema: pa.Schema, asked: str | None, option: str, *, must: bool) -> str | None:
    """Return the name of a column that is asked for; None if it isn't, or need not be there.

    Args:
        schema: columns of the table.
        asked: the name; None if no such column is wanted.
        option: the option that names it, for messages.
        must: whether the table has to have it.

    Raises:
        ReviewsError: the table has to have it and hasn't, or it is given twice.
    """
    if asked is None or (asked not in schema.names and not must):
        return None
    return find_named(schema, asked, option)


def find_named(schema: pa.Schema, asked: str, option: str) -> str:
    """Return the name of a column that is asked for by an option.

    Raises:
        ReviewsError: there is no such column, or it is given twice.
    """
    if asked not in schema.names:
        raise ReviewsError(
            f"there is no column {asked!r}; the columns are {', '.join(schema.names)}; "
            f"name one with {option}"
        )
    check_unique(schema, asked)
    return asked


def check_unique(schema: pa.Schema, name: str) -> None:
    """Refuse a name that another column has, too, or has but for blanks.

    Raises:
        ReviewsError: another column has it.
    """
    alike = [other for other in schema.names if _folded(other) == _folded(name)]
    if len(alike) > 1:
        raise ReviewsError(_twice(alike))


def _twice(names: list[str]) -> str:
    if len(set(names)) == 1:
        return f"there are {len(names)} columns called {names[0]!r}; rename all but one"
    return f"the columns {listed(names)} have nearly the same name; rename all but one"


def _folded(name: str) -> str:
    return " ".join(name.split())
