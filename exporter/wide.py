"""The wide branch as ONNX nodes: integers, so that its sums are the same whatever the padding.

Built by hand, not by tf2onnx: the tables stay in 8 and 16 bits in the file and in memory, and sums are taken in int32. Time stands
first, as the LSTM operator has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from exporter.nodes import Nodes
from exporter.rounding import IntegerTable, integer_tables
from trainer.ngrams import FIRST_FACTOR, HASHED, LENGTH_SMOOTHING, SECOND_FACTOR

# What the branch adds to the logit: float32[batch].
OUTPUT = "wide"
# What the LSTM reads of it beside the embedding: float32[length, batch, order].
WEIGHTS = "wide/weights"


class WideNodes(Nodes):
    """The nodes from token ids to :data:`OUTPUT` and :data:`WEIGHTS`.

    Args:
        network: that holds the wide branch, its weights already rounded.
        token_ids: the name of ``int32[length, batch]``.
    """

    def __init__(self, network: Any, token_ids: str) -> None:
        super().__init__("wide/")
        tables, slopes = integer_tables(network), network.get_layer("wide").slopes.numpy()
        met = [self._met(table, places) for table, places in zip(tables, self._places(token_ids, tables), strict=True)]
        self._weights(tables, met)
        self._logit(tables, met, slopes)

    def _places(self, token_ids: str, tables: list[IntegerTable]) -> list[str]:
        """Return where in its table the word and each n-gram stands that ends at each place; 0 where none does."""
        order = len(tables)
        if order == 1:
            return [token_ids]
        one, first = self.constant(np.int32(1)), self.constant(np.array([0], np.int64))
        last, end = self.constant(np.array([-1], np.int64)), self.constant(np.array([np.iinfo(np.int64).max], np.int64))
        # In front stand paddings, so that a review of one word has n-grams too, which weigh nothing.
        longer = self.add("Pad", token_ids, self.constant(np.array([order - 1, 0, 0, 0], np.int64)))
        places, before, size = [token_ids], longer, len(tables[0].integers)
        for shift, table in enumerate(tables[1:], 1):
            before = self.add("Slice", before, first, last, first)
            after = self.add("Slice", longer, self.constant(np.array([shift], np.int64)), end, first)
            mixed = self.add(
                "Add",
                self.add("Mul", self._below(HASHED, before, size), self.constant(np.int32(FIRST_FACTOR))),
                self.add("Mul", self._below(HASHED, after, len(tables[0].integers)), self.constant(np.int32(SECOND_FACTOR))),
            )
            slot = self.add("Add", self.add("Mod", mixed, self.constant(np.int32(len(table.integers) - 1))), one)
            whole = self.add("Mul", self.add("Min", before, one), self.add("Min", after, one))
            before, size = self.add("Mul", slot, whole), len(table.integers)
            extra = order - 1 - shift
            places.append(self.add("Slice", before, self.constant(np.array([extra], np.int64)), end, first) if extra else before)
        return places

    def _below(self, bound: int, numbers: str, size: int) -> str:
        """Bring numbers that are less than ``size`` below ``bound``."""
        return numbers if size <= bound else self.add("Mod", numbers, self.constant(np.int32(bound)))

    def _met(self, table: IntegerTable, places: str) -> str:
        """Look up what stands at ``places``: ``int32[length, batch]``, in steps of the table."""
        met = self.add("Cast", self.add("Gather", self.constant(table.integers), places), to=TensorProto.INT32)
        return self.add("Mul", met, self.add("Abs", met)) if table.squared else met

    def _weights(self, tables: list[IntegerTable], met: list[str]) -> None:
        axis = self.constant(np.array([2], np.int64))
        columns = [self._times(one, table.step) for one, table in zip(met, tables, strict=True)]
        self.add("Concat", *(self.add("Unsqueeze", column, axis) for column in columns), output=WEIGHTS, axis=2)

    def _logit(self, tables: list[IntegerTable], met: list[str], slopes: Any) -> None:
        axis, logit = self.constant(np.array([0], np.int64)), ""
        for one, table, slope in zip(met, tables, slopes, strict=True):
            part = self._times(self.add("ReduceSum", one, axis, keepdims=0), np.float32(table.step * slope))
            logit = self.add("Add", logit, part) if logit else part
        lengths = self.add("Add", self.add("Cast", "lengths", to=TensorProto.FLOAT), self.constant(np.float32(LENGTH_SMOOTHING)))
        self.add("Div", logit, self.add("Sqrt", lengths), output=OUTPUT)

    def _times(self, integers: str, step: np.float32) -> str:
        return self.add("Mul", self.add("Cast", integers, to=TensorProto.FLOAT), self.constant(step))
