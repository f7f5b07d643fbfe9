"""The note on a file whose text column is empty while another one holds text."""

from __future__ import annotations

import shlex
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import other_text_columns
from scorer.errors import ReviewsError
from scorer.job.prepared import OpenInput
from scorer.kernel import Counts
from scorer.tables.reviews import OpenReviews
from scorer.tokenizer import is_text, valid_text


def note_on(source: OpenInput, counts: Counts) -> str:
    """Return the note on a file whose reviews seem to stand in another column; else nothing.

    Args:
        source: the open input. It is read once more if no row had text.
        counts: what was found in all of its rows.
    """
    if source.options.text_column is not None or counts.without_text < max(counts.rows, 1):
        return ""
    found = source.kernel.text_column
    for name in other_text_columns(source.reviews.schema, found):
        if _holds_text(source.reviews, name):
            return (
                f"no row of column {found!r} holds text, but {name!r} does; "
                f"to read that: --text-column {shlex.quote(name)}"
            )
    return ""


def _holds_text(reviews: OpenReviews, name: str) -> bool:
    with suppress(ReviewsError):
        windows = reviews.windows([name])
        return any(
            _is_filled(column) for window in windows for batch in window for column in batch.columns
        )
    return False


def _is_filled(column: pa.Array) -> bool:
    if not is_text(column.type):
        return False
    texts, _ = valid_text(column)
    return bool(pc.any(pc.greater(pc.binary_length(texts), 0)).as_py())
