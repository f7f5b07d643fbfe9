"""Which labelled reviews the teacher learns from, and which are held out from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from films import film_groups
from scorer.errors import ReviewsError, UsageError
from teacher.tables import read_table, texts_of, write_table

FILMS = "films"
# Film groups (``films.py``) that are held out; those that the trainer's recipe holds out at 8%.
HELD_OUT_FILMS = (3, 12, 25, 41)
# A review of another domain is held out if the last byte of its id is below this.
HELD_OUT_BYTES = 0x14
DOMAINS = (
    "amazon_books",
    "amazon_dvd",
    "amazon_electronics",
    "amazon_kitchen",
    "amazon_video",
    "rt_polarity",
)
NEEDED = ("review_id", "review", "label")
TRAIN, HELD_OUT = "train.parquet", "held_out.parquet"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """How many reviews the teacher learns from, at random of those that aren't held out.

    Attributes:
        films: film reviews.
        others: reviews of the six other domains.
        seed: draws them.
    """

    films: int = 7_500
    others: int = 10_500
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.films, self.others) < 1:
            raise UsageError(
                f"choosing reviews: {self.films} films and {self.others} others were asked for; "
                "ask for one of each at least"
            )

    def draw(self, is_film: Bools, held_out: Bools) -> npt.NDArray[np.int64]:
        """Return the rows to learn from, ``int64[films + others]``, rising.

        Args:
            is_film: ``bool[reviews]``.
            held_out: ``bool[reviews]``.

        Raises:
            ReviewsError: there are fewer.
        """
        rng = np.random.default_rng(self.seed)
        drawn = []
        for name, of_it, count in (
            ("films", is_film, self.films),
            ("others", ~is_film, self.others),
        ):
            rows = np.flatnonzero(of_it & ~held_out)
            if len(rows) < count:
                raise ReviewsError(
                    f"choosing reviews: there are {len(rows)} {name} that aren't held out, "
                    f"{count} are asked for; ask for fewer"
                )
            drawn.append(rng.choice(rows, count, replace=False))
        return np.sort(np.concatenate(drawn))


def choose(imdb: Path, domains: Path, out: Path, choice: Choice) -> tuple[int, int]:
    """Write ``train.parquet`` and ``held_out.parquet``: text, label, group, domain.

    Args:
        imdb: labelled film reviews: review_id, review, label.
        domains: labelled reviews of other domains: the same, and domain.
        out: folder to write into; made if it isn't there.
        choice: how many reviews to learn from.

    Returns:
        Reviews to learn from, and reviews held out.

    Raises:
        ReviewsError: there are fewer reviews than are asked for.
    """
    reviews = pa.concat_tables([_films(imdb), _others(domains)])
    is_film = np.asarray(reviews["domain"].to_pylist()) == FILMS
    held_out = reviews["held_out"].to_numpy()
    reviews = reviews.drop_columns("held_out")
    rows = choice.draw(is_film, held_out)
    out.mkdir(parents=True, exist_ok=True)
    write_table(reviews.take(rows), out / TRAIN)
    write_table(reviews.filter(pa.array(held_out)), out / HELD_OUT)
    return len(rows), int(held_out.sum())


def is_held_out(review_id: str) -> bool:
    """Whether a review of another domain than films is held out.

    >>> is_held_out("0002d05251a23f13"), is_held_out("0002d05251a23f14")
    (True, False)
    """
    return int(review_id[-2:], 16) < HELD_OUT_BYTES


def _films(path: Path) -> pa.Table:
    table = read_table(path, NEEDED)
    held_out = pc.is_in(film_groups(table["review_id"]), pa.array(HELD_OUT_FILMS))
    return _columns(table, pa.array([FILMS] * len(table)), held_out)


def _others(path: Path) -> pa.Table:
    table = read_table(path, (*NEEDED, "domain"))
    table = table.filter(pc.is_in(table["domain"], pa.array(DOMAINS)))
    held_out = pa.array(map(is_held_out, table["review_id"].to_pylist()), pa.bool_())
    return _columns(table, table["domain"], held_out)


def _columns(table: pa.Table, domain: pa.Array, held_out: pa.Array) -> pa.Table:
    columns = {
        "text": texts_of(table, "review"),
        "label": table["label"].cast(pa.int8()),
        "group": texts_of(table, "review_id"),
        "domain": domain.cast(pa.string()),
        "held_out": held_out,
    }
    return pa.table(columns)
