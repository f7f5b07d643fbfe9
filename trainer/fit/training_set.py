"""The training set of a network, and the reviews held out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.tokenizer import Tokenizer, Tokens
from trainer.data.reviews import Reviews
from trainer.data.vocabulary import build_tokenizer
from trainer.fit.learner import Say
from trainer.fit.soft_labels import rows_of_part, soft_labels
from trainer.run.folder import RunFolder
from trainer.settings import Settings

# The token limit of a model that reads whole reviews: linear models gain from every word.
WHOLE_REVIEW = int(np.iinfo(np.int32).max)


@dataclass(frozen=True)
class TrainingSet:
    """What a network learns from.

    Attributes:
        tokens: tokens of the training reviews, labelled ones first.
        targets: ``float32[reviews]``, the probability of positive: 0 or 1 for a labelled review,
            else the soft label.
        tokenizer: the tokenizer that made the tokens.
        groups: ``int64[reviews]``, number of the group of each review; one of its own if it has no
            group.
    """

    tokens: Tokens
    targets: npt.NDArray[np.float32]
    tokenizer: Tokenizer
    groups: npt.NDArray[np.int64]


def make_training_set(
    training: Reviews,
    unlabeled: pa.LargeStringArray | None,
    teachers: Sequence[RunFolder],
    settings: Settings,
    say: Say,
) -> TrainingSet:
    """Label the unlabeled reviews, count the words of all reviews, and tokenize them.

    Args:
        training: labelled reviews, without those held out.
        unlabeled: ``large_string[n]``, reviews without a label, if there are any.
        teachers: finished runs that label them.
        settings: settings of the run.
        say: takes lines of progress.
    """
    texts, targets = training.texts, training.labels.astype(np.float32)
    groups = _group_numbers(training)
    learned = np.ones(len(training), bool)
    if unlabeled is not None:
        texts = pa.concat_arrays([texts, unlabeled])
        targets = np.concatenate([targets, soft_labels(teachers, unlabeled, say)])
        groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(unlabeled))])
        part = rows_of_part(len(unlabeled), settings.part, settings.parts)
        learned = np.concatenate([learned, part])
    tokenizer = build_tokenizer(texts, words=settings.vocabulary, max_tokens=settings.max_tokens)
    tokens = tokenizer.encode(texts)
    # A review without a token or a label teaches nothing; a teacher may see tokens that we don't.
    rows = np.flatnonzero((tokens.lengths > 0) & ~np.isnan(targets) & learned)
    if len(rows) < len(tokens):
        tokens = tokenizer.encode(texts.take(pa.array(rows)))
        targets, groups = targets[rows], groups[rows]
    return TrainingSet(tokens, targets, tokenizer, groups)


def split(reviews: Reviews, fraction: float) -> tuple[Reviews, Reviews]:
    """Return the reviews to train on, and the reviews held out.

    Every run on the same reviews holds out the same ones, whatever its seed: runs can be compared,
    and no teacher has seen the reviews that its student is measured on. Reviews of one group stay
    together.

    Args:
        reviews: labelled reviews.
        fraction: fraction to hold out, between 0 and 1.

    Raises:
        ReviewsError: one of the two would have reviews of one label only.
    """
    count = max(1, round(len(reviews) * fraction))
    held = _drawn_rows(reviews, count)
    parts = reviews.take(np.flatnonzero(~held)), reviews.take(np.flatnonzero(held))
    for part in parts:
        if int(part.labels.sum()) in (0, len(part)):
            raise ReviewsError(
                f"holding out {count} of the {len(reviews)} reviews of {reviews.name}: one part "
                "would have reviews of one kind only; give more reviews, or another --held-out"
            )
    return parts


def with_tokens(reviews: Reviews, tokenizer: Tokenizer) -> tuple[Reviews, Tokens]:
    """Return the reviews that have a token, and their tokens: the others have no score."""
    tokens = tokenizer.encode(reviews.texts)
    rows = np.flatnonzero(tokens.lengths > 0)
    if len(rows) == len(reviews):
        return reviews, tokens
    kept = reviews.take(rows)
    return kept, tokenizer.encode(kept.texts)


def _drawn_rows(reviews: Reviews, count: int) -> npt.NDArray[np.bool_]:
    """Draw about ``count`` reviews to hold out, ``bool[reviews]``, by review or by group."""
    rng = np.random.default_rng(0)
    held = np.zeros(len(reviews), bool)
    if reviews.groups is None:
        held[rng.permutation(len(reviews))[:count]] = True
        return held
    groups = _group_numbers(reviews)
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    drawn = order[np.cumsum(sizes[order]) <= count]
    return np.isin(groups, drawn)


def _group_numbers(reviews: Reviews) -> npt.NDArray[np.int64]:
    """Number the groups, ``int64[reviews]``; each review is a group if there are none."""
    if reviews.groups is None:
        return np.arange(len(reviews))
    names = reviews.groups.to_numpy(zero_copy_only=False).astype(str)
    return np.unique(names, return_inverse=True)[1]
