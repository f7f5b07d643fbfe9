"""Some rows of a file of reviews: by their numbers, by what stands in a column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column, path_to, text_array
from scorer.errors import ReviewsError, UsageError
from scorer.storage.address import is_in_store
from scorer.storage.listing import FOLDER, entry_at
from scorer.storage.names import check_name
from scorer.storage.place import Place, place_of
from scorer.storage.stores import Stores
from scorer.tables.formats import open_reviews
from scorer.tables.reviews import OpenReviews

ROWS = re.compile(r"([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")


@dataclass(frozen=True)
class Choice:
    """Which rows are wanted: those that are in one of the ranges and fulfil every condition.

    Attributes:
        ranges: first and last row, counted from 1; every row if there are none.
        conditions: the name of a column and the value that must stand there, as text.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, rows: str | None, where: Sequence[str] = ()) -> Choice:
        """Read what a user typed.

        Raises:
            UsageError: it is malformed.

        >>> Choice.of("12,40-50", ["review_id=a=b"])
        Choice(ranges=((12, 12), (40, 50)), conditions=(('review_id', 'a=b'),))
        """
        ranges = () if rows is None else tuple(map(_range, rows.split(",")))
        conditions = []
        for one in where:
            name, equals, value = one.partition("=")
            if not name or not equals:
                raise UsageError(
                    f"reading --where: {one!r} is no condition; write a column and its value, as "
                    "in review_id=17"
                )
            conditions.append((name, value))
        return cls(ranges, tuple(conditions))

    @property
    def last(self) -> int | None:
        """The last row that can be wanted; None if any can."""
        return max((last for _, last in self.ranges), default=None)

    def numbers(self, start: int, rows: int) -> npt.NDArray[np.bool_]:
        """Return which of some rows are in a range: ``bool[rows]``.

        Args:
            start: the number of the first one, counted from 1.
            rows: how many there are.
        """
        numbers = np.arange(start, start + rows)
        wanted = np.zeros(rows, bool) if self.ranges else np.ones(rows, bool)
        for first, last in self.ranges:
            wanted |= (first <= numbers) & (numbers <= last)
        return wanted


def _range(typed: str) -> tuple[int, int]:
    found = ROWS.fullmatch(typed.strip())
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        raise UsageError(
            f"reading --rows: {typed!r} is no row or range of rows; count from 1, as in 12,40-50"
        )
    return int(found[1]), int(found[2] or found[1])


@dataclass(frozen=True)
class ChosenRows:
    """Some rows of a file.

    Attributes:
        numbers: ``int64[rows]``, counted from 1.
        texts: ``[rows]``, the reviews.
    """

    numbers: npt.NDArray[np.int64]
    texts: pa.ChunkedArray


def chosen_rows(given: str, text_column: str | None, choice: Choice) -> Iterator[ChosenRows]:
    """Read the rows of a file that are wanted, some at a time; the file is read no further.

    Args:
        given: the file, or the address of an object.
        text_column: the column with the reviews; found by its usual names if None.
        choice: which rows.

    Raises:
        UsageError: there is no such file, or no such row.
        ReviewsError: it can't be read, or its columns don't fit.
    """
    place, found = _place(given), 0
    with open_reviews(place) as reviews:
        for rows in rows_of(reviews, _text_column(reviews, text_column, choice), choice):
            found += len(rows.numbers)
            yield rows
    if not found and choice == Choice():
        raise UsageError(f"choosing rows of {place}: it has none; name another file")
    if not found:
        raise UsageError(
            f"choosing rows of {place}: none of them is wanted by --rows and --where; look at the "
            "number of its rows, and at what stands in the column"
        )


def _place(given: str) -> Place:
    if is_in_store(given):
        return place_of(given, "reading the input: the input", Stores())
    path = Path(given)
    check_name(path)
    entry = entry_at(path)
    if entry is None or entry.kind == FOLDER:
        what = "does not exist; check the path" if entry is None else "is a folder; name one file"
        raise UsageError(f"reading the input: {given} {what}")
    return path


def _text_column(reviews: OpenReviews, asked: str | None, choice: Choice) -> str:
    try:
        for name, _ in choice.conditions:
            path_to(reviews.schema, name)
        column = find_text_column(reviews.schema, asked)
    except ReviewsError as error:
        reviews.check_text(None)
        raise ReviewsError(f"reading {reviews.path}: {error}") from error
    reviews.check_text(column)
    return column


def rows_of(reviews: OpenReviews, column: str, choice: Choice) -> Iterator[ChosenRows]:
    """Yield the rows of an open file that are wanted, with the reviews in a column."""
    wanted = [column, *(name for name, _ in choice.conditions)]
    tops = {path_to(reviews.schema, name)[0] for name in wanted}
    start = 1
    for batches in reviews.windows([name for name in reviews.schema.names if name in tops]):
        if choice.last is not None and start > choice.last:
            break
        rows = sum(map(len, batches))
        mask = choice.numbers(start, rows)
        for name, value in choice.conditions:
            mask &= _holds(pa.chunked_array([text_array(one, name) for one in batches]), value)
        if mask.any():
            texts = pa.chunked_array([text_array(one, column) for one in batches])
            yield ChosenRows(np.flatnonzero(mask) + start, texts.filter(pa.array(mask)))
        start += rows


def _holds(column: pa.ChunkedArray, value: str) -> npt.NDArray[np.bool_]:
    """Return where a value stands in a column, by how it reads as text."""
    try:
        texts = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ReviewsError(
            f"reading --where: a column of type {column.type} can't be compared with a text; name "
            "another column"
        ) from error
    return np.asarray(pc.fill_null(pc.equal(texts, value), False).to_numpy(), bool)
