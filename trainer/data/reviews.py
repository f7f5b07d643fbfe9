"""Labelled reviews: the one type that every source is read into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from scorer.system.escape import escaped


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
class Reviews:
    """Labelled reviews.

    Attributes:
        texts: ``large_string[reviews]``, valid UTF-8.
        labels: ``int8[reviews]``, 1 for positive.
        name: name of the source, without the folders that lead to it.
        groups: ``large_string[reviews]``, the product that each review is about; None where the
            source doesn't tell. Reviews of one product are held out together.
    """

    texts: pa.LargeStringArray
    labels: npt.NDArray[np.int8]
    name: str
    groups: pa.LargeStringArray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Reviews:
        """Return the reviews at ``rows``, ``int64[n]``."""
        groups = None if self.groups is None else self.groups.take(pa.array(rows))
        return Reviews(self.texts.take(pa.array(rows)), self.labels[rows], self.name, groups)

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
        return cls(
            pa.concat_arrays([part.texts for part in parts]),
            np.concatenate([part.labels for part in parts]),
            name,
            pa.concat_arrays(groups) if groups else None,
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
