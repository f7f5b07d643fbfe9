"""The Keras network: how it is built, finished, saved and loaded, and the layers of our own.

Only the Keras API is used, so the trainer runs on any Keras backend. The layers have names: the
exporter calls them again, without the mask (see ``exporter/convert.py``).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.card import ByLength
from scorer.tokenizer import FIRST_WORD_ID, Tokenizer
from trainer.errors import RunFolderError
from trainer.measure.calibration import Line
from trainer.measure.lengths import length_tables
from trainer.models.batches import predict
from trainer.models.length_layer import LengthCalibration
from trainer.models.steps import SideBySide
from trainer.quiet import keras, ops
from trainer.settings import Settings
from trainer.wide.layer import WideBranch
from trainer.wide.weights import WideWeights

# The layer of an adapted network that corrects the words' weights.
CORRECTION = "correction"
# The layer of a network that is calibrated by length.
BY_LENGTH = "by_length"


@keras.saving.register_keras_serializable(package="review_sentiment")
class MaskedMaxPooling(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """The maximum of each feature over the time steps that the mask keeps.

    Shapes: ``float32[batch, length, features]`` and ``bool[batch, length]``
    → ``float32[batch, features]``.

    A masked step counts as -1, the lower bound of an LSTM state, which is a sigmoid times a tanh.
    Keras' GlobalMaxPooling1D ignores the mask.
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
        """Return no mask: the output has no time axis."""


