"""The soft rows of a run: what it learns from soft reviews, apart from what it holds out.

A crop names its review by its group. So it is left out with a held-out review, and shares the fold
of a training review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from trainer.data.reviews import Reviews
from trainer.data.soft_reviews import SoftReviews
from trainer.fit.split import rows_with_words

NO_GROUP = -1


@dataclass(frozen=True)
class SoftRows:
    """The soft reviews that a run learns from.

    Attributes:
        texts: ``large_string[rows]``, each with a word.
        targets: ``float32[rows]``, the probability of positive.
        names: ``large_string[rows]``, the name of the group of each, as the file has it.
        groups: ``int64[rows]``, number of the group of each. It is that of the training reviews
            where one of these belongs to it, else a greater one.
    """

    texts: pa.LargeStringArray
    targets: npt.NDArray[np.float32]
    names: pa.LargeStringArray
    groups: npt.NDArray[np.int64]

    def groups_of(
        self, texts: pa.LargeStringArray, ids: pa.LargeStringArray | None
    ) -> npt.NDArray[np.int64]:
        """Return the group of each text, by its id or the text itself; NO_GROUP for the others.

        Args:
            texts: ``large_string[n]``.
            ids: ``large_string[n]``, if there are any.
        """
        rows = _index(texts, self.texts)
        if ids is not None:
            by_id = _index(ids, self.names)
            rows = np.where(by_id == NO_GROUP, rows, by_id)
        return np.where(rows == NO_GROUP, NO_GROUP, self.groups[rows])


def choose_soft_rows(
    soft: SoftReviews, training: Reviews, held_out: Reviews, say: Callable[[str], None]
) -> SoftRows:
    """Leave out what a run must not learn from, and number the groups of the rest.

    Left out are rows without a word, all rows of a group that holds a held-out review, and texts
    that have a label. A held-out review is known by its group, its id and its text.

    Args:
        soft: texts with probabilities.
        training: labelled reviews to train on.
        held_out: labelled reviews held out of training.
        say: takes a line that counts what is left out.

    Raises:
        ReviewsError: no row is left.
    """
    codes = np.asarray(pc.dictionary_encode(soft.groups).indices)
    held = np.isin(codes, codes[_belong_to(soft, held_out) != NO_GROUP])
    labelled = _index(soft.texts, training.texts) != NO_GROUP
    wordless = np.ones(len(soft), bool)
    wordless[rows_with_words(soft.texts)] = False
    left_out = {
        "of held-out reviews or their groups": held,
        "of texts that have a label": labelled & ~held,
        "without a word": wordless & ~held & ~labelled,
    }
    rows = np.flatnonzero(~(held | labelled | wordless))
    _tell(soft, left_out, len(rows), say)
    if soft.grouped and training.groups is None and training.ids is None:
        say(
            f"{training.name} has no column review_id, and --group-column names none: crops of "
            f"held-out reviews in {soft.name} are known by the text of their review only"
        )
    groups = _numbers(codes, _belong_to(soft, training), training)
    kept = pa.array(rows)
    return SoftRows(
        soft.texts.take(kept), soft.probabilities[rows], soft.groups.take(kept), groups[rows]
    )


def _tell(
    soft: SoftReviews,
    left_out: Mapping[str, npt.NDArray[np.bool_]],
    rows: int,
    say: Callable[[str], None],
) -> None:
    """Say what is left out; refuse to go on with no row."""
    counts = {reason: int(np.count_nonzero(which)) for reason, which in left_out.items()}
    told = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    if not rows:
        raise ReviewsError(
            f"training with the soft labels of {soft.name}: none of its {len(soft):,} rows is "
            f"left to learn from ({told}); give texts of other reviews"
        )
    if told:
        say(f"{soft.name}: left out {len(soft) - rows:,} of {len(soft):,} rows: {told}")


def _belong_to(soft: SoftReviews, reviews: Reviews) -> npt.NDArray[np.int64]:
    """Return the first review that each row belongs to, by group, id or text; or NO_GROUP."""
    found = _index(soft.texts, reviews.texts)
    for names in (reviews.groups, reviews.ids):
        if names is not None:
            by_name = _index(soft.groups, names)
            found = np.where(by_name == NO_GROUP, found, by_name)
    return found


def _index(values: pa.LargeStringArray, among: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Return the first index of each value, ``int64[values]``; NO_GROUP where it isn't there."""
    return np.asarray(pc.fill_null(pc.index_in(values, among), NO_GROUP), np.int64)


def _numbers(
    codes: npt.NDArray[np.int32], reviews: npt.NDArray[np.int64], training: Reviews
) -> npt.NDArray[np.int64]:
    """Number the groups, ``int64[rows]``.

    Args:
        codes: ``int32[rows]``, group of each row by the file alone, from 0.
        reviews: ``int64[rows]``, the training review that a row belongs to, or NO_GROUP.
        training: labelled reviews to train on.
    """
    numbers = training.group_numbers()
    of_code = int(numbers.max()) + 1 + np.arange(int(codes.max()) + 1)
    rows = np.flatnonzero(reviews != NO_GROUP)[::-1]  # of several rows, the first decides
    of_code[codes[rows]] = numbers[reviews[rows]]
    return of_code[codes]
