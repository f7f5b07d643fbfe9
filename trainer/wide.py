"""The wide branch: a linear model over words and hashed n-grams beside the LSTM (Cheng et al. 2016, arXiv:1606.07792).

It sees what n-grams can tell, and leaves the few units of the LSTM for what they can't. The LSTM also reads each weight where its
n-gram ends: it then knows where in the review the praise stands, and what was said around it.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from scorer.tokenizer import PAD_ID
from trainer.ngrams import LENGTH_SMOOTHING, ngram_slots


@keras.saving.register_keras_serializable(package="review_sentiment")
class WideBranch(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """One weight a word and one a hashed n-gram: as they stand in the review, and added up for the logit.

    Shapes: ``int32[batch, length]``, padded behind with 0 → ``float32[batch, length, order]``, the weight of the word, the pair and so on
    that end at each place, and ``float32[batch, 1]``, to be added to the logit: what each order adds up to, divided by the root of the
    review's smoothed length, times its slope.

    Args:
        words: in the vocabulary; ids 0 and 1 come on top.
        order: words of the longest n-grams.
        slots: of the table of each number of words from 2 on.
    """

    def __init__(self, words: int, order: int, slots: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.order, self.slots = words, order, slots
        self.trainable = False  # it is fitted by itself (see ``trainer/wide_fit.py``)

    def build(self, shape: Any) -> None:
        """Make the tables, of zeros, and the slopes, of ones."""
        sizes = [self.words + 2] + [self.slots] * (self.order - 1)
        self.tables = [self.add_weight(shape=(size,), initializer="zeros", name=f"table_{at}") for at, size in enumerate(sizes, 1)]
        self.slopes = self.add_weight(shape=(self.order,), initializer="ones", name="slopes")

    def call(self, token_ids: Any) -> Any:
        """Look up the weights of each review, and add them up."""
        kept = ops.cast(token_ids != PAD_ID, "float32")
        columns = []
        for shift, (table, places) in enumerate(
            zip(self.tables, [token_ids, *ngram_slots(token_ids, self.order, self.slots)], strict=True)
        ):
            columns.append(ops.pad(ops.take(table, places), [[0, 0], [shift, 0]])[:, : ops.shape(token_ids)[1]] * kept)
        weights = ops.stack(columns, axis=-1)
        sums = ops.sum(weights, axis=1) / ops.expand_dims(ops.sqrt(ops.sum(kept, axis=1) + LENGTH_SMOOTHING), -1)
        return weights, ops.sum(sums * self.slopes, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made with."""
        return {**super().get_config(), "words": self.words, "order": self.order, "slots": self.slots}