@keras.saving.register_keras_serializable(package="review_sentiment")
class Beside(keras.layers.Concatenate):  # type: ignore[misc]  # keras has no types
    """Concatenates features under the mask of the first input.

    Keras' Concatenate would keep a step that the mask of any input keeps.
    """

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the first input."""
        return None if mask is None else mask[0]


@dataclass(frozen=True)
class Network:
    """A finished network, as the run folder holds it.

    Attributes:
        network: the ``keras.Model``, masked and calibrated.
    """

    network: keras.Model

    def predict(self, texts: pa.LargeStringArray, tokenizer: Tokenizer) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token."""
        return predict(self.network, tokenizer.encode(texts))

    def save(self, path: Path) -> None:
        """Write the network as ``.keras``."""
        self.network.save(path)

    @classmethod
    def load(cls, path: Path) -> Network:
        """Read what :meth:`save` wrote.

        Raises:
            RunFolderError: its layers aren't those of this release.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # Keras warns before it raises
                return cls(load_network(path, training=False))
        except ValueError as error:  # Keras raises it if a layer has other weights
            raise RunFolderError(
                f"opening the run folder {path.parent}: {path.name} has other layers than this "
                "release makes; train again"
            ) from error


def load_network(path: Path, *, training: bool) -> keras.Model:
    """Return a saved ``keras.Model``.

    Importing this module has registered the layers of our own with Keras.

    Args:
        path: file of the network.
        training: whether training goes on; the optimizer is then loaded too.
    """
    return keras.saving.load_model(path, compile=training)


def build_network(
    settings: Settings,
    words: int,
    steps: int = 0,
    *,
    wide: bool = False,
    corrected: bool = False,
    last_length: int | None = None,
) -> keras.Model:
    """Return the network; compiled if it is to be trained.

    Shapes: ``int32[batch, length]``, padded at the end with 0 → ``float32[batch, 1]``, the
    probability of positive. If the settings ask for a wide branch and ``wide`` is false, the second
    input is ``float32[batch, length, order]``, the weights of the n-grams.

    Args:
        settings: sizes of the layers, and how they learn.
        words: words in the vocabulary; ids 0 (padding) and 1 (unknown) are added.
        steps: batches of all epochs together, over which the learning rate may fall; 0 for a
            network that isn't trained.
        wide: whether the network holds the wide branch that its settings ask for. In training it
            doesn't: the weights that the LSTM reads are an input (see ``trainer/wide/folds.py``),
            and nothing is added to its logit.
        corrected: whether the network holds a correction of the words' weights (see
            ``trainer/wide/correction.py``): a wide branch of one order, which the LSTM doesn't
            read.
        last_length: the largest length that a network calibrated by length tells from longer ones;
            None for a network that isn't.
    """
    pooled = settings.pooling == "max"
    # Large weights between the LSTM's steps amplify rounding errors over hundreds of steps, and two
    # runtimes drift apart. Measured: tests/benchmarks/README.md.
    decay = keras.regularizers.L2(settings.recurrent_decay) if settings.recurrent_decay else None
    lstm = keras.layers.LSTM(
        settings.units, return_sequences=pooled, recurrent_regularizer=decay, name="lstm"
    )

    token_ids = keras.Input([None], dtype="int32", name="token_ids")
    inputs = token_ids
    if settings.wide_order and wide:
        branch = WideBranch(words, settings.wide_order, settings.wide_slots, name="wide")
        weights, wide_logit = branch(token_ids)
    elif settings.wide_order:
        weights = keras.Input([None, settings.wide_order], name="weights")
        inputs = [token_ids, weights]
    x = keras.layers.Embedding(
        words + FIRST_WORD_ID, settings.embedding, mask_zero=settings.mask, name="embedding"
    )(token_ids)
    x = keras.layers.Dropout(settings.dropout, name="embedding_dropout")(x)
    x = Beside(name="read")([x, weights]) if settings.wide_order else x
    x = SideBySide(settings.step_tokens, name="steps")(x) if settings.step_tokens > 1 else x
    x = (keras.layers.Bidirectional(lstm, name="lstm") if settings.bidirectional else lstm)(x)
    x = MaskedMaxPooling(name="pooling")(x) if pooled else x
    x = keras.layers.Dropout(settings.dropout, name="head_dropout")(x)
    logits = [keras.layers.Dense(1, name="head")(x)]
    if settings.wide_order and wide:
        logits.append(wide_logit)
    if corrected:
        logits.append(WideBranch(words, 1, 1, name=CORRECTION)(token_ids)[1])
    logit = keras.layers.Add(name="logit")(logits) if len(logits) > 1 else logits[0]
    if last_length is not None:
        logit = LengthCalibration(last_length, name=BY_LENGTH)([logit, token_ids])
    score = keras.layers.Activation("sigmoid", name="score")(logit)

    network = keras.Model(inputs, score, name=settings.preset)
    if steps:
        optimizer = _optimizer(settings, steps)
        network.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=[same_side])
    return network


def finish_network(
    trained: keras.Model,
    settings: Settings,
    line: Line,
    wide: WideWeights | None = None,
    by_length: ByLength | None = None,
) -> keras.Model:
    """Return the network that ships: the trained one with its wide branch, calibrated.

    Args:
        trained: the network after training.
        settings: the settings that it was built with.
        line: the calibration, with a slope for the network and one for each order of the wide
            branch. It is multiplied into their weights, so that no graph needs to know of it.
        wide: weights of the wide branch, if there is one.
        by_length: the second step of the calibration, if there is one: a layer of its own.
    """
    words = trained.get_layer("embedding").input_dim - FIRST_WORD_ID
    last_length = None if by_length is None else by_length.knots[-1]
    network = build_network(settings, words, wide=True, last_length=last_length)
    for layer in trained.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    kernel, bias = trained.get_layer("head").get_weights()
    slope, *slopes = (np.float32(one) for one in line.slopes)
    network.get_layer("head").set_weights([kernel * slope, bias * slope + np.float32(line.shift)])
    if wide is not None:
        network.get_layer("wide").set_weights([*wide.tables, np.array(slopes)])
    if by_length is not None:
        network.get_layer(BY_LENGTH).set_weights(list(length_tables(by_length)))
    return network


@keras.saving.register_keras_serializable(package="review_sentiment")  # type: ignore[untyped-decorator]  # keras has no types
def same_side(targets: Any, scores: Any) -> Any:
    """Return which scores are on the target's side of 0.5; a target may be a probability."""
    return ops.cast(ops.equal(targets >= 0.5, scores >= 0.5), "float32")


def _optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    optimizers = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
    rate = settings.learning_rate
    if settings.schedule == "cosine":
        # From the full rate to 0 along half a cosine
        # (Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts).
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    return optimizers[settings.optimizer](rate, clipnorm=settings.clip_norm or None)
