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
from trainer.fit.left_out import LeftOut
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
        domains: ``large_string[rows]``, the domain of each, null where it isn't known; None where
            none is.
    """

    texts: pa.LargeStringArray
    targets: npt.NDArray[np.float32]
    names: pa.LargeStringArray
    groups: npt.NDArray[np.int64]
    domains: pa.LargeStringArray | None = None

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
    soft: SoftReviews,
    training: Reviews,
    held_out: Reviews,
    say: Callable[[str], None],
    left_out: LeftOut | None = None,
) -> SoftRows:
    """Leave out what a run must not learn from, and number the groups of the rest.

    Left out are rows without a word, all rows of a group that holds a held-out review, and texts
    that have a label. A held-out review is known by its group, its id and its text. So is a review
    of a domain that is left out; rows of such a domain are left out, too, and those of a group
    whose name several sources of labelled reviews have: it can't be told which one is meant.

    Args:
        soft: texts with probabilities.
        training: labelled reviews to train on.
        held_out: labelled reviews held out of training.
        say: takes a line that counts what is left out.
        left_out: the domains that the run doesn't learn from, if there are any.

    Raises:
        ReviewsError: no row is left.
    """
    codes = np.asarray(pc.dictionary_encode(soft.groups).indices)
    wordless = np.ones(len(soft), bool)
    wordless[rows_with_words(soft.texts)] = False
    reasons = {
        "of held-out reviews or their groups": _whole(codes, _belong_to(soft, held_out)),
        "of domains left out": _of_left_out(soft, codes, left_out),
        "of groups with the name of another source's": _ambiguous(soft, training, held_out),
        "of texts that have a label": _index(soft.texts, training.texts) != NO_GROUP,
        "without a word": wordless,
    }
    rows = np.flatnonzero(~np.any(list(reasons.values()), axis=0))
    _tell(soft, reasons, len(rows), say)
    if soft.grouped and training.groups is None and training.ids is None:
        say(
            f"{training.name} has no column review_id, and --group-column names none: crops of "
            f"held-out reviews in {soft.name} are known by the text of their review only"
        )
    groups = _numbers(codes, _belong_to(soft, training), training)
    kept = pa.array(rows)
    return SoftRows(
        soft.texts.take(kept),
        soft.probabilities[rows],
        soft.groups.take(kept),
        groups[rows],
        None if soft.domains is None else soft.domains.take(kept),
    )


def _whole(codes: npt.NDArray[np.int32], reviews: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the rows of each group of which a row belongs to a review, ``bool[rows]``."""
    return np.isin(codes, codes[reviews != NO_GROUP])


def _of_left_out(
    soft: SoftReviews, codes: npt.NDArray[np.int32], left_out: LeftOut | None
) -> npt.NDArray[np.bool_]:
    """Return the rows of domains that are left out, ``bool[rows]``, by their name or a review."""
    found = np.zeros(len(soft), bool)
    if left_out is None:
        return found
    if left_out.reviews is not None:
        found |= _whole(codes, _belong_to(soft, left_out.reviews))
    if soft.domains is not None:
        found |= np.asarray(pc.is_in(soft.domains, pa.array(left_out.domains, pa.large_string())))
    return found


def _ambiguous(soft: SoftReviews, *parts: Reviews) -> npt.NDArray[np.bool_]:
    """Return the rows whose group is one of several sources', ``bool[rows]``."""
    found = np.zeros(len(soft), bool)
    for names in ("groups", "ids"):
        given = [(getattr(part, names), part.sources) for part in parts]
        if all(values is not None and sources is not None for values, sources in given):
            table = pa.table(
                {
                    "name": pa.concat_arrays([values for values, _ in given]),
                    "source": np.concatenate([sources for _, sources in given]),
                }
            )
            counts = table.group_by("name").aggregate([("source", "count_distinct")])
            several = counts.filter(pc.field("source_count_distinct") > 1)["name"].drop_null()
            found |= np.asarray(pc.is_in(soft.groups, several.combine_chunks()))
    return found


def _tell(
    soft: SoftReviews,
    reasons: Mapping[str, npt.NDArray[np.bool_]],
    rows: int,
    say: Callable[[str], None],
) -> None:
    """Say what is left out, each row for its first reason; refuse to go on with no row."""
    # int64[rows], from 0; the number of reasons where there is none.
    firsts = np.argmax([*reasons.values(), np.ones(len(soft), bool)], axis=0)
    numbers = np.bincount(firsts, minlength=len(reasons)).tolist()
    counts = dict(zip(reasons, numbers, strict=False))
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
