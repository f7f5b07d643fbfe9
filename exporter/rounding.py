"""Weights in 8 and 16 bits.

They are rounded in the Keras network itself, so that the comparison with Keras is exact for the
model file that ships. What the rounding costs is measured apart, see :class:`scorer.card.Rounding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID
from trainer.models.network import CORRECTION


def round_weights(network: Any) -> None:
    """Round the weights that are stored in fewer than 32 bits.

    The embedding and what the LSTM multiplies its inputs by become 16-bit floats; the tables of the
    wide branches become integers times a step.
    """
    embedding, lstm = network.get_layer("embedding"), network.get_layer("lstm")
    (vectors,) = (_rounded(weights) for weights in embedding.get_weights())
    if has_layer(network, "steps"):
        # The layer takes padding for zeros; the graph looks it up.
        vectors[PAD_ID] = 0
    embedding.set_weights([vectors])
    # Kernel, recurrent kernel and bias of each direction.
    weights = lstm.get_weights()
    weights[::3] = [_rounded(kernel) for kernel in weights[::3]]
    lstm.set_weights(weights)
    for branch in wide_branches(network):
        tables = [table.weights() for table in integer_tables(branch)]
        branch.set_weights([*tables, branch.slopes])


@dataclass(frozen=True)
class IntegerTable:
    """A table of the wide branch as the model file stores it.

    Attributes:
        integers: ``int16[words + 2]`` or ``int8[slots]``; the entry of padding is 0.
        step: the weight that an integer of 1 stands for.
        squared: whether an integer n stands for n·abs(n) steps: finer near 0, where most weights
            are. A sum of them is still a sum of integers.
    """

    integers: npt.NDArray[np.integer[Any]]
    step: np.float32
    squared: bool

    def weights(self) -> npt.NDArray[np.float32]:
        """Return the weights that the integers stand for: ``float32``, of the same shape.

        >>> IntegerTable(np.array([0, -2, 3], np.int8), np.float32(0.5), squared=True).weights()
        array([ 0. , -2. ,  4.5], dtype=float32)
        """
        steps = self.integers.astype(np.int32)
        if self.squared:
            steps *= np.abs(steps)
        return np.asarray(steps.astype(np.float32) * self.step, np.float32)


def wide_branches(network: Any) -> list[Any]:
    """Return the layers that add up weights of words: the wide branch, and its correction."""
    names = ("wide", CORRECTION)
    return [network.get_layer(name) for name in names if has_layer(network, name)]


def integer_tables(branch: Any) -> list[IntegerTable]:
    """Return the tables of a wide branch: the words' in 16 bits, those of n-grams in 8."""
    words, *ngrams = (table.numpy() for table in branch.tables)
    return [
        _integer_table(words, np.dtype(np.int16), squared=False),
        *(_integer_table(table, np.dtype(np.int8), squared=True) for table in ngrams),
    ]


def _rounded(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what 16-bit floats keep of some weights."""
    return weights.astype(np.float16).astype(np.float32)


def has_layer(network: Any, name: str) -> bool:
    """Whether the network has a layer of that name."""
    return any(layer.name == name for layer in network.layers)


def _integer_table(
    weights: npt.NDArray[np.float32], dtype: np.dtype[Any], *, squared: bool
) -> IntegerTable:
    largest = int(np.iinfo(dtype).max)
    # A table of zeros has no largest weight; any step will do.
    largest_weight = float(np.abs(weights).max(initial=0.0)) or 1.0
    step = np.float32(largest_weight / (largest**2 if squared else largest))
    steps = np.abs(weights) / step
    integers = np.sign(weights) * np.rint(np.sqrt(steps) if squared else steps)
    integers = integers.astype(dtype)
    # The layer leaves padding out of its sums; the graph looks it up and adds 0.
    integers[PAD_ID] = 0
    return IntegerTable(integers, step, squared)
