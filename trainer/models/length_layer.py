"""The second step of the calibration as a Keras layer: a slope and a shift by length, looked up.

What it means and how it is fitted: :mod:`trainer.measure.lengths`.
"""

from __future__ import annotations

from typing import Any

from scorer.tokenizer import PAD_ID
from trainer.quiet import keras, ops


@keras.saving.register_keras_serializable(package="review_sentiment")
class LengthCalibration(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """``slope(n) · logit + shift(n)``, n being the number of tokens.

    Shapes: ``float32[batch, 1]`` and ``int32[batch, length]``, padded at the end with 0
    → ``float32[batch, 1]``.

    Args:
        last: the largest length with a slope and a shift of its own; longer reviews have these,
            too.
    """

    def __init__(self, last: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last
        self.trainable = False  # the tables are fitted apart, see trainer/measure/lengths.py

    def build(self, shape: Any) -> None:
        """Make the tables of a step that changes nothing."""
        size = (self.last + 1,)
        self.slopes = self.add_weight(shape=size, initializer="ones", name="slopes")
        self.shifts = self.add_weight(shape=size, initializer="zeros", name="shifts")

    def call(self, inputs: Any) -> Any:
        """Calibrate logits by the lengths of the token ids beside them."""
        logit, token_ids = inputs
        length = ops.sum(ops.cast(token_ids != PAD_ID, "int32"), axis=1, keepdims=True)
        index = ops.minimum(length, self.last)
        return logit * ops.take(self.slopes, index) + ops.take(self.shifts, index)

    def get_config(self) -> dict[str, object]:
        """Return the arguments that the layer was made with."""
        return {**super().get_config(), "last": self.last}
