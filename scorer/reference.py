"""The reference of a model: how scores, lengths and unknown words of its held-out reviews lie.

They are counted in fixed bins, so that counts of other reviews can be compared with them and added
up: those of a run are :class:`Bins`. The scores of the reference are counted by label, so that the
bins also tell what part of the reviews outside any band of scores the model gets right. Where
``calibration`` has folds, these scores are cross-fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.system.records import RecordError, optional

VERSION = 1

# Between the bins of a score: logits from -9.9 to 9.9 in steps of 0.1. The step in the middle is a
# score of 0.5; both ends are fine enough for tails of a thousandth.
SCORE_EDGES = 1 / (1 + np.exp(-np.arange(-99, 100) / 10))
# Between the bins of a length: four to an octave, up to 65,536 tokens.
LENGTH_EDGES = np.unique(np.ceil(2 ** (np.arange(65) / 4)).astype(np.int64))
SCORE_BINS, LENGTH_BINS = len(SCORE_EDGES) + 1, len(LENGTH_EDGES) + 1
# No unknown word, then a bin for each hundredth.
UNKNOWN_BINS = 101
SIZES = {
    "negative": SCORE_BINS,
    "positive": SCORE_BINS,
    "tokens": LENGTH_BINS,
    "unknown": UNKNOWN_BINS,
}
MOST_REVIEWS = 2**53
MOST_DOMAINS = 100

Counts = tuple[int, ...]
# Of rows, in 32 or 64 bits.
Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """Rows by score, by length and by unknown words, in fixed bins. They add up with ``+``.

    Attributes:
        version: of the bins.
        score: rows that have a score, 200 bins (see :func:`count_scores`).
        length: rows that have a token, by all of their tokens (see :func:`count_lengths`).
        unknown: rows that have a token, by the fraction of unknown ones (see
            :func:`count_unknown`).
    """

    version: int = VERSION
    score: Counts = (0,) * SCORE_BINS
    length: Counts = (0,) * LENGTH_BINS
    unknown: Counts = (0,) * UNKNOWN_BINS

    def __add__(self, other: Bins) -> Bins:
        return Bins(
            self.version,
            _sum(self.score, other.score),
            _sum(self.length, other.length),
            _sum(self.unknown, other.unknown),
        )

    @property
    def rows(self) -> int:
        """Rows that have a token."""
        return sum(self.length)

    def check(self, what: str) -> None:
        """Check counts that come from a file.

        Args:
            what: their name, for messages.

        Raises:
            RecordError: the bins aren't those of this release, or the counts make no sense.
        """
        if self.version != VERSION:
            raise RecordError(
                f"{what} has bins of version {self.version!r:.20}, this release has {VERSION}"
            )
        sizes = {"score": SCORE_BINS, "length": LENGTH_BINS, "unknown": UNKNOWN_BINS}
        for name, size in sizes.items():
            _check_counts(what, name, getattr(self, name), size)


def count_rows(
    scores: npt.NDArray[np.float32],
    lengths: Numbers,
    unknown: Numbers,
) -> Bins:
    """Count rows in bins.

    Args:
        scores: ``float32[rows]``; NaN for a row without a score.
        lengths: ``integer[rows]``, all tokens of each row.
        unknown: ``integer[rows]``, tokens that are not in the vocabulary.

    >>> bins = count_rows(np.array([0.5, np.nan], np.float32), np.array([9, 0]), np.array([1, 0]))
    >>> sum(bins.score), bins.length[8], bins.unknown[12]
    (1, 1, 1)
    """
    filled = lengths > 0
    counted = (
        count_scores(scores[~np.isnan(scores)]),
        count_lengths(lengths[filled]),
        count_unknown(unknown[filled], lengths[filled]),
    )
    return Bins(VERSION, *(tuple(counts.tolist()) for counts in counted))


@dataclass(frozen=True)
class Counted:
    """Reviews, counted in bins.

    Attributes:
        negative: negative reviews by score, 200 bins (see :func:`count_scores`).
        positive: positive reviews by score.
        tokens: all reviews by length (see :func:`count_lengths`).
        unknown: all reviews by the fraction of their tokens that are not in the vocabulary (see
            :func:`count_unknown`).
    """

    negative: Counts
    positive: Counts
    tokens: Counts
    unknown: Counts

    @property
    def reviews(self) -> int:
        """Number of reviews."""
        return sum(self.tokens)

    @property
    def bins(self) -> Bins:
        """The same, without the labels."""
        return Bins(VERSION, _sum(self.negative, self.positive), self.tokens, self.unknown)

    def check(self, what: str) -> None:
        """Check counts that come from a file.

        Args:
            what: their name, for messages.

        Raises:
            RecordError: there are more or fewer than the bins of this release, or they make no
                sense.
        """
        for name, size in SIZES.items():
            _check_counts(what, name, getattr(self, name), size)
        totals = sum(self.negative) + sum(self.positive), sum(self.tokens), sum(self.unknown)
        if len(set(totals)) > 1 or not totals[0]:
            raise RecordError(
                f"{what} counts {totals[0]} scores, {totals[1]} lengths and {totals[2]} "
                "fractions of unknown words, not as many of each"
            )


@dataclass(frozen=True)
class Reference:
    """The held-out reviews of a model, counted in bins.

    Attributes:
        version: of the bins.
        all: all of them.
        domains: those of each domain, if there are several.
    """

    version: int
    all: Counted
    domains: Mapping[str, Counted] | None = optional()

    def check(self) -> None:
        """Check counts that come from a file.

        Raises:
            RecordError: the bins aren't those of this release, or the counts make no sense.
        """
        if self.version != VERSION:
            raise RecordError(
                f"the reference has version {self.version!r:.20}, this release reads {VERSION}"
            )
        self.all.check("the reference")
        domains = self.domains or {}
        if len(domains) > MOST_DOMAINS:
            raise RecordError(f"the reference has {len(domains)} domains, more than {MOST_DOMAINS}")
        for name, counted in domains.items():
            counted.check(f"the reference of {name!r:.80}")
        total = sum(counted.reviews for counted in domains.values())
        if domains and total != self.all.reviews:
            raise RecordError(
                f"the reference counts {self.all.reviews} reviews, and {total} in its domains"
            )


def count_scores(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Count scores in 200 bins, ``int64[200]``; a bin holds its lower bound.

    Args:
        scores: ``float32[reviews]``, in [0, 1].

    >>> np.flatnonzero(count_scores(np.array([0.0, 0.5, 1.0], np.float32))).tolist()
    [0, 100, 199]
    """
    bins = np.searchsorted(SCORE_EDGES, scores.astype(np.float64), side="right")
    return np.bincount(bins, minlength=SCORE_BINS)


