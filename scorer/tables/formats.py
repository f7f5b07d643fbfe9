"""Which reader a file has."""

from __future__ import annotations

from scorer.storage.place import Place
from scorer.tables.parquet_reader import MAX_CELL, ParquetReviews
from scorer.tables.reviews import OpenReviews


def open_reviews(path: Place, max_cell: int = MAX_CELL) -> OpenReviews:
    """Open a file of reviews.

    Args:
        path: the file.
        max_cell: most bytes of one value of a column.

    Raises:
        ReviewsError: it can't be opened.
    """
    return ParquetReviews(path, max_cell)
