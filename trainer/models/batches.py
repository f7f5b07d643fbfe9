"""Batches of token ids for Keras; their order depends on the seed and the epoch alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, UNKNOWN_ID, Tokens
from trainer.data.crops import crop
from trainer.quiet import keras
from trainer.settings import Settings
from trainer.wide.folds import FoldedWeights
from trainer.wide.weights import WideWeights

# Batches whose reviews are sorted by length together: enough that the rows of a batch have similar
# lengths, few enough that batches stay random.
BATCHES_A_POOL = 50
# Lengths are rounded up to a multiple of it: backends that compile each shape then see few shapes.
LENGTH_STEP = 16

# The token ids; with them the weights of the wide branch, if the network reads them.
Inputs = npt.NDArray[np.int32] | tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]
Batch = tuple[Inputs, npt.NDArray[np.float32], *tuple[npt.NDArray[np.float32], ...]]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """The batches of one epoch: inputs, and targets ``float32[batch, 1]``.

    The inputs are token ids, ``int32[batch, length]``, and if there is a wide branch its weights,
    ``float32[batch, length, order]``. Where reviews differ in importance it comes
    third, ``float32[batch]``: Keras multiplies their losses by it. Where the network reads several
    tokens a step, each review is shifted by some unknown words, by others in each epoch.

    Args:
        tokens: tokens of the training reviews.
        targets: ``float32[reviews]``, the probability of positive to learn.
        settings: how batches are made.
        epoch: number of the epoch, from 0.
        weights: weights of the wide branch, for each review from a fit on other reviews.
        importance: ``float64[reviews]``, how much each review counts; None if all count alike.
    """

    def __init__(
        self,
        tokens: Tokens,
        targets: npt.NDArray[np.float32],
        settings: Settings,
        epoch: int,
        weights: FoldedWeights | None = None,
        importance: npt.NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__()
        self._importance = None if importance is None else importance.astype(np.float32)
        self._weights = weights
        self._targets = targets
        self._settings = settings
        self._epoch = epoch
        rng = np.random.default_rng([settings.seed, epoch])
        self._tokens = tokens = crop(tokens, settings.crops, rng) if settings.crops else tokens
        self._batches = draw_batches(
            tokens.lengths, settings.batch_size, rng, bucketed=settings.bucketed
        )

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        rows = self._batches[index]
        length = None if self._settings.bucketed else self._tokens.max_tokens
        token_ids = padded(self._tokens, rows, length)
        if self._settings.word_dropout:
            rng = np.random.default_rng([self._settings.seed, self._epoch, index])
            dropped = rng.random(token_ids.shape) < self._settings.word_dropout
            token_ids[dropped & (token_ids != PAD_ID)] = UNKNOWN_ID
        targets = self._targets[rows, None]
        weights = None
        if self._weights is not None:
            weights = self._weights.of_rows(rows, token_ids)
        step = self._settings.step_tokens
        if step > 1 and self._settings.mask:  # without one, all batches have one length
            rng = np.random.default_rng([self._settings.seed, self._epoch, index, 1])
            token_ids, weights = shifted(
                token_ids, weights, rng.integers(0, step, len(token_ids)), step - 1
            )
        inputs: Inputs = token_ids if weights is None else (token_ids, weights)
        importance = () if self._importance is None else (self._importance[rows],)
        return inputs, targets, *importance


def draw_batches(
    lengths: npt.NDArray[np.int64], batch_size: int, rng: np.random.Generator, *, bucketed: bool
) -> list[npt.NDArray[np.int64]]:
    """Deal the reviews into batches at random.

    Args:
        lengths: ``int64[reviews]``, tokens of each review.
        batch_size: reviews in a batch; the last batch may be smaller.
        rng: the only source of randomness.
        bucketed: whether a batch holds reviews of similar length.

    Returns:
        The rows of each batch. If bucketed, the longest batch comes first and the shortest second:
        Keras infers the shapes from the first two batches, and would fix a length that both share.
    """
    rows = rng.permutation(len(lengths))
    if not bucketed:
        return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    batches = []
    for start in range(0, len(rows), batch_size * BATCHES_A_POOL):
        pool = rows[start : start + batch_size * BATCHES_A_POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    order = [batches[index] for index in rng.permutation(len(batches))]
    longest = max(range(len(order)), key=lambda index: lengths[order[index]].max())
    order.insert(0, order.pop(longest))
    shortest = min(range(len(order)), key=lambda index: lengths[order[index]].max())
    order.insert(1, order.pop(shortest))
    return order


def shifted(
    token_ids: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float32] | None,
    shifts: npt.NDArray[np.int64],
    longest: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
    """Put unknown words before each review, so that its words stand at other places of their steps.

    A network that has read a review in one way only learns where in a step a word stands, which
    says nothing.

    Args:
        token_ids: ``int32[batch, length]``.
        weights: ``float32[batch, length, order]``; the unknown words get 0. None for none.
        shifts: ``int64[batch]``, how many words each review gets.
        longest: the most that one may get: by so many columns the batch grows.

    Returns:
        token ids, and weights.

    >>> ids = np.array([[5, 6], [7, 0]], np.int32)
    >>> shifted(ids, None, np.array([0, 2]), 2)[0].tolist()
    [[5, 6, 0, 0], [1, 1, 7, 0]]
    """
    width = token_ids.shape[1] + longest
    places = np.arange(width) - shifts[:, None]
    ids = np.pad(token_ids, [(0, 0), (0, longest)])
    ids = np.where(places < 0, UNKNOWN_ID, np.take_along_axis(ids, places, axis=1))
    if weights is not None:
        weights = np.pad(weights, [(0, 0), (0, longest), (0, 0)])
        weights = np.take_along_axis(weights, places[..., None], axis=1)
        weights[places < 0] = 0
    return ids.astype(np.int32), weights


def padded(
    tokens: Tokens, rows: npt.NDArray[np.int64], length: int | None = None
) -> npt.NDArray[np.int32]:
    """Return token ids padded at the end, ``int32[batch, length]``.

    Args:
        tokens: tokens of all reviews.
        rows: ``int64[batch]``, the reviews of the batch.
        length: length to pad to; by default that of the longest row, rounded up.
    """
    if length is None:
        longest = int(tokens.lengths[rows].max(initial=1))
        length = -(-longest // LENGTH_STEP) * LENGTH_STEP
    return tokens.padded(rows, length)


def predict(
    network: Any,
    tokens: Tokens,
    weights: WideWeights | FoldedWeights | None = None,
    rows: npt.NDArray[np.int64] | None = None,
    batch_size: int = 256,
) -> npt.NDArray[np.float32]:
    """Return the network's probability of positive, ``float32[reviews]``; NaN without a token.

    Reviews of similar length share a batch, so that there is little padding, and the mask keeps it
    out of the result. A network without a mask reads the padding; it gets the length that it was
    trained with.

    Args:
        network: the ``keras.Model``.
        tokens: tokens of the reviews.
        weights: weights of the wide branch, which a network in training doesn't hold.
        rows: ``int64[n]``, the reviews to score; the others get NaN. By default all.
        batch_size: reviews in a batch.
    """
    length = None if network.get_layer("embedding").mask_zero else tokens.max_tokens
    scores = np.full(len(tokens), np.nan, np.float32)
    rows = np.arange(len(tokens)) if rows is None else rows
    rows = rows[np.argsort(tokens.lengths[rows], kind="stable")]
    rows = rows[tokens.lengths[rows] > 0]
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        token_ids = padded(tokens, batch, length)
        inputs = token_ids if weights is None else (token_ids, weights.of_rows(batch, token_ids))
        scores[batch] = np.asarray(network.predict_on_batch(inputs))[:, 0]
    return scores
