"""Labelled reviews: the one type that every source is read into."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from scorer.system.escape import escaped
from trainer.data.label_map import listed

# A message shows this many characters of a review.
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class ReviewsId:
    """The identity of a set of labelled reviews, as a run stores it.

    Attributes:
        name: name of the source, without the folders that lead to it.
        reviews: number of reviews.
        sha256: fingerprint of texts and labels, in hex.
    """

    name: str
    reviews: int
    sha256: str


@dataclass(frozen=True)
class Reading:
    """What was left out or changed when reviews were read.

    Attributes:
        rows: number of rows of the source.
        left_out: number of rows left out, by their label.
        mended: number of reviews with invalid UTF-8, which was replaced by U+FFFD.
    """

    rows: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    mended: int = 0

    def lines(self) -> list[str]:
        """Return what is to be told.

        >>> Reading(9, {"3": 4}).lines()
        ["left out 4 of 9 rows, whose labels have no meaning: '3' (4)"]
        """
        told = []
        if self.left_out:
            count, values = sum(self.left_out.values()), listed(Counter(self.left_out))
            told.append(
                f"left out {count:,} of {self.rows:,} rows, whose labels have no meaning: {values}"
            )
        if self.mended:
            told.append(
                f"replaced invalid UTF-8 in {self.mended:,} reviews by \N{REPLACEMENT CHARACTER}"
            )
        return told

    def __add__(self, other: Reading) -> Reading:
        left_out = Counter(self.left_out) + Counter(other.left_out)
        return Reading(self.rows + other.rows, left_out, self.mended + other.mended)


@dataclass(frozen=True)
class Reviews:
    """Labelled reviews.

    Attributes:
        texts: ``large_string[reviews]``, valid UTF-8.
        labels: ``int8[reviews]``, 1 for positive.
        name: name of the source, without the folders that lead to it.
        groups: ``large_string[reviews]``, the product that each review is about; None where the
            source doesn't tell. Reviews of one product are held out together.
        reading: what was left out or changed when they were read.
        ids: ``large_string[reviews]``, the id of each review, which soft labels may name; None
            where the source doesn't tell.
    """

    texts: pa.LargeStringArray
    labels: npt.NDArray[np.int8]
    name: str
    groups: pa.LargeStringArray | None = None
    reading: Reading = Reading()
    ids: pa.LargeStringArray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Reviews:
        """Return the reviews at ``rows``, ``int64[n]``."""
        kept = pa.array(rows)
        groups, ids = (
            None if names is None else names.take(kept) for names in (self.groups, self.ids)
        )
        return Reviews(self.texts.take(kept), self.labels[rows], self.name, groups, ids=ids)

    def group_numbers(self) -> npt.NDArray[np.int64]:
        """Number the groups, ``int64[reviews]``; each review is a group if there are none."""
        if self.groups is None:
            return np.arange(len(self))
        names = self.groups.to_numpy(zero_copy_only=False).astype(str)
        return np.unique(names, return_inverse=True)[1]

    def fingerprint(self) -> str:
        """Return the SHA-256, in hex, of texts and labels in their order.

        The same reviews have the same fingerprint, whatever source they were read from.
        """
        return fingerprint_of_texts(self.texts, self.labels.tobytes())

    def describe(self) -> ReviewsId:
        """Return name, number and fingerprint."""
        return ReviewsId(escaped(self.name), len(self), self.fingerprint())

    @classmethod
    def concatenate(cls, parts: Sequence[Reviews], name: str) -> Reviews:
        """Return the reviews of all parts, one part after another."""
        groups = [part.groups for part in parts if part.groups is not None]
        ids = [
            pa.nulls(len(part), pa.large_string()) if part.ids is None else part.ids
            for part in parts
        ]
        return cls(
            pa.concat_arrays([part.texts for part in parts]),
            np.concatenate([part.labels for part in parts]),
            name,
            pa.concat_arrays(groups) if groups else None,
            sum((part.reading for part in parts), Reading()),
            pa.concat_arrays(ids) if any(part.ids is not None for part in parts) else None,
        )


def fingerprint_of_texts(texts: pa.LargeStringArray, before: bytes = b"") -> str:
    """Return the SHA-256, in hex, of ``before`` and the texts in their order; null counts as empty.

    The length of each text is hashed too: a word that moves to the next text changes the result.
    """
    digest = hashlib.sha256(before)
    for text in pc.fill_null(texts, ""):
        raw = text.as_buffer()
        digest.update(raw.size.to_bytes(8, "little"))
        digest.update(raw)
    return digest.hexdigest()


def check_both_labels(reviews: Reviews) -> None:
    """Refuse reviews that all have one label: no model can learn from them, and AUC is undefined.

    Raises:
        ReviewsError: the reviews are all positive, or all negative.
    """
    positive = int(reviews.labels.sum())
    if positive in (0, len(reviews)):
        label = "positive" if positive else "negative"
        raise ReviewsError(
            f"reading {reviews.name}: all {len(reviews)} reviews are {label}; both kinds are needed"
        )


def check_differing(reviews: Reviews) -> None:
    """Refuse reviews that all have one text: there is nothing to learn.

    Raises:
        ReviewsError: all texts are the same.
    """
    first = reviews.texts[0].as_py() or ""
    if pc.all(pc.equal(pc.fill_null(reviews.texts, ""), first)).as_py():
        what = f"the same text, {first[:SHOWN_CHARACTERS]!r}" if first else "empty"
        raise ReviewsError(
            f"reading {reviews.name}: all {len(reviews)} reviews are {what}; "
            "name the column of the texts with --text-column"
        )
