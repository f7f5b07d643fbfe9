"""Labelled reviews: the one type that every source is read into."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError, UsageError
from scorer.system.escape import escaped
from trainer.data.label_map import listed

# A message shows this many characters of a review.
SHOWN_CHARACTERS = 40
# A source leaves open whether this review is held out.
OPEN = -1


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
        groups: ``large_string[reviews]``, the product that each review is about; None where no
            source tells. Reviews of one product are held out together; a review without a group is
            one of its own.
        reading: what was left out or changed when they were read.
        ids: ``large_string[reviews]``, the id of each review, which soft labels may name; None
            where no source tells.
        domains: ``large_string[reviews]``, the domain of each review; None where no source tells.
        sources: ``int32[reviews]``, number of the source of each review: groups and ids of two
            sources are different ones, even if they have the same name. None for one source.
        held_out: ``int8[reviews]``, 1 for a review that is to be held out, 0 for one to learn from,
            -1 where the source leaves it open; None where every source does.
        files: names of the sources, without the folders that lead to them; empty for one source,
            which ``name`` tells.
        options: the options of the command that said how the sources are laid out.
    """

    texts: pa.LargeStringArray
    labels: npt.NDArray[np.int8]
    name: str
    groups: pa.LargeStringArray | None = None
    reading: Reading = Reading()
    ids: pa.LargeStringArray | None = None
    domains: pa.LargeStringArray | None = None
    sources: npt.NDArray[np.int32] | None = None
    held_out: npt.NDArray[np.int8] | None = None
    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Reviews:
        """Return the reviews at ``rows``, ``int64[n]``."""
        kept = pa.array(rows)
        groups, ids, domains = (
            None if names is None else names.take(kept)
            for names in (self.groups, self.ids, self.domains)
        )
        sources = None if self.sources is None else self.sources[rows]
        return Reviews(
            self.texts.take(kept),
            self.labels[rows],
            self.name,
            groups,
            ids=ids,
            domains=domains,
            sources=sources,
            held_out=None if self.held_out is None else self.held_out[rows],
            files=self.files,
            options=self.options,
        )

    def group_numbers(self) -> npt.NDArray[np.int64]:
        """Number the groups, ``int64[reviews]``; a review without a group is one of its own."""
        if self.groups is None:
            return np.arange(len(self))
        named = np.asarray(self.groups.is_valid())
        names = self.groups.drop_null().to_numpy(zero_copy_only=False).astype(str)
        numbers = np.unique(names, return_inverse=True)[1]
        if self.sources is not None:
            pairs = np.stack([self.sources[named], numbers], axis=1)
            numbers = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
        all_numbers = np.zeros(len(self), np.int64)
        all_numbers[named] = numbers
        all_numbers[~named] = numbers.max(initial=-1) + 1 + np.arange(np.count_nonzero(~named))
        return all_numbers

    def domain_counts(self) -> dict[str, int]:
        """Return the number of reviews of each domain, by its name, in alphabetical order.

        It is empty where the domains aren't known.
        """
        if self.domains is None:
            return {}
        counts = ((one["values"], one["counts"]) for one in self.domains.value_counts().to_pylist())
        return dict(sorted(counts))

    def rows_of_domains(self) -> dict[str, npt.NDArray[np.int64]]:
        """Return the rows of each domain, ``int64[n]``, by its name; all in one if not known."""
        if self.domains is None:
            return {self.name: np.arange(len(self))}
        return {name: np.flatnonzero(pc.equal(self.domains, name)) for name in self.domain_counts()}

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
        return cls(
            pa.concat_arrays([part.texts for part in parts]),
            np.concatenate([part.labels for part in parts]),
            name,
            joined_names([(part.groups, len(part)) for part in parts]),
            sum((part.reading for part in parts), Reading()),
            joined_names([(part.ids, len(part)) for part in parts]),
            joined_names([(part.domains, len(part)) for part in parts]),
            held_out=_joined_flags(parts),
        )


def check_domains(names: Sequence[str], known: Collection[str], option: str) -> None:
    """Refuse names that are no domain.

    Args:
        names: the names to check.
        known: all domains.
        option: the option that gives the names, for the message.

    Raises:
        UsageError: a name is no domain.
    """
    unknown = [name for name in names if name not in known]
    if unknown and known:
        raise UsageError(
            f"{option} is {unknown[0]!r:.80}; the domains are {', '.join(sorted(known))}"
        )
    if unknown:
        raise UsageError(
            f"{option} is {unknown[0]!r:.80}, but the data tell of no domains; name the column "
            "that does with --domain-column"
        )


def joined_names(
    parts: Sequence[tuple[pa.LargeStringArray | None, int]],
) -> pa.LargeStringArray | None:
    """Join the names of several parts, null where a part has none; None if no part has any.

    Args:
        parts: the names, and the number of reviews of the part.
    """
    # A part without a review says nothing.
    if all(names is None for names, count in parts if count):
        return None
    return pa.concat_arrays(
        [pa.nulls(count, pa.large_string()) if names is None else names for names, count in parts]
    )


def _joined_flags(parts: Sequence[Reviews]) -> npt.NDArray[np.int8] | None:
    if all(part.held_out is None for part in parts if len(part)):
        return None
    return np.concatenate(
        [
            np.full(len(part), OPEN, np.int8) if part.held_out is None else part.held_out
            for part in parts
        ]
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
