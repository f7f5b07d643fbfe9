"""Several tokens a step of the LSTM: their features side by side.

An LSTM's time goes into its steps, one after another, and much less into what each reads. Speech
recognition stacks frames so (Pundak & Sainath 2016, "Lower Frame Rate Neural Network Acoustic
Models", Interspeech).
"""

from __future__ import annotations

from typing import Any

from trainer.quiet import keras, ops


@keras.saving.register_keras_serializable(package="review_sentiment")
class SideBySide(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """Puts the features of ``tokens`` tokens in a row into one step.

    Shapes: ``float32[batch, length, features]`` → ``float32[batch, steps, tokens * features]``,
    ``steps`` being ``length / tokens``, rounded up.

    Masked tokens count as zeros, and so does what fills up the last step: a review's steps don't
    depend on its padding. The mask keeps a step if it keeps its first token.

    Args:
        tokens: tokens a step.
    """

    def __init__(self, tokens: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tokens = tokens
        self.supports_masking = True

    def call(self, features: Any, mask: Any = None) -> Any:
        """Return the steps."""
        if mask is not None:
            features = ops.where(ops.expand_dims(mask, -1), features, 0.0)
        batch, each = ops.shape(features)[0], features.shape[-1]
        return ops.reshape(self._filled(features), [batch, -1, self.tokens * each])

    def compute_mask(self, features: Any, mask: Any = None) -> Any:
        """Return which steps hold a token: ``bool[batch, steps]``."""
        return None if mask is None else mask[:, :: self.tokens]

    def get_config(self) -> dict[str, object]:
        """Return the arguments that the layer was made with."""
        return {**super().get_config(), "tokens": self.tokens}

    def _filled(self, features: Any) -> Any:
        """Return the features with zeros up to the next full step."""
        steps = -(-ops.shape(features)[1] // self.tokens)
        filled = ops.pad(features, [[0, 0], [0, self.tokens - 1], [0, 0]])
        return filled[:, : steps * self.tokens]
