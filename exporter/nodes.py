"""ONNX nodes and constants built by hand, with names made up on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper


class Nodes:
    """The nodes and constants of a graph, or of a part of it.

    Args:
        prefix: text before each name, so that the names of two parts differ.

    Attributes:
        nodes: in the order in which they were added.
        constants: the initializers that the nodes read.
    """

    def __init__(self, prefix: str = "") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._prefix = prefix

    def constant(self, value: npt.ArrayLike) -> str:
        """Add a constant; return its name."""
        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def int64(self, value: int) -> str:
        """Add ``int64[1]``; return its name."""
        return self.constant(np.array([value], np.int64))

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output; return the output's name.

        Args:
            operator: the ONNX operator.
            inputs: names of what it reads.
            output: the output's name; by default a new one.
            attributes: the operator's attributes.
        """
        name = output or self._name(operator)
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def _name(self, operator: str) -> str:
        return f"{self._prefix}{operator}_{len(self.nodes)}"
