"""An output of an earlier run whose scores are taken (``--reuse``): does it fit, and its scores.

Its footer says which model scored it, with which version of the scorer and of pyarrow its texts
were cut, and the fingerprint of the arithmetic. Scores are taken only where all of them are those
of this run, and where the texts stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer._version import __version__
from scorer.columns import path_to, text_array
from scorer.errors import ReviewsError
from scorer.kernel import SCORE
from scorer.known.digests import Digests, digests_of
from scorer.model import SentimentModel
from scorer.planning.freshness import STAMP_KEY, Stamp
from scorer.planning.options import Options
from scorer.storage.failures import reading
from scorer.storage.place import Place
from scorer.system.records import RecordError, from_json
from scorer.tables.parquet_reader import ParquetReviews, read_key
from scorer.tokenizer import raw_text

# Characters of a digest in a message.
SHOWN = 12


@dataclass(frozen=True)
class EarlierOutput:
    """An open output of an earlier run.

    Attributes:
        reviews: itself.
        text_column: the column with the reviews, or the field of a struct with its path.
        score_column: the column with their scores.
    """

    reviews: ParquetReviews
    text_column: str
    score_column: str

    def scores(self) -> Iterator[tuple[Digests, npt.NDArray[np.float32]]]:
        """Yield the digests of texts and their scores; texts without a score are left out.

        Raises:
            ReviewsError: it can't be read to its end.
        """
        wanted = {path_to(self.reviews.schema, self.text_column)[0], self.score_column}
        columns = [name for name in self.reviews.schema.names if name in wanted]
        for batches in self.reviews.windows(columns):
            texts = pa.chunked_array([text_array(batch, self.text_column) for batch in batches])
            scores = np.concatenate(
                [
                    batch.column(self.score_column).to_numpy(zero_copy_only=False)
                    for batch in batches
                ]
            )
            is_scored = ~np.isnan(scores)
            yield digests_of(raw_text(texts))[is_scored], scores[is_scored]


@contextmanager
def open_earlier(place: Place, options: Options) -> Iterator[EarlierOutput]:
    """Open an output that :func:`refusal_of` doesn't refuse.

    Raises:
        ReviewsError: it can't be opened.
    """
    stamp = _stamp_of(place)
    if stamp is None:
        raise ReviewsError(f"reusing {place}: it was replaced meanwhile; run again")
    with ParquetReviews(place, options.max_cell) as reviews:
        yield EarlierOutput(reviews, stamp.options.text_column, stamp.options.score_column)


def refusal_of(
    place: Place, model: SentimentModel, options: Options, fingerprint: str | None
) -> str:
    """Return why no scores can be taken from an output, in a sentence; empty if they can.

    Args:
        place: of the output.
        model: of this run.
        options: of this run.
        fingerprint: of the arithmetic that will score; None if others than this process will.

    Raises:
        ReviewsError: it can't be opened.
    """
    stamp = _stamp_of(place)
    if stamp is None:
        return f"reusing {place}: it isn't an output of scorer; name one, or leave it out"
    for what, found, wanted in _compared(stamp, model, fingerprint):
        if not found:
            return (
                f"reusing {place}: it doesn't say of which {what} its scores are, since an older "
                "scorer wrote it; score it once more with --force"
            )
        if found != wanted:
            return (
                f"reusing {place}: its scores are of another {what}, {found} and not {wanted}; "
                "name an output that agrees with this run, or leave it out"
            )
    with ParquetReviews(place, options.max_cell) as reviews:
        return _lacking(place, reviews.schema, stamp)


def is_of_another_maker(place: Place, model: SentimentModel) -> bool:
    """Whether another model or another version of the scorer made an output."""
    stamp = _stamp_of(place)
    made_by = (__version__, model.file.sha256)
    return stamp is not None and (stamp.scorer, stamp.model_sha256) != made_by


def _compared(
    stamp: Stamp, model: SentimentModel, fingerprint: str | None
) -> Iterator[tuple[str, str, str]]:
    """Yield what scores depend on: what it is, that of an output, that of this run."""
    yield "scorer", stamp.scorer, __version__
    yield "model", stamp.model_sha256[:SHOWN], model.file.sha256[:SHOWN]
    cut_by = f"pyarrow {stamp.pyarrow}" if stamp.pyarrow else ""
    yield "tokenizer", cut_by, f"pyarrow {pa.__version__}"
    if fingerprint is not None:
        yield "arithmetic", stamp.fingerprint[:SHOWN], fingerprint[:SHOWN]


def _lacking(place: Place, schema: pa.Schema, stamp: Stamp) -> str:
    """Return what an output lacks, in a sentence; empty if its texts and scores are there."""
    text, score = stamp.options.text_column, stamp.options.score_column
    try:
        path_to(schema, text)
    except ReviewsError:
        return (
            f"reusing {place}: it lacks the column {text!r} with the texts, which --keep or --drop "
            "left out; name an output that has it"
        )
    if schema.names.count(score) != 1 or schema.field(score).type != SCORE.type:
        return f"reusing {place}: it lacks its scores; name a file that scorer wrote"
    return ""


def _stamp_of(place: Place) -> Stamp | None:
    with reading(place):
        stored = read_key(place, STAMP_KEY)
    try:
        return from_json(Stamp, stored)
    except RecordError:
        return None
