"""Labelled reviews: the one shape that every source becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError


@dataclass(frozen=True)
class Reviews:
    """Labelled reviews.

    Attributes:
        texts: ``large_string[reviews]``, valid UTF-8.
        labels: ``int8[reviews]``, 1 for positive.
        name: what the source is called, without the folders that lead to it.
        groups: ``large_string[reviews]``, what each review is about where that is known: reviews of one product are held out together.
    """

    texts: pa.LargeStringArray
    labels: npt.NDArray[np.int8]
    name: str
    groups: pa.LargeStringArray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Reviews:
        """Return some of the reviews, ``rows`` being ``int64[n]``."""
        groups = None if self.groups is None else self.groups.take(pa.array(rows))
        return Reviews(self.texts.take(pa.array(rows)), self.labels[rows], self.name, groups)

    def fingerprint(self) -> str:
        """Return the SHA-256 of texts and labels in their order: the same reviews from any source give the same."""
        return fingerprint_of_texts(self.texts, self.labels.tobytes())

    def describe(self) -> dict[str, Any]:
        """Return name, count and fingerprint, as JSON types."""
        return {"name": self.name, "reviews": len(self), "sha256": self.fingerprint()}

    @classmethod
    def concatenate(cls, parts: Sequence[Reviews], name: str) -> Reviews:
        """Return the reviews of all parts, one after another."""
        groups = [part.groups for part in parts if part.groups is not None]
        return cls(
            pa.concat_arrays([part.texts for part in parts]),
            np.concatenate([part.labels for part in parts]),
            name,
            pa.concat_arrays(groups) if groups else None,
        )


def fingerprint_of_texts(texts: pa.LargeStringArray, before: bytes = b"") -> str:
    """Return the SHA-256, in hex, of some bytes and then the texts in their order; null is read as empty."""
    digest = hashlib.sha256(before)
    for text in pc.fill_null(texts, ""):
        raw = text.as_buffer()
        digest.update(raw.size.to_bytes(8, "little"))
        digest.update(raw)
    return digest.hexdigest()


def check_both_kinds(reviews: Reviews) -> None:
    """Refuse reviews that are all of one kind: nothing can be learned from them, and nothing measured.

    Raises:
        ReviewsError: the reviews are all positive, or all negative.
    """
    positive = int(reviews.labels.sum())
    if positive in (0, len(reviews)):
        kind = "positive" if positive else "negative"
        raise ReviewsError(f"reading {reviews.name}: all {len(reviews)} reviews are {kind}; both kinds are needed")
