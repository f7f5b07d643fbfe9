"""Wide branches as ONNX nodes that add up integers, so that padding changes no bit of a sum.

They are built by hand, not by tf2onnx: the tables stay in 8 and 16 bits in the file and in memory,
and sums are taken in int32. Time is the first axis, as in the LSTM operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from exporter.nodes import Nodes
from exporter.rounding import IntegerTable, integer_tables
from trainer.wide.ngrams import LENGTH_SMOOTHING, slot_step

# A slice that stops here reaches the end of its axis.
AXIS_END = int(np.iinfo(np.int64).max)


class WideNodes(Nodes):
    """The nodes from token ids to what a branch adds to the logit, and to what the LSTM reads.

    Args:
        branch: the layer, its weights already rounded.
        token_ids: the name of the token ids, ``int32[length, batch]``.

    Attributes:
        logit: the name of what is added to the logit, ``float32[batch]``: that of the layer.
        columns: the names of the weights of each order by position, ``float32[length, batch]``.
    """

    def __init__(self, branch: Any, token_ids: str) -> None:
        super().__init__(f"{branch.name}/")
        self.logit = branch.name
        self.one, self._end = self.int32(1), self.int64(AXIS_END)
        self._first, self._last = self.int64(0), self.int64(-1)
        tables = integer_tables(branch)
        slots = self._slots(token_ids, tables)
        steps = [self._steps(table, index) for table, index in zip(tables, slots, strict=True)]
        pairs = list(zip(tables, steps, strict=True))
        self.columns = [self._times(column, table.step) for table, column in pairs]
        self._add_logit(tables, steps, branch.slopes.numpy())

    def int32(self, value: int) -> str:
        """Add a constant; return its name."""
        return self.constant(np.int32(value))

    def _slots(self, token_ids: str, tables: list[IntegerTable]) -> list[str]:
        """Return the indices of words, pairs and so on in their tables: ``int32[length, batch]``.

        The index of an n-gram stands at its last word. Where no n-gram ends it is 0, padding's.
        """
        order, words = len(tables), len(tables[0].integers)
        if order == 1:
            return [token_ids]
        # Padding in front gives every token an n-gram, even in a review of one word.
        front = self.constant(np.array([order - 1, 0, 0, 0], np.int64))
        padded = self.add("Pad", token_ids, front)
        slots, shorter, size = [token_ids], padded, words
        for n, table in enumerate(tables[1:], 2):
            shorter = self.add("Slice", shorter, self._first, self._last, self._first)
            last = self._from(n - 1, padded)
            pair = _Integers(self, shorter, size), _Integers(self, last, words)
            size = len(table.integers)
            slot = slot_step(*pair, n, size).name
            shorter = self.add("Mul", slot, self._both_words(shorter, last))
            slots.append(self._from(order - n, shorter) if n < order else shorter)
        return slots

    def _from(self, start: int, values: str) -> str:
        """Leave out the time steps before ``start``."""
        return self.add("Slice", values, self.int64(start), self._end, self._first)

    def _both_words(self, shorter: str, last: str) -> str:
        """Return 1 where neither index is padding's, 0 elsewhere."""
        ones = [self.add("Min", indices, self.one) for indices in (shorter, last)]
        return self.add("Mul", *ones)

    def _steps(self, table: IntegerTable, slots: str) -> str:
        """Look up the weights at ``slots``: ``int32[length, batch]``, in steps of the table."""
        integers = self.add("Gather", self.constant(table.integers), slots)
        steps = self.add("Cast", integers, to=TensorProto.INT32)
        return self.add("Mul", steps, self.add("Abs", steps)) if table.squared else steps

    def _add_logit(self, tables: list[IntegerTable], steps: list[str], slopes: Any) -> None:
        """Add the logit: the sums over time, over the root of the smoothed length."""
        axis, logit = self.int64(0), ""
        for table, column, slope in zip(tables, steps, slopes, strict=True):
            total = self.add("ReduceSum", column, axis, keepdims=0)
            part = self._times(total, np.float32(table.step * slope))
            logit = self.add("Add", logit, part) if logit else part
        lengths = self.add("Cast", "lengths", to=TensorProto.FLOAT)
        smoothed = self.add("Add", lengths, self.constant(np.float32(LENGTH_SMOOTHING)))
        self.add("Div", logit, self.add("Sqrt", smoothed), output=self.logit)

    def _times(self, integers: str, factor: np.float32) -> str:
        floats = self.add("Cast", integers, to=TensorProto.FLOAT)
        return self.add("Mul", floats, self.constant(factor))


@dataclass(frozen=True)
class _Integers:
    """Integers of the graph that the trainer's hashing computes with: each operation adds a node.

    Attributes:
        nodes: where the nodes are added.
        name: the name of the integers, ``int32[length, batch]``.
        below: a number that they are all less than, if one is known.
    """

    nodes: WideNodes
    name: str
    below: int | None = None

    def __mod__(self, divisor: int) -> _Integers:
        if self.below is not None and self.below <= divisor:
            return self
        return self._result("Mod", self.nodes.int32(divisor))

    def __mul__(self, factor: int) -> _Integers:
        return self._result("Mul", self.nodes.int32(factor))

    def __add__(self, other: _Integers) -> _Integers:
        return self._result("Add", other.name)

    def __radd__(self, number: int) -> _Integers:
        constant = self.nodes.one if number == 1 else self.nodes.int32(number)
        return self._result("Add", constant)

    def _result(self, operator: str, operand: str) -> _Integers:
        return _Integers(self.nodes, self.nodes.add(operator, self.name, operand))
