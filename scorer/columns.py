"""Which column holds the reviews. The trainer uses this code too."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.tokenizer import is_string, is_text

TEXT_NAMES = ("review", "text", "body", "comment", "content")


def find_text_column(schema: pa.Schema, asked: str | None = None) -> str:
    """Return the name of the column that holds the reviews.

    It is the column asked for; else the first of :data:`TEXT_NAMES`; else the only text column.

    Raises:
        ReviewsError: there is no such column, it isn't text, its name occurs twice, or several
            columns come into question.

    >>> find_text_column(pa.schema([("id", pa.int64()), ("opinion", pa.string())]))
    'opinion'
    """
    name = asked if asked is not None else _usual_name(schema)
    found = schema.get_all_field_indices(name)
    if not found:
        raise ReviewsError(f"there is no column {name!r}; the columns are {listed(schema.names)}")
    if len(found) > 1:
        raise ReviewsError(f"there are {len(found)} columns called {name!r}; rename all but one")
    kind = schema.field(found[0]).type
    if not is_text(kind):
        raise ReviewsError(
            f"column {name!r} is of type {kind}, not text; name a text column with --text-column"
        )
    return name


def _usual_name(schema: pa.Schema) -> str:
    usual = [name for name in TEXT_NAMES if name in schema.names]
    candidates: list[str] = [field.name for field in schema if is_string(field.type)]
    if usual:
        return usual[0]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ReviewsError(
            f"no text column was found among {listed(schema.names)}; name one with --text-column"
        )
    raise ReviewsError(
        f"several text columns were found, {listed(candidates)}; name one with --text-column"
    )


def listed(names: Sequence[str]) -> str:
    """Return column names as a message shows them.

    >>> listed(["id", "stars"])
    "'id', 'stars'"
    """
    return ", ".join(repr(name) for name in names) or "none at all"
