"""Where labelled reviews come from: a name or a path to one reader, whose answer has one shape.

imdb                      the data set that Keras downloads         trainer.keras_imdb
aclImdb/, aclImdb….tar.gz the data set as Stanford publishes it     trainer.aclimdb
…/*.parquet, *.csv        tables of one's own, Kaggle's CSV too     trainer.tables
"""

from __future__ import annotations

from pathlib import Path

from scorer.errors import ReviewsError, UsageError
from trainer import aclimdb, keras_imdb, tables
from trainer.reviews import Reviews

PARTS = ("train", "test")


def read_reviews(source: Path, text_column: str | None = None, label_column: str | None = None, part: str = "train") -> Reviews:
    """Read labelled reviews.

    Args:
        source: ``imdb``, an ``aclImdb`` folder or archive, a Parquet or CSV file, or a folder of such files.
        text_column: which column of a table holds the reviews; found by its usual names where None.
        label_column: which column of a table holds the labels; found by its usual names where None.
        part: ``train`` or ``test``, of a source that has both.

    Raises:
        UsageError: the source doesn't exist.
        ReviewsError: it can't be read, lacks a column, holds a label that isn't one, or no review at all.
    """
    reviews = _read(source, text_column, label_column, part)
    if not len(reviews):
        raise ReviewsError(f"reading {source}: there are no reviews in it")
    return reviews


def _read(source: Path, text_column: str | None, label_column: str | None, part: str) -> Reviews:
    if not source.exists():
        if str(source) == keras_imdb.NAME:
            return keras_imdb.read(part)
        raise UsageError(f"reading reviews: {source} does not exist")
    if aclimdb.is_archive(source):
        return aclimdb.read_archive(source, part)
    folder = aclimdb.find_folder(source, part)
    if folder is not None:
        return aclimdb.read_folder(folder, source.name)
    return tables.read(source, text_column, label_column)
