"""The training set of a network: tokens of labelled and other reviews, and what to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokenizer, Tokens
from trainer.data.reviews import Reviews, joined_names
from trainer.data.vocabulary import build_tokenizer
from trainer.fit.balance import importance_of
from trainer.fit.learner import Say
from trainer.fit.soft_labels import rows_of_part, soft_labels
from trainer.fit.soft_rows import NO_GROUP, SoftRows
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
            group. A review and its crops share one.
        labelled: number of the labelled reviews.
        importance: ``float64[reviews]``, how much each review counts; None if all count alike.
    """

    tokens: Tokens
    targets: npt.NDArray[np.float32]
    tokenizer: Tokenizer
    groups: npt.NDArray[np.int64]
    labelled: int
    importance: npt.NDArray[np.float64] | None = None


def make_training_set(
    training: Reviews,
    unlabeled: pa.LargeStringArray | None,
    unlabeled_ids: pa.LargeStringArray | None,
    teachers: Sequence[RunFolder],
    soft: SoftRows | None,
    settings: Settings,
    say: Say,
) -> TrainingSet:
    """Label the unlabeled reviews, count the words of all reviews, and tokenize them.

    Args:
        training: labelled reviews, without those held out.
        unlabeled: ``large_string[n]``, reviews without a label, if there are any.
        unlabeled_ids: ``large_string[n]``, their ids, which soft rows may name as their group.
        teachers: finished runs that label them.
        soft: texts that bring a probability, if there are any.
        settings: settings of the run.
        say: takes lines of progress.
    """
    texts, targets = training.texts, training.labels.astype(np.float32)
    groups = training.group_numbers()
    domains = [(training.domains, len(training))]
    if soft is not None:
        domains.append((soft.domains, len(soft.texts)))
        texts = pa.concat_arrays([texts, soft.texts])
        targets = np.concatenate([targets, soft.targets])
        groups = np.concatenate([groups, soft.groups])
    learned = np.ones(len(texts), bool)
    if unlabeled is not None:
        domains.append((None, len(unlabeled)))
        groups = np.concatenate(
            [groups, _groups_of_unlabeled(unlabeled, unlabeled_ids, soft, groups)]
        )
        texts = pa.concat_arrays([texts, unlabeled])
        targets = np.concatenate([targets, soft_labels(teachers, unlabeled, say)])
        part = rows_of_part(len(unlabeled), settings.part, settings.parts)
        learned = np.concatenate([learned, part])
    tokenizer = build_tokenizer(texts, words=settings.vocabulary, max_tokens=settings.max_tokens)
    tokens = tokenizer.encode(texts)
    # A review without a token or a label teaches nothing; a teacher may see tokens that we don't.
    rows = np.flatnonzero((tokens.lengths > 0) & ~np.isnan(targets) & learned)
    names = joined_names(domains)
    if len(rows) < len(tokens):
        tokens = tokenizer.encode(texts.take(pa.array(rows)))
        targets, groups = targets[rows], groups[rows]
        names = None if names is None else names.take(pa.array(rows))
    labelled = int(np.count_nonzero(rows < len(training)))
    importance = importance_of(names, settings.balance)
    return TrainingSet(tokens, targets, tokenizer, groups, labelled, importance)


def _groups_of_unlabeled(
    unlabeled: pa.LargeStringArray,
    ids: pa.LargeStringArray | None,
    soft: SoftRows | None,
    taken: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Number the groups of unlabeled reviews: that of their soft rows, or one of their own."""
    own = int(taken.max()) + 1 + np.arange(len(unlabeled))
    if soft is None:
        return own
    shared = soft.groups_of(unlabeled, ids)
    return np.where(shared == NO_GROUP, own, shared)
