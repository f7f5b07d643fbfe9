"""The texts that the teacher labels: whole reviews, and crops of others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer.columns import find_text_column
from scorer.errors import ReviewsError, UsageError
from teacher.crops import Crops
from teacher.tables import read_table, texts_of, write_table

REVIEW, CROP = "review", "crop"
ID, DOMAIN = "review_id", "domain"
COLUMNS = pa.schema([(name, pa.string()) for name in ("text", "group", "kind", "domain")])


@dataclass(frozen=True)
class Gathering:
    """Which texts are gathered from a file of reviews.

    Attributes:
        domain: name of the domain, where the file has no column of that name.
        whole: reviews that are taken whole; None for all.
        crops: crops, one a review; None for one of each review.
        seed: draws both. The last reviews that are taken whole are the first that are cropped, so
            that few reviews are both.
    """

    domain: str | None = None
    whole: int | None = None
    crops: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.whole or 0, self.crops or 0) < 0:
            raise UsageError("gathering texts: the numbers of reviews and crops can't be negative")


Text = tuple[str, str, str, str]


def gather(
    sources: Sequence[Path], without: Sequence[Path], out: Path, gathering: Gathering
) -> pa.Table:
    """Write texts to label: text, group, kind, domain.

    Args:
        sources: Parquet files of reviews: review_id, a text column, and where wanted domain.
        without: Parquet files of reviews that are left out, known by their text: those that are
            held out, and those of test sets.
        out: file to write.
        gathering: which texts.

    Returns:
        What was written.

    Raises:
        ReviewsError: a file lacks a column, or there is no text left.
    """
    seen = {folded(text) for path in without for text in _texts(read_table(path))}
    reviews = [row for path in sources for row in _reviews(path, gathering.domain)]
    reviews = [row for row in reviews if folded(row[1]) not in seen]
    rows = list(distinct(draw_texts(reviews, gathering), seen))
    if not rows:
        raise ReviewsError("gathering texts: none is left; give files of other reviews")
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    table = pa.Table.from_arrays(columns, schema=COLUMNS)
    write_table(table, out)
    return table


def draw_texts(
    reviews: Sequence[tuple[str, str, str]], gathering: Gathering, crops: Crops | None = None
) -> Iterator[Text]:
    """Yield text, group, kind and domain: whole reviews first, then crops.

    Args:
        reviews: id, text and domain of each.
        gathering: how many of each.
        crops: how crops are cut.
    """
    rng = np.random.default_rng(gathering.seed)
    order = rng.permutation(len(reviews))
    for row in order[: gathering.whole]:
        review_id, text, domain = reviews[row]
        yield text, review_id, REVIEW, domain
    for row in order[::-1][: gathering.crops]:
        review_id, text, domain = reviews[row]
        crop = (crops or Crops()).draw(text, rng)
        if crop is not None:
            yield crop, review_id, CROP, domain


def distinct(rows: Iterable[Text], seen: set[str]) -> Iterator[Text]:
    """Yield the rows with words whose text wasn't there before, case and punctuation aside.

    Args:
        rows: text, group, kind and domain.
        seen: folded texts that are left out; those that are yielded are added.
    """
    for row in rows:
        key = folded(row[0])
        if key and key not in seen:
            seen.add(key)
            yield row


def folded(text: str) -> str:
    """Return the words of a text without case and punctuation.

    >>> folded("What a waste!!") == folded("what a  waste")
    True
    """
    return " ".join(re.findall(r"\w+", text.lower()))


def _reviews(path: Path, domain: str | None) -> list[tuple[str, str, str]]:
    """Return id, text and domain of each review that has a text."""
    table = read_table(path, [ID])
    columns = [texts_of(table, ID), _texts(table), _domains(table, domain, path)]
    return [row for row in zip(*columns, strict=True) if row[1]]


def _texts(table: pa.Table) -> list[str]:
    return texts_of(table, find_text_column(table.schema))


def _domains(table: pa.Table, domain: str | None, path: Path) -> list[str]:
    """Return the domain of each review: what its column says, else the one that was given."""
    if DOMAIN in table.column_names:
        return texts_of(table, DOMAIN)
    if domain is None:
        raise ReviewsError(f"reading {path}: there is no column 'domain'; add it, or give --domain")
    return [domain] * len(table)
