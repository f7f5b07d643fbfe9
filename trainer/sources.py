"""Where labelled reviews come from: a name or a path to one reader, whose answer has one shape.

imdb                      the data set that Keras downloads         trainer.keras_imdb
aclImdb/, aclImdb….tar.gz the data set as Stanford publishes it     trainer.aclimdb
…/*.parquet, *.csv        tables of one's own, Kaggle's CSV too     trainer.tables
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from scorer.errors import ReviewsError, UsageError
from trainer import aclimdb, keras_imdb, tables
from trainer.reviews import Reviews

PARTS = ("train", "test")


def read_reviews(
    source: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    part: str = "train",
    group_column: str | None = None,
) -> Reviews:
    """Read labelled reviews.

    Args:
        source: ``imdb``, an ``aclImdb`` folder or archive, a Parquet or CSV file, or a folder of such files.
        text_column: which column of a table holds the reviews; found by its usual names where None.
        label_column: which column of a table holds the labels; found by its usual names where None.
        part: ``train`` or ``test``, of a source that has both.
        group_column: which column of a table tells what a review is about; None where none does.

    Raises:
        UsageError: the source doesn't exist, or has no columns to group by.
        ReviewsError: it can't be read, lacks a column, holds a label that isn't one, or no review at all.
    """
    other = _read_other(source, part)
    if other is not None and group_column is not None:
        raise UsageError(f"reading {source}: it has no columns, and so none to group by; leave out --group-column")
    reviews = tables.read(source, text_column, label_column, group_column) if other is None else other
    if not len(reviews):
        raise ReviewsError(f"reading {source}: there are no reviews in it")
    return reviews


def read_texts(source: Path, text_column: str | None = None) -> pa.LargeStringArray:
    """Read reviews without labels, ``large_string[reviews]``, from a table or a folder of tables.

    Raises:
        UsageError: the source doesn't exist.
        ReviewsError: it can't be read, has no text column, or no review at all.
    """
    if not source.exists():
        raise UsageError(f"reading reviews: {source} does not exist")
    texts = tables.read_texts(source, text_column)
    if not len(texts):
        raise ReviewsError(f"reading {source}: there are no reviews in it")
    return texts


def _read_other(source: Path, part: str) -> Reviews | None:
    """Return the reviews of a source that isn't a table; None of one that is."""
    if not source.exists():
        if str(source) == keras_imdb.NAME:
            return keras_imdb.read(part)
        raise UsageError(f"reading reviews: {source} does not exist")
    if aclimdb.is_archive(source):
        return aclimdb.read_archive(source, part)
    folder = aclimdb.find_folder(source, part)
    return None if folder is None else aclimdb.read_folder(folder, source.name)
