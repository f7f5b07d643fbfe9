"""What a network learns from, and the reviews that it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.tokenizer import Tokenizer, Tokens
from trainer.artifact import RunFolder
from trainer.reviews import Reviews
from trainer.settings import Settings
from trainer.teacher import rows_of_part, soft_labels
from trainer.vocabulary import build_tokenizer


@dataclass(frozen=True)
class Lesson:
    """What a network learns from.

    Attributes:
        tokens: of the training reviews, labelled ones first.
        targets: ``float32[reviews]``, the probability of positive: 0 or 1 where a review has a label, else what the teachers say.
        tokenizer: that made the tokens.
        groups: ``int64[reviews]``, what each is about, where that is known; else each has a number of its own.
    """

    tokens: Tokens
    targets: npt.NDArray[np.float32]
    tokenizer: Tokenizer
    groups: npt.NDArray[np.int64]


def prepare_lesson(
    training: Reviews, unlabeled: pa.LargeStringArray | None, teachers: Sequence[RunFolder], settings: Settings, say: Callable[[str], None]
) -> Lesson:
    """Count the words of all reviews, tokenize them, and have the teachers label those without a label."""
    texts, targets, groups = training.texts, training.labels.astype(np.float32), _numbered(training)
    learned = np.ones(len(training), bool)
    if unlabeled is not None:
        texts = pa.concat_arrays([texts, unlabeled])
        targets = np.concatenate([targets, soft_labels(teachers, unlabeled, say)])
        groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(unlabeled))])
        learned = np.concatenate([learned, rows_of_part(len(unlabeled), settings.part, settings.parts)])
    tokenizer = build_tokenizer(texts, words=settings.vocabulary, max_tokens=settings.max_tokens)
    tokens = tokenizer.encode(texts)
    # Nothing can be learned from reviews without a token; a teacher may also have none that the student sees.
    rows = np.flatnonzero((tokens.lengths > 0) & ~np.isnan(targets) & learned)
    if len(rows) < len(tokens):
        tokens, targets, groups = tokenizer.encode(texts.take(pa.array(rows))), targets[rows], groups[rows]
    return Lesson(tokens, targets, tokenizer, groups)


def split(reviews: Reviews, share: float) -> tuple[Reviews, Reviews]:
    """Return the reviews to train on and those held out.

    The same reviews are held out of every run on them, whatever its seed: runs can be compared, and no teacher has seen the
    reviews that its student is judged by. Where it is known what reviews are about, those about one thing stay together.

    Raises:
        ReviewsError: one of the two would be without positive or negative reviews.
    """
    count = max(1, round(len(reviews) * share))
    held = _drawn_rows(reviews, count)
    parts = reviews.take(np.flatnonzero(~held)), reviews.take(np.flatnonzero(held))
    for part in parts:
        if int(part.labels.sum()) in (0, len(part)):
            raise ReviewsError(
                f"holding out {count} of the {len(reviews)} reviews of {reviews.name}: one part would have reviews "
                "of one kind only; give more reviews, or another --held-out"
            )
    return parts


def with_tokens(reviews: Reviews, tokenizer: Tokenizer) -> tuple[Reviews, Tokens]:
    """Return the reviews that have a token, and their tokens: nothing can be learned from the others, and nothing measured."""
    tokens = tokenizer.encode(reviews.texts)
    rows = np.flatnonzero(tokens.lengths > 0)
    if len(rows) == len(reviews):
        return reviews, tokens
    kept = reviews.take(rows)
    return kept, tokenizer.encode(kept.texts)


def _drawn_rows(reviews: Reviews, count: int) -> npt.NDArray[np.bool_]:
    """Return ``bool[reviews]``: about ``count`` that are held out, drawn review by review or group by group."""
    rng = np.random.default_rng(0)
    held = np.zeros(len(reviews), bool)
    if reviews.groups is None:
        held[rng.permutation(len(reviews))[:count]] = True
        return held
    groups = _numbered(reviews)
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    taken = order[np.cumsum(sizes[order]) <= count]
    return np.isin(groups, taken)


def _numbered(reviews: Reviews) -> npt.NDArray[np.int64]:
    """Return ``int64[reviews]``: a number for what each is about, or for each where that isn't known."""
    if reviews.groups is None:
        return np.arange(len(reviews))
    return np.unique(reviews.groups.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)[1]
