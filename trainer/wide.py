"""The wide branch: a linear model over words and hashed bigrams beside the LSTM (Cheng et al. 2016, arXiv:1606.07792).

It sees what n-grams can tell, and leaves the few units of the LSTM for what they can't.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from scorer.tokenizer import PAD_ID
from trainer.ngrams import bigram_slots


@keras.saving.register_keras_serializable(package="review_sentiment")
class WideBranch(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """One weight a word and one a hashed bigram, added up over the review and divided by the root of its length.

    Shapes: ``int32[batch, length]``, padded behind with 0 → ``float32[batch, 1]``, to be added to the logit.

    Args:
        words: in the vocabulary; ids 0 and 1 come on top.
        slots: of the table of bigrams.
    """

    def __init__(self, words: int, slots: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.slots = words, slots

    def build(self, shape: Any) -> None:
        """Make both tables, of zeros."""
        self.word_weights = self.add_weight(shape=(self.words + 2,), initializer="zeros", name="word_weights")
        self.bigram_weights = self.add_weight(shape=(self.slots,), initializer="zeros", name="bigram_weights")

    def call(self, token_ids: Any) -> Any:
        """Add up the weights of each review."""
        kept = ops.cast(token_ids != PAD_ID, "float32")
        total = ops.sum(ops.take(self.word_weights, token_ids) * kept, axis=1)
        slots = bigram_slots(token_ids[:, :-1], token_ids[:, 1:], self.slots)
        total += ops.sum(ops.take(self.bigram_weights, slots) * kept[:, 1:], axis=1)
        return ops.expand_dims(total / ops.sqrt(ops.maximum(ops.sum(kept, axis=1), 1.0)), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made with."""
        return {**super().get_config(), "words": self.words, "slots": self.slots}