def count_lengths(lengths: Numbers) -> npt.NDArray[np.int64]:
    """Count lengths in bins of a quarter of an octave, ``int64[LENGTH_BINS]``.

    Args:
        lengths: ``integer[reviews]``, all tokens of each review.

    >>> np.flatnonzero(count_lengths(np.array([1, 9, 10, 11, 12]))).tolist()
    [1, 8, 9, 10]
    """
    bins = np.searchsorted(LENGTH_EDGES, lengths, side="right")
    return np.bincount(bins, minlength=LENGTH_BINS)


def count_unknown(unknown: Numbers, lengths: Numbers) -> npt.NDArray[np.int64]:
    """Count reviews by their fraction of unknown tokens, ``int64[101]``.

    The first bin has none, the next up to 1%, then up to 2%, and so on.

    Args:
        unknown: ``integer[reviews]``, tokens that are not in the vocabulary.
        lengths: ``integer[reviews]``, all tokens; at least one.

    >>> np.flatnonzero(count_unknown(np.array([0, 1, 1, 3]), np.array([9, 100, 99, 3]))).tolist()
    [0, 1, 2, 100]
    """
    # In 64 bits: a hundred times a count may be more than 32 hold.
    hundredths = -(-100 * unknown.astype(np.int64) // lengths)
    return np.bincount(hundredths, minlength=UNKNOWN_BINS)


def _sum(one: Counts, other: Counts) -> Counts:
    return tuple(map(sum, zip(one, other, strict=True)))


def _check_counts(what: str, name: str, counts: Counts, size: int) -> None:
    if len(counts) != size or not 0 <= min(counts) <= max(counts) <= MOST_REVIEWS:
        raise RecordError(f"{what}'s {name!r} aren't {size} counts from 0 to {MOST_REVIEWS}")
