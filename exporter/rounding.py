"""Weights in fewer bits: rounded in the Keras network itself, so that the proof is for the file that ships."""

from __future__ import annotations

from dataclasses import dataclass
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
        wide.set_weights([*(table.weights() for table in integer_tables(network)), wide.slopes])


@dataclass(frozen=True)
class IntegerTable:
    """A table of the wide branch as it is stored.

    Attributes:
        integers: ``int16[words + 2]`` or ``int8[slots]``; that of padding is 0.
        step: what one of them is worth.
        squared: whether a number stands for its square, with its sign: then small weights, which most are, are told apart
            finely, and a sum of them is one of integers still.
    """

    integers: npt.NDArray[np.integer[Any]]
    step: np.float32
    squared: bool

    def weights(self) -> npt.NDArray[np.float32]:
        """Return ``float32``, what the numbers stand for."""
        numbers = self.integers.astype(np.int32)
        return np.asarray((numbers * np.abs(numbers) if self.squared else numbers).astype(np.float32) * self.step, np.float32)


def integer_tables(network: Any) -> list[IntegerTable]:
    """Return the tables of the wide branch, that of the words in 16 bits, the others in 8."""
    words, *ngrams = (table.numpy() for table in network.get_layer("wide").tables)
    return [_table(words, np.dtype(np.int16), squared=False), *(_table(table, np.dtype(np.int8), squared=True) for table in ngrams)]


def has_layer(network: Any, name: str) -> bool:
    """Whether the network has a layer of that name."""
    return any(layer.name == name for layer in network.layers)


def _table(weights: npt.NDArray[np.float32], kind: np.dtype[Any], *, squared: bool) -> IntegerTable:
    most = int(np.iinfo(kind).max)
    step = np.float32((float(np.abs(weights).max(initial=0.0)) or 1.0) / (most**2 if squared else most))
    sizes = np.abs(weights) / step
    integers = (np.sign(weights) * np.rint(np.sqrt(sizes) if squared else sizes)).astype(kind)
    # That of padding, which the layer leaves out of its sum.
    integers[PAD_ID] = 0
    return IntegerTable(integers, step, squared)
