"""Several tokens a step of the LSTM as ONNX nodes: what :mod:`trainer.models.steps` puts together.

Token ids and weights are dealt into steps before the word vectors are looked up, so that nothing
large is moved. Time is the first axis of what is read and given, as in the LSTM operator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exporter.nodes import Nodes


class StepNodes(Nodes):
    """The nodes from what stands at each token to what stands at each step.

    Args:
        tokens: tokens a step.
        token_ids: the name of the token ids, ``int32[length, batch]``, padded with 0.
        columns: the names of the weights of each order, ``float32[length, batch]``; 0 for padding.

    Attributes:
        token_ids: the name of the ids, ``int32[steps, batch, tokens]``.
        firsts: the name of each step's first one, ``int32[steps, batch]``: 0 past a row's end.
        columns: the names of the weights of each order, ``float32[steps, batch, tokens]``.
        lengths: the name of the number of steps of each row, ``int32[batch]``.
    """

    def __init__(self, tokens: int, token_ids: str, columns: Sequence[str]) -> None:
        super().__init__("steps/")
        self._tokens, self._zero, self._one = self.int64(tokens), self.int64(0), self.int64(1)
        self._filling = self.constant(np.array([0, 0, tokens - 1, 0], np.int64))
        self._shape, self._end = self._bounds(token_ids, tokens)
        self.token_ids = self._by_step(token_ids)
        self.firsts = self.add("Gather", self.token_ids, self.constant(np.int64(0)), axis=2)
        self.columns = [self._by_step(column) for column in columns]
        filled = self.add("Add", "lengths", self.constant(np.int32(tokens - 1)))
        self.lengths = self.add("Div", filled, self.constant(np.int32(tokens)))

    def _bounds(self, token_ids: str, tokens: int) -> tuple[str, str]:
        """Return the shape ``[steps, tokens, batch]``, and the number of tokens of full steps."""
        shape = self.add("Shape", token_ids)
        length = self.add("Slice", shape, self._zero, self._one)
        batch = self.add("Slice", shape, self._one, self.int64(2))
        steps = self.add("Div", self.add("Add", length, self.int64(tokens - 1)), self._tokens)
        whole = self.add("Concat", steps, self._tokens, batch, axis=0)
        return whole, self.add("Mul", steps, self._tokens)

    def _by_step(self, values: str) -> str:
        """Deal ``[length, batch]`` into ``[steps, batch, tokens]``, filled up by 0."""
        filled = self.add("Pad", values, self._filling)
        full = self.add("Slice", filled, self._zero, self._end, self._zero)
        return self.add("Transpose", self.add("Reshape", full, self._shape), perm=[0, 2, 1])
