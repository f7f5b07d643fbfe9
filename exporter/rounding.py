"""Weights in fewer bits: rounded in the Keras network itself, so that the proof is for the file that ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID


def round_weights(network: Any) -> None:
    """Round what is stored in fewer than 32 bits: the embedding to 16-bit floats, a wide branch to integers times a step."""
    layer = network.get_layer("embedding")
    layer.set_weights([weights.astype(np.float16).astype(np.float32) for weights in layer.get_weights()])
    if has_layer(network, "wide"):
        wide = network.get_layer("wide")
        wide.set_weights([integers.astype(np.float32) * step for integers, step in integer_tables(network)])


def integer_tables(network: Any) -> list[tuple[npt.NDArray[Any], np.float32]]:
    """Return the tables of the wide branch as integers, and what one of them is worth.

    Returns:
        ``int16[words + 2]`` and ``int8[slots]`` for each number of words from 2 on, with their steps: few words carry much of the
        weight, an n-gram little.
    """
    words, *ngrams = network.get_layer("wide").get_weights()
    return [_integers(words, np.dtype(np.int16)), *(_integers(table, np.dtype(np.int8)) for table in ngrams)]


def has_layer(network: Any, name: str) -> bool:
    """Whether the network has a layer of that name."""
    return any(layer.name == name for layer in network.layers)


def _integers(weights: npt.NDArray[np.float32], kind: np.dtype[Any]) -> tuple[npt.NDArray[Any], np.float32]:
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    step = np.float32(largest / np.iinfo(kind).max)
    integers = np.rint(weights / step).astype(kind)
    # That of padding, which the layer leaves out of its sum.
    integers[PAD_ID] = 0
    return integers, step
