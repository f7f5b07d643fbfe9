"""Sources of reviews: chooses the reader for a name or a path.

imdb                        the data set that Keras downloads        trainer.data.keras_imdb
aclImdb/, aclImdb….tar.gz   the data set as Stanford publishes it    trainer.data.aclimdb
…/, *.parquet, *.csv, …     your own tables, and Kaggle's CSV        trainer.data.tables
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from scorer.errors import ReviewsError, UsageError
from trainer.data import aclimdb, keras_imdb, tables
from trainer.data.reviews import Reviews
from trainer.data.tables import USUAL_LAYOUT, Layout
from trainer.data.unlabeled import Unlabeled


def read_reviews(source: Path, layout: Layout = USUAL_LAYOUT, part: str = "train") -> Reviews:
    """Read labelled reviews.

    Args:
        source: ``imdb``, an ``aclImdb`` folder or archive, a file of Parquet, CSV or JSON Lines, or
            a folder of such files.
        layout: columns, labels and encoding of tables.
        part: ``train`` or ``test``, of a source that has both.

    Raises:
        UsageError: the source doesn't exist, or has no columns to group or hold out by.
        ReviewsError: it can't be read, lacks a column, holds an invalid label, or no review at all.
    """
    reviews = _read_imdb(source, part)
    if reviews is None:
        reviews = tables.read(source, layout)
    elif layout.group_column is not None and not layout.lacking:
        raise UsageError(
            f"reading {source}: it has no columns, and so none to group by; "
            "leave out --group-column"
        )
    elif layout.held_out_column is not None and not layout.lacking:
        raise UsageError(
            f"reading {source}: it has no columns, and so none that says what is held out; "
            "leave out --held-out-column"
        )
    if not len(reviews):
        told = "".join(f"; {line}" for line in reviews.reading.lines())
        raise ReviewsError(f"reading {source}: there are no reviews in it{told}")
    return reviews


def read_texts(source: Path, layout: Layout = USUAL_LAYOUT) -> pa.LargeStringArray:
    """Read reviews without labels, ``large_string[reviews]``, from a table or a folder of tables.

    Raises:
        UsageError: the source doesn't exist.
        ReviewsError: it can't be read, has no text column, or no review at all.
    """
    return read_unlabeled(source, layout).texts


def read_unlabeled(source: Path, layout: Layout = USUAL_LAYOUT) -> Unlabeled:
    """Read reviews without labels, with their ids and domains.

    Raises:
        UsageError: the source doesn't exist.
        ReviewsError: it can't be read, has no text column, or no review at all.
    """
    if not source.exists():
        raise UsageError(f"reading reviews: {source} does not exist")
    unlabeled = tables.read_unlabeled(source, layout)
    if not len(unlabeled.texts):
        raise ReviewsError(f"reading {source}: there are no reviews in it")
    return unlabeled


def _read_imdb(source: Path, part: str) -> Reviews | None:
    """Return the reviews of a source in a layout of IMDB; None where the source is tables."""
    if not source.exists():
        if str(source) == keras_imdb.NAME:
            return keras_imdb.read(part)
        raise UsageError(f"reading reviews: {source} does not exist")
    if aclimdb.is_archive(source):
        return aclimdb.read_archive(source, part)
    folder = aclimdb.find_folder(source, part)
    return None if folder is None else aclimdb.read_folder(folder, source.name)
