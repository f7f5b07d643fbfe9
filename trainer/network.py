"""The Keras network, one layer a line, and the layers of our own.

Only the Keras API is used, so that the trainer runs on whichever Keras backend is there.
The layers are named: the exporter calls them again, without the mask (see ``exporter/convert.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from trainer.calibration import Line
from trainer.settings import Settings
from trainer.wide import WideBranch
from trainer.wide_fit import WideWeights


@keras.saving.register_keras_serializable(package="review_sentiment")
class MaskedMaxPooling(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """The largest value of each feature over the time steps that the mask keeps.

    Shapes: ``float32[batch, length, features]`` and ``bool[batch, length]`` → ``float32[batch, features]``.

    A masked step counts as -1, below which no LSTM state can be (it is a sigmoid times a tanh); Keras' own
    GlobalMaxPooling1D knows no mask.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, states: Any, mask: Any = None) -> Any:
        """Pool ``states`` over time."""
        if mask is not None:
            states = ops.where(ops.expand_dims(mask, -1), states, ops.cast(-1, states.dtype))
        return ops.max(states, axis=1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """No mask is left: time is gone."""


@keras.saving.register_keras_serializable(package="review_sentiment")
class Beside(keras.layers.Concatenate):  # type: ignore[misc]  # keras has no types
    """Features beside each other, under the mask of the first; Keras' own layer keeps a step that any of them keeps."""

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the first."""
        return None if mask is None else mask[0]


def load_network(path: Path, *, training: bool) -> keras.Model:
    """Return a network that was saved, with its optimizer where it is to go on ``training``.

    Importing this module has told Keras of the layers of our own.
    """
    return keras.saving.load_model(path, compile=training)


def build_network(settings: Settings, words: int, steps: int = 0, *, wide: bool = False) -> keras.Model:
    """Return the network, compiled where it is to be trained.

    Args:
        settings: its sizes, and how it learns.
        words: words in the vocabulary; ids 0 (padding) and 1 (unknown) come on top.
        steps: batches of all epochs together, over which the learning rate may fall; 0 for a network that isn't trained.
        wide: whether it holds the wide branch, where its settings ask for one. In training the weights that the LSTM reads are an
            input instead (see ``trainer/folds.py``), and nothing is added to its logit.

    Shapes: ``int32[batch, length]``, padded behind with 0 → ``float32[batch, 1]``, the probability of positive; where the wide branch is
    left out also ``float32[batch, length, order]``, its weights.
    """
    pooled = settings.pooling == "max"
    # Large weights from one step to the next let rounding errors grow over hundreds of steps: without the penalty a few reviews in
    # ten thousand came out more than 1e-5 apart on two runtimes, with it none more than 4e-6.
    decay = keras.regularizers.L2(settings.recurrent_decay) if settings.recurrent_decay else None
    lstm = keras.layers.LSTM(settings.units, return_sequences=pooled, recurrent_regularizer=decay, name="lstm")

    token_ids = keras.Input([None], dtype="int32", name="token_ids")
    x = keras.layers.Embedding(words + 2, settings.embedding, mask_zero=settings.mask, name="embedding")(token_ids)
    x = keras.layers.Dropout(settings.dropout, name="embedding_dropout")(x)
    inputs = token_ids
    if settings.wide_order and wide:
        weights, weighed = WideBranch(words, settings.wide_order, settings.wide_slots, name="wide")(token_ids)
    elif settings.wide_order:
        weights = keras.Input([None, settings.wide_order], name="weights")
        inputs = [token_ids, weights]
    x = Beside(name="read")([x, weights]) if settings.wide_order else x
    x = (keras.layers.Bidirectional(lstm, name="lstm") if settings.bidirectional else lstm)(x)
    x = MaskedMaxPooling(name="pooling")(x) if pooled else x
    x = keras.layers.Dropout(settings.dropout, name="head_dropout")(x)
    logit = keras.layers.Dense(1, name="head")(x)
    logit = keras.layers.Add(name="logit")([logit, weighed]) if settings.wide_order and wide else logit
    score = keras.layers.Activation("sigmoid", name="score")(logit)

    network = keras.Model(inputs, score, name=settings.preset)
    if steps:
        network.compile(optimizer=_optimizer(settings, steps), loss="binary_crossentropy", metrics=[same_side])
    return network


def finish_network(trained: keras.Model, settings: Settings, line: Line, wide: WideWeights | None = None) -> keras.Model:
    """Return the network that ships: a trained one, with the wide branch beside it where there is one, calibrated.

    Args:
        trained: what training left.
        settings: it was built with.
        line: through the logits of the network and of each order of the wide branch; it goes into their weights, so that no graph has to
            know of it.
        wide: the weights of the wide branch.
    """
    words = trained.get_layer("embedding").input_dim - 2
    network = build_network(settings, words, wide=True)
    for layer in trained.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    kernel, bias = trained.get_layer("head").get_weights()
    slope, *slopes = (np.float32(one) for one in line.slopes)
    network.get_layer("head").set_weights([kernel * slope, bias * slope + np.float32(line.shift)])
    if wide is not None:
        network.get_layer("wide").set_weights([*wide.tables, np.array(slopes)])
    return network


@keras.saving.register_keras_serializable(package="review_sentiment")  # type: ignore[untyped-decorator]  # keras has no types
def same_side(targets: Any, scores: Any) -> Any:
    """Return which scores lie on the side of 0.5 that the target lies on: a target may be a teacher's probability."""
    return ops.cast(ops.equal(targets >= 0.5, scores >= 0.5), "float32")


def _optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    optimizers = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
    rate = settings.learning_rate
    if settings.schedule == "cosine":
        # From the full rate to none along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts).
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    return optimizers[settings.optimizer](rate, clipnorm=settings.clip_norm or None)
