"""Which columns of a table hold the reviews, their labels, groups and ids; each must be unique."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from scorer.columns import find_text_column, listed
from scorer.errors import ReviewsError
from scorer.tokenizer import is_string

LABEL_NAMES = ("label", "sentiment", "target", "polarity")


class Columns(NamedTuple):
    """The names of the columns with the reviews, the labels, and the groups and ids, if any."""

    text: str
    label: str
    group: str | None
    id: str | None = None


def find_columns(
    schema: pa.Schema,
    text: str | None,
    label: str | None,
    group: str | None,
    review_id: str | None = None,
) -> Columns:
    """Return the names of the columns with the reviews, the labels, the groups and the ids.

    Args:
        schema: columns of the table.
        text: name asked for; searched by its usual names where None.
        label: the same of the labels.
        group: the same of the groups; None for no groups.
        review_id: name of the ids, which a table may lack; None for no ids.

    Raises:
        ReviewsError: there is no such column, or it is given twice.
    """
    return Columns(
        find_text(schema, text),
        _find_label(schema) if label is None else _find(schema, label, "--label-column"),
        None if group is None else _find(schema, group, "--group-column"),
        find_id(schema, review_id),
    )


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


def _find_label(schema: pa.Schema) -> str:
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


def _find(schema: pa.Schema, asked: str, option: str) -> str:
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
