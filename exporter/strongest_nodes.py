"""The strongest blocks of a review as ONNX nodes: what :mod:`trainer.models.strongest` keeps.

The choice is made of integers that differ from each other, so neither padding nor the batch decides
anything. Time is the first axis of what is read and given, as in the LSTM operator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from exporter.nodes import Nodes
from trainer.models.strongest import STEPS
from trainer.settings import BLOCK


class StrongestNodes(Nodes):
    """The nodes from token ids and weights to those that the LSTM reads.

    Args:
        blocks: most blocks of a review.
        token_ids: the name of the token ids, ``int32[length, batch]``.
        columns: the names of the weights of each order, ``float32[length, batch]``.

    Attributes:
        token_ids: the name of the ids that are read, ``int32[read, batch]``.
        columns: the names of their weights of each order, ``float32[read, batch]``.
        lengths: the name of the number of tokens that are read of each row, ``int32[batch]``.
    """

    def __init__(self, blocks: int, token_ids: str, columns: Sequence[str]) -> None:
        super().__init__("strongest/")
        self._zero, self._one = self.int64(0), self.int64(1)
        self._block, self._filling = self.int64(BLOCK), self.int64(BLOCK - 1)
        count = self._count(token_ids)
        places = self._places(blocks, count, self._keys(count, token_ids, columns))
        positions = self._positions(places)
        self.token_ids = self._at(positions, token_ids)
        self.columns = [self._at(positions, one) for one in columns]
        is_token = self.add("Min", self.token_ids, self.constant(np.int32(1)))
        self.lengths = self.add("ReduceSum", is_token, self._zero, keepdims=0)

    def _count(self, token_ids: str) -> str:
        """Return the number of blocks of the padded rows, ``int64[1]``."""
        length = self.add("Slice", self.add("Shape", token_ids), self._zero, self._one)
        return self.add("Div", self.add("Add", length, self._filling), self._block)

    def _keys(self, count: str, token_ids: str, columns: Sequence[str]) -> str:
        """Return how strong each block is, no two of a row alike: ``int64[batch, blocks]``."""
        total = self.add("Abs", columns[0])
        for column in columns[1:]:
            total = self.add("Add", total, self.add("Abs", column))
        steps = self.add("Mul", total, self.constant(np.float32(STEPS)))
        one = self.constant(np.int32(1))
        strengths = self.add("Add", self.add("Cast", steps, to=TensorProto.INT32), one)
        strengths = self.add("Mul", strengths, self.add("Min", token_ids, one))
        by_row = self.add("Transpose", self._filled(strengths), perm=[1, 0])
        end = self.add("Mul", count, self._block)
        by_row = self.add("Slice", by_row, self._zero, end, self._one)
        shape = self.constant(np.array([0, -1, BLOCK], np.int64))
        largest = self.add("ReduceMax", self.add("Reshape", by_row, shape), axes=[2], keepdims=0)
        largest = self.add("Cast", largest, to=TensorProto.INT64)
        return self.add("Sub", self.add("Mul", largest, count), self._numbers(count))

    def _numbers(self, count: str) -> str:
        """Return the blocks' numbers, ``int64[blocks]``."""
        scalar = self.add("Squeeze", count, self._zero)
        first, step = self.constant(np.int64(0)), self.constant(np.int64(1))
        return self.add("Range", first, scalar, step)

    def _places(self, blocks: int, count: str, keys: str) -> str:
        """Return the numbers of the blocks that are kept, rising: ``int64[batch, kept]``."""
        kept = self.add("Min", count, self.int64(blocks))
        _, strongest = self.add_pair("TopK", keys, kept)
        rising, _ = self.add_pair("TopK", strongest, kept, largest=0)
        return rising

    def _positions(self, places: str) -> str:
        """Return the positions of all tokens of the blocks, ``int64[read, batch]``."""
        firsts = self.add("Unsqueeze", self.add("Mul", places, self._block), self.int64(2))
        each = self.add("Add", firsts, self.constant(np.arange(BLOCK, dtype=np.int64)))
        flat = self.add("Reshape", each, self.constant(np.array([0, -1], np.int64)))
        return self.add("Transpose", flat, perm=[1, 0])

    def _at(self, positions: str, values: str) -> str:
        return self.add("GatherElements", self._filled(values), positions, axis=0)

    def _filled(self, values: str) -> str:
        """Put what a last block may lack behind the rows: 0."""
        return self.add("Pad", values, self.constant(np.array([0, 0, BLOCK - 1, 0], np.int64)))
