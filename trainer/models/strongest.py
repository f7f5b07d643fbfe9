"""What the LSTM reads of a long review: the blocks of tokens whose n-grams weigh most.

Most of a long review says nothing of its sentiment, and the wide branch knows where it does. An
LSTM that reads those places only takes less than half the time.
"""

from __future__ import annotations

from typing import Any

from scorer.tokenizer import PAD_ID
from trainer.quiet import keras, ops
from trainer.settings import BLOCK

# Weights are compared as integers, in steps of 1/1024: every runtime then chooses alike.
STEPS = 1024.0


@keras.saving.register_keras_serializable(package="review_sentiment")
class StrongestBlocks(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """Keeps the strongest blocks of :data:`BLOCK` tokens of each review, in their order.

    Shapes: ``int32[batch, length]``, padded at the end with 0, and
    ``float32[batch, length, order]``, the weights of the n-grams that end at each position
    → ``int32[batch, read]`` and ``float32[batch, read, order]``, ``read`` being at most
    ``blocks * BLOCK``, and less if the batch is shorter.

    A token is as strong as the absolute weights at its position together, a block as its strongest
    token; of two equal ones the first is taken. Padding is weaker than every token: a review of no
    more than ``blocks`` blocks is kept whole.

    Args:
        blocks: most blocks of a review.
    """

    def __init__(self, blocks: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.blocks = blocks

    def call(self, inputs: Any) -> Any:
        """Return the token ids that are kept, and the weights at their positions."""
        token_ids, weights = (_in_blocks(values) for values in inputs)
        count = ops.shape(token_ids)[1]
        strengths = ops.cast(ops.max(_strengths(token_ids, weights), axis=2), "int64")
        # No two keys of a review are equal.
        keys = strengths * ops.cast(count, "int64") - ops.arange(count, dtype="int64")
        places = ops.sort(ops.argsort(-keys, axis=1)[:, : self.blocks], axis=1)
        places = ops.expand_dims(places, -1)
        read = ops.take_along_axis(token_ids, places, axis=1)
        batch, order = ops.shape(token_ids)[0], weights.shape[-1]
        flat = ops.reshape(weights, [batch, -1, BLOCK * order])
        flat = ops.take_along_axis(flat, places, axis=1)
        return ops.reshape(read, [batch, -1]), ops.reshape(flat, [batch, -1, order])

    def get_config(self) -> dict[str, object]:
        """Return the arguments that the layer was made with."""
        return {**super().get_config(), "blocks": self.blocks}


def _in_blocks(values: Any) -> Any:
    """Fill up the last block with 0, and give each block a row: ``[batch, blocks, BLOCK, …]``."""
    batch, length = ops.shape(values)[0], ops.shape(values)[1]
    further = values.shape[2:]
    filled = ops.pad(values, [[0, 0], [0, BLOCK - 1], *([0, 0] for _ in further)])
    end = (length + BLOCK - 1) // BLOCK * BLOCK
    return ops.reshape(filled[:, :end], [batch, -1, BLOCK, *further])


def _strengths(token_ids: Any, weights: Any) -> Any:
    """Return how strong each token is, ``int32``: padding 0, tokens at least 1."""
    # One addition after another, since a sum over an axis may add in any order.
    total = ops.abs(weights[..., 0])
    for order in range(1, weights.shape[-1]):
        total = total + ops.abs(weights[..., order])
    return ops.cast(token_ids != PAD_ID, "int32") * (ops.cast(total * STEPS, "int32") + 1)
