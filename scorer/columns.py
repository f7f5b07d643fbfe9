"""Which column holds the reviews. The trainer uses this code too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from scorer.tokenizer import is_string, is_text

TEXT_NAMES = ("review", "text", "body", "comment", "content")
# Other usual names, folded: as in `reviewText`, `review_body`, `reviews.text`, `Review Text`.
FOLDED_NAMES = (
    "review",
    "reviewtext",
    "reviewbody",
    "reviewcontent",
    "reviewstext",
    *TEXT_NAMES[1:],
)
# Left out when a name is folded.
SEPARATORS = str.maketrans("", "", " _.-\t\n")


def find_text_column(schema: pa.Schema, asked: str | None = None) -> str:
    """Return the name of the column that holds the reviews.

    It is the column asked for, or the field of a struct as in ``data.review``; else the first of
    :data:`TEXT_NAMES`; else the first of :data:`FOLDED_NAMES`, whatever its case and separators;
    else the only text column.

    Raises:
        ReviewsError: there is no such column, it isn't text, its name occurs twice, or several
            columns come into question.

    >>> find_text_column(pa.schema([("id", pa.int64()), ("Review Text", pa.string())]))
    'Review Text'
    """
    name = asked if asked is not None else _usual_name(schema)
    kind: pa.DataType = pa.struct(schema)
    for part in path_to(schema, name):
        kind = kind.field(part).type
    if not is_text(kind):
        raise ReviewsError(
            f"column {name!r} is of type {kind}, not text; name a text column with --text-column"
        )
    return name


def path_to(schema: pa.Schema, name: str) -> list[str]:
    """Return the name of a column, and below it those of fields, which lead to a column.

    A column of the whole name wins over the field of a struct.

    Raises:
        ReviewsError: there is no such column, or its name occurs twice.

    >>> path_to(pa.schema([("data", pa.struct([("review", pa.string())]))]), "data.review")
    ['data', 'review']
    """
    path = _path_in(pa.struct(schema), name)
    if path is None:
        raise ReviewsError(f"there is no column {name!r}; the columns are {listed(schema.names)}")
    return path


def text_array(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column of a batch, or the field of a struct; it is null where the struct is.

    >>> batch = pa.record_batch({"data": [{"review": "a delight"}, None]})
    >>> text_array(batch, "data.review").to_pylist()
    ['a delight', None]
    """
    column, *fields = path_to(batch.schema, name)
    array = batch.column(column)
    return pc.struct_field(array, fields) if fields else array


def other_text_columns(schema: pa.Schema, name: str) -> list[str]:
    """Return the text columns beside the one that was found, usual names first.

    >>> other_text_columns(pa.schema([("title", pa.string()), ("text", pa.string())]), "review")
    ['text', 'title']
    """
    others = [other for other in _strings(schema) if other != name]
    return sorted(others, key=lambda other: _folded(other) not in FOLDED_NAMES)


def listed(names: Sequence[str]) -> str:
    """Return column names as a message shows them.

    >>> listed(["id", "stars"])
    "'id', 'stars'"
    """
    return ", ".join(repr(name) for name in names) or "none at all"


def _usual_name(schema: pa.Schema) -> str:
    usual = [name for name in TEXT_NAMES if name in schema.names]
    if usual:
        return usual[0]
    candidates = _strings(schema)
    folded = _folded_name(candidates or _names(schema, is_text))
    if folded is not None:
        return folded
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ReviewsError(
            f"no text column was found among {listed(schema.names)}; name one with --text-column"
        )
    raise ReviewsError(
        f"several text columns were found, {listed(candidates)}; name one with --text-column"
    )


def _folded_name(names: Sequence[str]) -> str | None:
    """Return the first usual name among some, whatever its case and separators."""
    for usual in FOLDED_NAMES:
        found = [name for name in names if _folded(name) == usual]
        if len(set(found)) > 1:
            raise ReviewsError(
                f"several columns are called {usual!r} but for case and separators, "
                f"{listed(found)}; name one with --text-column"
            )
        if found:
            return found[0]
    return None


def _folded(name: str) -> str:
    return name.translate(SEPARATORS).casefold()


def _strings(schema: pa.Schema) -> list[str]:
    return _names(schema, is_string)


def _names(schema: pa.Schema, fits: Callable[[pa.DataType], bool]) -> list[str]:
    return [field.name for field in schema if fits(field.type)]


def _path_in(kind: pa.StructType, name: str) -> list[str] | None:
    found = kind.get_all_field_indices(name)
    if len(found) > 1:
        raise ReviewsError(f"there are {len(found)} columns called {name!r}; rename all but one")
    if found:
        return [name]
    # The longest name first: names may hold dots, too.
    cuts = [index for index in reversed(range(len(name))) if name[index] == "."]
    for cut in cuts:
        first = name[:cut]
        if len(kind.get_all_field_indices(first)) != 1:
            continue
        inner = kind.field(first).type
        rest = _path_in(inner, name[cut + 1 :]) if pa.types.is_struct(inner) else None
        if rest is not None:
            return [first, *rest]
    return None
