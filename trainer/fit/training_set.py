"""The training set of a network: tokens of labelled and unlabeled reviews, and what to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
        labelled: number of the labelled reviews.
    """

    tokens: Tokens
    targets: npt.NDArray[np.float32]
    tokenizer: Tokenizer
    groups: npt.NDArray[np.int64]
    labelled: int


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
    groups = training.group_numbers()
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
    labelled = int(np.count_nonzero(rows < len(training)))
    return TrainingSet(tokens, targets, tokenizer, groups, labelled)
