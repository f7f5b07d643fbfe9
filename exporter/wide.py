"""The wide branch as ONNX nodes: integers, so that its sum is the same whatever the padding.

Built by hand, not by tf2onnx: the tables stay in 8 and 16 bits in the file and in memory, and sums are taken in int32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from exporter.nodes import Nodes
from exporter.rounding import IntegerTable, integer_tables
from trainer.ngrams import FIRST_FACTOR, HASHED, LENGTH_SMOOTHING, SECOND_FACTOR

# The name under which the logit of the wide branch reaches the rest of the graph: float32[batch].
OUTPUT = "wide"


def add_wide_branch(graph: onnx.GraphProto, network: Any) -> None:
    """Put the nodes in front of the graph's, from ``token_ids`` and ``lengths`` to :data:`OUTPUT`."""
    tables = integer_tables(network)
    branch = _Branch("wide/")
    logit, before, size = branch.weigh(tables[0], "token_ids"), "token_ids", len(tables[0].integers)
    # The words after each; behind the last come paddings, so that a review of one word has n-grams too, which weigh nothing.
    longer = branch.add("Pad", "token_ids", branch.constant(np.array([0, 0, 0, len(tables) - 1], np.int64)))
    one, axis = branch.constant(np.int32(1)), branch.constant(np.array([1], np.int64))
    for shift, table in enumerate(tables[1:], 1):
        start = branch.constant(np.array([shift], np.int64))
        end = branch.constant(np.array([shift + 1 - len(tables) or np.iinfo(np.int64).max], np.int64))
        after = branch.add("Slice", longer, start, end, axis)
        mixed = branch.add(
            "Add",
            branch.add("Mul", branch.below(HASHED, before, size), branch.constant(np.int32(FIRST_FACTOR))),
            branch.add("Mul", branch.below(HASHED, after, len(tables[0].integers)), branch.constant(np.int32(SECOND_FACTOR))),
        )
        before = branch.add("Add", branch.add("Mod", mixed, branch.constant(np.int32(len(table.integers) - 1))), one)
        logit = branch.add("Add", logit, branch.weigh(table, branch.add("Mul", before, branch.add("Min", after, one))))
        size = len(table.integers)
    lengths = branch.add("Add", branch.add("Cast", "lengths", to=TensorProto.FLOAT), branch.constant(np.float32(LENGTH_SMOOTHING)))
    branch.add("Div", logit, branch.add("Sqrt", lengths), output=OUTPUT)
    nodes = [*branch.nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(branch.constants)


class _Branch(Nodes):
    """What the branch is made of, beside plain nodes."""

    def below(self, bound: int, numbers: str, size: int) -> str:
        """Bring numbers that are less than ``size`` below ``bound``."""
        return numbers if size <= bound else self.add("Mod", numbers, self.constant(np.int32(bound)))

    def weigh(self, table: IntegerTable, places: str) -> str:
        """Add up the numbers at ``places`` of each row, ``int32[batch, length]`` → ``float32[batch]``."""
        met = self.add("Cast", self.add("Gather", self.constant(table.integers), places), to=TensorProto.INT32)
        met = self.add("Mul", met, self.add("Abs", met)) if table.squared else met
        total = self.add("ReduceSum", met, self.constant(np.array([1], np.int64)), keepdims=0)
        return self.add("Mul", self.add("Cast", total, to=TensorProto.FLOAT), self.constant(table.step))
