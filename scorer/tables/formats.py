"""Which reader a file has."""

from __future__ import annotations

from collections.abc import Callable

from scorer.storage.place import Place
from scorer.tables.endings import CSV, JSON_LINES, format_of
from scorer.tables.parquet_reader import MAX_CELL, ParquetReviews
from scorer.tables.reviews import OpenReviews
from scorer.tables.text_options import TextOptions


def open_reviews(
    path: Place,
    max_cell: int = MAX_CELL,
    options: TextOptions = TextOptions(),
    check: Callable[[], None] = lambda: None,
) -> OpenReviews:
    """Open a file of reviews, by the reader of its ending.

    Args:
        path: the file.
        max_cell: most bytes of one value of a column; of a text, of one row.
        options: how a text is read.
        check: called now and then if the file has to be read once to be opened; it ends that by
            raising.

    Raises:
        ReviewsError: it can't be opened.
    """
    found = format_of(path.name)
    # Imported where it is used: a run on Parquet loads neither csv nor json readers.
    if found == CSV:
        from scorer.tables.csv_reader import CsvReviews

        return CsvReviews(path, max_cell, options, check)
    if found == JSON_LINES:
        from scorer.tables.json_lines_reader import JsonLinesReviews

        return JsonLinesReviews(path, max_cell, options, check)
    return ParquetReviews(path, max_cell)
