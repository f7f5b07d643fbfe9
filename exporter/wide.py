"""The wide branch as ONNX nodes: integers, so that its sum is the same whatever the padding.

Built by hand, not by tf2onnx: the tables stay in 8 and 16 bits in the file and in memory, and sums are taken in int32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.rounding import integer_tables
from trainer.ngrams import FIRST_FACTOR, HASHED_IDS, SECOND_FACTOR

# The name under which the logit of the wide branch reaches the rest of the graph: float32[batch].
OUTPUT = "wide"


def add_wide_branch(graph: onnx.GraphProto, network: Any) -> None:
    """Put the nodes in front of the graph's, from ``token_ids`` and ``lengths`` to :data:`OUTPUT`."""
    (words, word_step), (bigrams, bigram_step) = integer_tables(network)
    branch = _Branch()
    ids = "token_ids"
    hashed = branch.add("Mod", ids, branch.constant(np.int32(HASHED_IDS))) if len(words) > HASHED_IDS else ids
    # The word after each; behind the last one comes padding, so that a review of one word has a pair too, which weighs nothing.
    longer = branch.add("Pad", hashed, branch.constant(np.array([0, 0, 0, 1], np.int64)))
    after = branch.add("Slice", longer, *(branch.constant(np.array([value], np.int64)) for value in (1, np.iinfo(np.int64).max, 1)))
    mixed = branch.add(
        "Add",
        branch.add("Mul", hashed, branch.constant(np.int32(FIRST_FACTOR))),
        branch.add("Mul", after, branch.constant(np.int32(SECOND_FACTOR))),
    )
    one = branch.constant(np.int32(1))
    slots = branch.add("Add", branch.add("Mod", mixed, branch.constant(np.int32(len(bigrams) - 1))), one)
    slots = branch.add("Mul", slots, branch.add("Min", after, one))

    logit = branch.add("Add", branch.weigh(words, word_step, ids), branch.weigh(bigrams, bigram_step, slots))
    root = branch.add("Sqrt", branch.add("Cast", "lengths", to=TensorProto.FLOAT))
    branch.add("Div", logit, root, output=OUTPUT)
    nodes = [*branch.nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(branch.constants)


class _Branch:
    """Nodes and constants, named as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: npt.ArrayLike) -> str:
        name = f"wide/constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"wide/{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def weigh(self, table: npt.NDArray[Any], step: np.float32, places: str) -> str:
        """Add up the integers at ``places`` of each row, ``int32[batch, length]`` → ``float32[batch]``."""
        met = self.add("Cast", self.add("Gather", self.constant(table), places), to=TensorProto.INT32)
        total = self.add("ReduceSum", met, self.constant(np.array([1], np.int64)), keepdims=0)
        return self.add("Mul", self.add("Cast", total, to=TensorProto.FLOAT), self.constant(step))
