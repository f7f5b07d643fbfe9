"""An adapted network: what its base gives for each review, part by part, and how it is made anew.

The parts are the LSTM with its bias, each order of the wide branch, and the correction where the
base has one already. The base's logit is their sum, each times its slope; a calibration by length
may follow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import FIRST_WORD_ID, Tokens
from trainer.models.batches import predict
from trainer.models.network import BY_LENGTH, CORRECTION, build_network
from trainer.quiet import keras
from trainer.settings import Settings
from trainer.wide.correction import Adapted, word_features
from trainer.wide.weights import WideWeights


def part_names(network: keras.Model) -> tuple[str, ...]:
    """Return the names of the parts, as the calibration has them."""
    orders = _wide(network).order if _has(network, "wide") else 0
    correction = (CORRECTION,) if _has(network, CORRECTION) else ()
    return ("lstm", *(f"wide_{n}" for n in range(1, orders + 1)), *correction)


def part_slopes(network: keras.Model) -> npt.NDArray[np.float64]:
    """Return the slope of each part in the network, ``float64[parts]``."""
    branches = [one for one in ("wide", CORRECTION) if _has(network, one)]
    slopes = [network.get_layer(one).slopes.numpy() for one in branches]
    return np.concatenate([np.ones(1), *slopes]).astype(np.float64)


def part_logits(network: keras.Model, tokens: Tokens) -> npt.NDArray[np.float64]:
    """Return the logit of each part, ``float64[reviews, parts]``.

    A review without a token says nothing: its logits are 0.

    Args:
        network: the network that is adapted.
        tokens: tokens of the reviews.
    """
    lstm = keras.Model(network.inputs, network.get_layer("head").output)
    # What the last layer gives, before the sigmoid.
    parts = [predict(lstm, tokens)[:, None]]
    if _has(network, "wide"):
        tables = tuple(table.numpy() for table in _wide(network).tables)
        parts.append(WideWeights(tables).sums(tokens))
    if _has(network, CORRECTION):
        (table,) = (one.numpy() for one in network.get_layer(CORRECTION).tables)
        parts.append((word_features(tokens, _words(network)) @ table)[:, None])
    return np.nan_to_num(np.concatenate(parts, axis=1).astype(np.float64), nan=0.0)


def length_step(
    network: keras.Model, tokens: Tokens
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what the logit of each review is multiplied by at the end, and what is added then.

    Returns:
        ``float64[reviews]`` twice: 1 and 0 in a network that isn't calibrated by length.
    """
    if not _has(network, BY_LENGTH):
        return np.ones(len(tokens)), np.zeros(len(tokens))
    layer = network.get_layer(BY_LENGTH)
    index = np.minimum(tokens.lengths, layer.last)
    slopes, shifts = (table.astype(np.float64)[index] for table in layer.get_weights())
    return slopes, shifts


def adapted_network(network: keras.Model, settings: Settings, adapted: Adapted) -> keras.Model:
    """Return a network that weighs its parts anew and corrects the weights of its words.

    Its calibration by length, if it has one, stays as it is, and comes after all of this.

    Args:
        network: the network that is adapted; it stays as it is.
        settings: the settings that it was built with.
        adapted: slopes, shift and correction.
    """
    has_correction = adapted.table is not None or _has(network, CORRECTION)
    made = build_network(
        settings,
        _words(network),
        wide=_has(network, "wide"),
        corrected=has_correction,
        last_length=network.get_layer(BY_LENGTH).last if _has(network, BY_LENGTH) else None,
    )
    for layer in network.layers:
        if layer.weights:
            made.get_layer(layer.name).set_weights(layer.get_weights())
    slopes = dict(zip(part_names(network), adapted.slopes.astype(np.float32), strict=True))
    kernel, bias = network.get_layer("head").get_weights()
    shifted = bias * slopes["lstm"] + np.float32(adapted.shift)
    made.get_layer("head").set_weights([kernel * slopes["lstm"], shifted])
    if _has(network, "wide"):
        orders = [slope for name, slope in slopes.items() if name.startswith("wide_")]
        _wide(made).set_weights([*_wide(network).get_weights()[:-1], np.array(orders)])
    if has_correction:
        table = np.zeros(_words(network) + FIRST_WORD_ID, np.float32)
        if _has(network, CORRECTION):
            table += slopes[CORRECTION] * network.get_layer(CORRECTION).get_weights()[0]
        if adapted.table is not None:
            table += adapted.table
        made.get_layer(CORRECTION).set_weights([table, np.ones(1, np.float32)])
    return made


def _has(network: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in network.layers)


def _wide(network: keras.Model) -> keras.layers.Layer:
    return network.get_layer("wide")


def _words(network: keras.Model) -> int:
    return int(network.get_layer("embedding").input_dim) - FIRST_WORD_ID
