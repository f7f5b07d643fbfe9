"""The split: which labelled reviews a run trains on, and which it holds out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules
from trainer.data.reviews import OPEN, Reviews
from trainer.measure.folds import label_counts

# Rows whose words are counted at once.
ROWS_AT_ONCE = 10_000


def split(reviews: Reviews, fraction: float) -> tuple[Reviews, Reviews]:
    """Return the reviews to train on, and the reviews held out.

    Of each label of each domain the fraction is held out: at least one review, and never all, so
    that a single one is learned from. Every run on the same reviews holds out the same ones,
    whatever its seed: runs can be compared, and no teacher has seen the reviews that its student is
    measured on. Which reviews of a domain they are doesn't depend on the other domains, unless they
    share groups. Reviews of one group stay together. Where a source says what is held out, it is
    that, to the row, even if it cuts a group.

    Args:
        reviews: labelled reviews.
        fraction: fraction to hold out, between 0 and 1.

    Raises:
        ReviewsError: one of the two would have reviews of one label only.
    """
    held = _draw(reviews, fraction)
    parts = reviews.take(np.flatnonzero(~held)), reviews.take(np.flatnonzero(held))
    if any(int(part.labels.sum()) in (0, len(part)) for part in parts):
        negative, positive = np.bincount(reviews.labels, minlength=2).tolist()
        grouped = "" if reviews.groups is None else ", leave out --group-column"
        marked = "" if reviews.held_out is None else ", other rows to hold out"
        raise ReviewsError(
            f"holding out {fraction:g} of {reviews.name}, which has {negative} negative and "
            f"{positive} positive reviews: one part would have reviews of one label only; "
            f"give more reviews{grouped}{marked}, or another --held-out"
        )
    return parts


def cut_groups(training: Reviews, held_out: Reviews) -> int:
    """Return the number of groups that have reviews on both sides of a split."""
    if training.groups is None:
        return 0
    both = Reviews.concatenate([training, held_out], training.name)
    if training.sources is not None and held_out.sources is not None:
        both = replace(both, sources=np.concatenate([training.sources, held_out.sources]))
    first, second = np.split(both.group_numbers(), [len(training)])
    return len(np.intersect1d(first, second))


def with_words(
    reviews: Reviews, say: Callable[[str], None], rules: Rules | FirstRules | None = None
) -> Reviews:
    """Leave out the reviews without a word: they have no score, and teach nothing.

    Args:
        reviews: labelled reviews.
        say: is told how many were left out.
        rules: how texts are cut into words; by default the rules of this release.

    Raises:
        ReviewsError: none has a word.
    """
    rows = rows_with_words(reviews.texts, rules)
    if not len(rows):
        raise ReviewsError(
            f"training on {reviews.name}: none of its {len(reviews)} reviews has a word; "
            "name the column of the texts with --text-column"
        )
    if len(rows) < len(reviews):
        say(f"left out {len(reviews) - len(rows)} of {len(reviews)} reviews, which have no word")
    return reviews if len(rows) == len(reviews) else reviews.take(rows)


def rows_with_words(
    texts: pa.LargeStringArray, rules: Rules | FirstRules | None = None
) -> npt.NDArray[np.int64]:
    """Return the rows of the texts that have a word, ``int64[n]``.

    Args:
        texts: ``large_string[rows]``.
        rules: how they are cut into words; by default the rules of this release.
    """
    rules, starts = rules or Rules(), range(0, len(texts), ROWS_AT_ONCE)
    offsets = [rules.split(texts.slice(start, ROWS_AT_ONCE))[1] for start in starts]
    return np.flatnonzero(np.concatenate([np.diff(one) for one in offsets]))


def _draw(reviews: Reviews, fraction: float) -> npt.NDArray[np.bool_]:
    """Draw the reviews to hold out, ``bool[reviews]``, one domain after another."""
    held = np.zeros(len(reviews), bool)
    is_open = np.ones(len(reviews), bool)
    if reviews.held_out is not None:
        held, is_open = reviews.held_out == 1, reviews.held_out == OPEN
    groups = reviews.group_numbers()
    for rows in reviews.rows_of_domains().values():
        rows = rows[is_open[rows]]
        if len(rows):
            # Of groups that another domain shares, some are drawn already.
            taken = np.isin(groups[rows], groups[held & is_open])
            held[rows] = _draw_of_domain(reviews.take(rows), fraction, taken)
            if reviews.groups is not None:
                held[is_open] = np.isin(groups[is_open], groups[held & is_open])
    return held


def _draw_of_domain(
    reviews: Reviews, fraction: float, taken: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Draw the reviews of one domain, ``bool[reviews]``; those ``taken`` are drawn already."""
    counts, groups = label_counts(reviews)
    found = counts.sum(axis=0)
    wanted = np.maximum(1, np.rint(found * fraction)).astype(np.int64)
    wanted = np.minimum(wanted, np.maximum(0, found - 1))
    order = np.random.default_rng(0).permutation(len(counts))
    if reviews.groups is None:
        drawn = [order[counts[order, label] > 0][: wanted[label]] for label in (0, 1)]
        return np.isin(groups, np.concatenate(drawn))
    return np.isin(groups, _draw_groups(counts, wanted, order, np.unique(groups[taken]).tolist()))


def _draw_groups(
    counts: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    taken: list[int],
) -> list[int]:
    """Draw groups whose reviews of each label are about as many as wanted.

    A group is taken if it brings the numbers nearer to those wanted. If a label is still missing
    then, so is the smallest group that has it.

    Args:
        counts: ``int64[groups, 2]``, negative and positive reviews.
        wanted: ``int64[2]``, negative and positive reviews to draw.
        order: ``int64[groups]``, the order in which they are drawn.
        taken: groups that are drawn already.
    """
    drawn = list(taken)
    missing, scale = wanted - counts[drawn].sum(axis=0), np.maximum(1, wanted)
    for group in order[~np.isin(order, drawn)].tolist():
        left = missing - counts[group]
        if (np.abs(left) / scale).sum() < (np.abs(missing) / scale).sum():
            drawn.append(group)
            missing = left
    lacking = [label for label in (0, 1) if wanted[label] and not counts[drawn, label].any()]
    for label in lacking:
        having = np.flatnonzero(counts[:, label])
        if len(having):
            drawn.append(int(having[np.argmin(counts[having].sum(axis=1))]))
    return drawn
