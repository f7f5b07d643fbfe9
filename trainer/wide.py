"""The wide branch: a linear model over words and hashed n-grams beside the LSTM (Cheng et al. 2016, arXiv:1606.07792).

It sees what n-grams can tell, and leaves the few units of the LSTM for what they can't.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from scorer.tokenizer import PAD_ID
from trainer.ngrams import LENGTH_SMOOTHING, ngram_slots


@keras.saving.register_keras_serializable(package="review_sentiment")
class WideBranch(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """One weight a word and one a hashed n-gram, added up over the review and divided by the root of its smoothed length.

    Shapes: ``int32[batch, length]``, padded behind with 0 → ``float32[batch, 1]``, to be added to the logit.

    Args:
        words: in the vocabulary; ids 0 and 1 come on top.
        order: words of the longest n-grams.
        slots: of the table of each number of words from 2 on.
    """

    def __init__(self, words: int, order: int, slots: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.order, self.slots = words, order, slots

    def build(self, shape: Any) -> None:
        """Make the tables, of zeros."""
        sizes = [self.words + 2] + [self.slots] * (self.order - 1)
        self.tables = [self.add_weight(shape=(size,), initializer="zeros", name=f"table_{at}") for at, size in enumerate(sizes, 1)]

    def call(self, token_ids: Any) -> Any:
        """Add up the weights of each review."""
        kept = ops.cast(token_ids != PAD_ID, "float32")
        total: Any = 0.0
        for shift, (table, places) in enumerate(
            zip(self.tables, [token_ids, *ngram_slots(token_ids, self.order, self.slots)], strict=True)
        ):
            total += ops.sum(ops.take(table, places) * kept[:, shift:], axis=1)
        return ops.expand_dims(total / ops.sqrt(ops.sum(kept, axis=1) + LENGTH_SMOOTHING), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made with."""
        return {**super().get_config(), "words": self.words, "order": self.order, "slots": self.slots}
