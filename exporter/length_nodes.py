"""The calibration by length as ONNX nodes: slope and shift looked up by the row's length.

Nothing is added up over time, so padding changes no bit. Multiplying and adding is left to what
tf2onnx makes of the layers after the LSTM.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exporter.nodes import Nodes

# What each row's logit is multiplied by, and what is added to it then: float32[batch].
SLOPE, SHIFT = "by_length/slope", "by_length/shift"


def length_nodes(network: Any) -> Nodes:
    """Return the nodes from the lengths to :data:`SLOPE` and :data:`SHIFT`.

    Args:
        network: the ``keras.Model``, which has a layer ``by_length``.
    """
    layer = network.get_layer("by_length")
    nodes = Nodes("by_length/")
    index = nodes.add("Min", "lengths", nodes.constant(np.int32(layer.last)))
    for table, output in ((layer.slopes, SLOPE), (layer.shifts, SHIFT)):
        nodes.add("Gather", nodes.constant(table.numpy()), index, output=output)
    return nodes
