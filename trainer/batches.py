"""Batches of token ids for Keras; their order is drawn from (seed, epoch) and from nothing else."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, UNKNOWN_ID, Tokens
from trainer.crops import crop
from trainer.folds import FoldedWeights
from trainer.settings import Settings
from trainer.wide_fit import WideWeights

# Batches among which reviews are sorted by length: enough that rows of a batch are alike, few enough to keep chance.
BATCHES_A_POOL = 50
# Lengths are rounded up to a multiple of it: backends that compile a shape at a time then see few shapes.
LENGTH_STEP = 16

# The token ids, and the weights of the wide branch where the network reads them.
Inputs = npt.NDArray[np.int32] | tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]
Batch = tuple[Inputs, npt.NDArray[np.float32]]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """The batches of one epoch, in an order of their own: inputs and ``float32[batch, 1]``.

    The inputs are ``int32[batch, length]`` token ids, and where there is a wide branch also ``float32[batch, length, order]``, its weights.

    Args:
        tokens: of the training reviews.
        targets: ``float32[reviews]``, the probability of positive to be learned.
        settings: how batches are made.
        epoch: counted from 0.
        weights: of the wide branch, for each review by a fit that hasn't seen it.
    """

    def __init__(
        self, tokens: Tokens, targets: npt.NDArray[np.float32], settings: Settings, epoch: int, weights: FoldedWeights | None = None
    ) -> None:
        super().__init__()
        self._weights = weights
        self._targets = targets
        self._settings = settings
        self._epoch = epoch
        rng = np.random.default_rng([settings.seed, epoch])
        self._tokens = tokens = crop(tokens, settings.crops, rng) if settings.crops else tokens
        self._batches = draw_batches(tokens.lengths, settings.batch_size, rng, bucketed=settings.bucketed)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        rows = self._batches[index]
        length = None if self._settings.bucketed else self._tokens.max_tokens
        token_ids = padded(self._tokens, rows, length)
        if self._settings.word_dropout:
            rng = np.random.default_rng([self._settings.seed, self._epoch, index])
            dropped = (rng.random(token_ids.shape) < self._settings.word_dropout) & (token_ids != PAD_ID)
            token_ids[dropped] = UNKNOWN_ID
        inputs = token_ids if self._weights is None else (token_ids, self._weights.of_rows(rows, token_ids))
        return inputs, self._targets[rows, None]


def draw_batches(
    lengths: npt.NDArray[np.int64], batch_size: int, rng: np.random.Generator, *, bucketed: bool
) -> list[npt.NDArray[np.int64]]:
    """Deal the reviews into batches: by chance, and where ``bucketed`` of like length.

    Args:
        lengths: ``int64[reviews]``.
        batch_size: reviews a batch; the last may be smaller.
        rng: the only source of chance.
        bucketed: whether reviews of like length go together.

    Returns:
        Rows of each batch. The longest batch stands first and the shortest second: Keras reads the shapes off
        the first two, and a length that both share would be taken for everybody's.
    """
    rows = rng.permutation(len(lengths))
    if not bucketed:
        return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    batches = []
    for start in range(0, len(rows), batch_size * BATCHES_A_POOL):
        pool = rows[start : start + batch_size * BATCHES_A_POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    order = [batches[place] for place in rng.permutation(len(batches))]
    longest = max(range(len(order)), key=lambda place: lengths[order[place]].max())
    order.insert(0, order.pop(longest))
    shortest = min(range(len(order)), key=lambda place: lengths[order[place]].max())
    order.insert(1, order.pop(shortest))
    return order


def padded(tokens: Tokens, rows: npt.NDArray[np.int64], length: int | None = None) -> npt.NDArray[np.int32]:
    """Return ``int32[batch, length]``, the length rounded up to a step that few shapes share."""
    if length is None:
        length = -(-int(tokens.lengths[rows].max(initial=1)) // LENGTH_STEP) * LENGTH_STEP
    return tokens.padded(rows, length)


def predict(network: Any, tokens: Tokens, weights: WideWeights | None = None, batch_size: int = 256) -> npt.NDArray[np.float32]:
    """Return ``float32[reviews]``, the network's probability of positive, NaN for a review without a token.

    Reviews go in by length, so that little is padded; the mask keeps padding out of the answer. A network without a
    mask reads the padding too: it gets the length that it was trained with. A network in training gets the ``weights`` of the wide
    branch, which it doesn't hold.
    """
    length = None if network.get_layer("embedding").mask_zero else tokens.max_tokens
    scores = np.full(len(tokens), np.nan, np.float32)
    rows = np.argsort(tokens.lengths, kind="stable")
    rows = rows[tokens.lengths[rows] > 0]
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        token_ids = padded(tokens, batch, length)
        inputs = token_ids if weights is None else (token_ids, weights.of_padded(token_ids))
        scores[batch] = np.asarray(network.predict_on_batch(inputs))[:, 0]
    return scores
