"""The wide branch as a Keras layer (wide and deep learning, Cheng et al. 2016, arXiv:1606.07792).

A linear model sees what words and n-grams can tell, and leaves the LSTM's few units for the rest.
The LSTM reads the weight of each n-gram at the position where the n-gram ends, so that it knows
where in the review the praise is, and what surrounds it.
"""

from __future__ import annotations

from typing import Any

from scorer.tokenizer import PAD_ID
from trainer.quiet import keras, ops
from trainer.wide.ngrams import LENGTH_SMOOTHING, ngram_slots


@keras.saving.register_keras_serializable(package="review_sentiment")
class WideBranch(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """A weight for each word and each slot of hashed n-grams, by position and summed into a logit.

    Shapes: ``int32[batch, length]``, padded at the end with 0 → ``float32[batch, length, order]``
    and ``float32[batch, 1]``.

    The first output holds, for each position, the weights of the word, of the pair, and so on, that
    end there. The second is added to the LSTM's logit. It is the sum of the weights of each order,
    divided by the root of the review's length plus :data:`LENGTH_SMOOTHING`, times the slope of the
    order.

    Args:
        words: number of words in the vocabulary, without ids 0 and 1.
        order: number of words of the longest n-grams.
        slots: size of the table of each n from 2 on.
    """

    def __init__(self, words: int, order: int, slots: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.order, self.slots = words, order, slots
        self.trainable = False  # the weights are fitted apart, see trainer/wide/weights.py

    def build(self, shape: Any) -> None:
        """Make the tables, of zeros, and the slopes, of ones."""
        sizes = [self.words + 2] + [self.slots] * (self.order - 1)
        self.tables = [
            self.add_weight(shape=(size,), initializer="zeros", name=f"table_{n}")
            for n, size in enumerate(sizes, 1)
        ]
        self.slopes = self.add_weight(shape=(self.order,), initializer="ones", name="slopes")

    def call(self, token_ids: Any) -> Any:
        """Return the weights by position, and their sum for the logit."""
        kept = ops.cast(token_ids != PAD_ID, "float32")
        length = ops.shape(token_ids)[1]
        indices = [token_ids, *ngram_slots(token_ids, self.order, self.slots)]
        columns = []
        for shift, (table, index) in enumerate(zip(self.tables, indices, strict=True)):
            # The first position where an n-gram can end is n - 1.
            at_end = ops.pad(ops.take(table, index), [[0, 0], [shift, 0]])[:, :length]
            columns.append(at_end * kept)
        weights = ops.stack(columns, axis=-1)
        divisor = ops.sqrt(ops.sum(kept, axis=1) + LENGTH_SMOOTHING)
        sums = ops.sum(weights, axis=1) / ops.expand_dims(divisor, -1)
        return weights, ops.sum(sums * self.slopes, axis=1, keepdims=True)

    def get_config(self) -> dict[str, object]:
        """Return the arguments that the layer was made with."""
        own = {"words": self.words, "order": self.order, "slots": self.slots}
        return {**super().get_config(), **own}
