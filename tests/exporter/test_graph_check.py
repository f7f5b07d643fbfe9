from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from exporter.convert import IR_VERSION, OPSET
from exporter.errors import ExportRefused
from exporter.graph_check import check_graph


def graph(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """Return a graph of a bound LSTM, whose output is ``y``, and of nodes that make ``score``."""
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["length", "batch", 2]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    weights = [
        helper.make_tensor(name, TensorProto.FLOAT, [1, 12, size], [0.1] * 12 * size)
        for name, size in (("w", 2), ("r", 3))
    ]
    constants = [*weights, helper.make_tensor("true", TensorProto.BOOL, [], [True])]
    lstm = helper.make_node("LSTM", ["x", "w", "r", "", "lengths"], ["y"], hidden_size=3)
    made = helper.make_graph([lstm, *nodes], "g", inputs, [float_output("score")], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)


def float_output(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            helper.make_node("ReduceMean", ["y"], ["score"], axes=[0]),
            "ReduceMean adds up floats over padded time",
        ),
        (helper.make_node("ReduceL2", ["y"], ["score"]), "ReduceL2 adds up floats"),
        (helper.make_node("Softmax", ["y"], ["score"], axis=0), "Softmax adds up floats"),
        (helper.make_node("ReduceMax", ["y"], ["score"], axes=[0]), None),
        (helper.make_node("ReduceMean", ["y"], ["score"], axes=[3]), None),
        (
            helper.make_node("LSTM", ["x", "w", "r"], ["score"], hidden_size=3),
            "2 LSTM operators came out",
        ),
    ],
)
def test_a_graph_whose_last_bits_would_depend_on_padding_is_refused(
    node: onnx.NodeProto, message: str | None
) -> None:
    if message is None:
        check_graph(graph(node))
        return
    with pytest.raises(ExportRefused, match=message):
        check_graph(graph(node))


def test_an_lstm_without_lengths_is_refused() -> None:
    model = graph(helper.make_node("Identity", ["y"], ["score"]))
    model.graph.node[0].input[4] = ""
    with pytest.raises(ExportRefused, match="isn't bound to the lengths"):
        check_graph(model)


def test_a_graph_that_is_slow_is_refused() -> None:
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node("Identity", ["y"], [name])], name, [], [float_output(name)]
        )
        for name in ("then", "else")
    }
    with pytest.raises(ExportRefused, match="If came out, which is slow; check the tf2onnx"):
        check_graph(graph(helper.make_node("If", ["true"], ["score"], **branches)))
