"""The rules that a graph must obey before the scorer may run it.

It has exactly one LSTM operator, which reads the lengths. It has no loop, which would be slow. It
adds up no floats over the padded time axis: the last bits of a score would depend on its batch.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.errors import ExportRefused

# The index of the LSTM operator's input ``sequence_lens``.
SEQUENCE_LENS = 4

LOOPS = {"Loop", "Scan", "If", "SequenceMap"}
FLOAT_REDUCTIONS = {
    "ReduceSum", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare", "Softmax", "LogSoftmax", "Attention",
    "MultiHeadAttention", "AveragePool", "GlobalAveragePool", "LpPool", "GlobalLpPool", "Einsum",
}  # fmt: skip
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}


def check_graph(model: onnx.ModelProto) -> None:
    """Refuse a graph that is slow, or whose scores would depend on padding or batch.

    Raises:
        ExportRefused: there isn't exactly one LSTM operator with lengths, or there is a loop, or a
            reduction of floats over the time axis; the message names it.
    """
    onnx.checker.check_model(model, full_check=True)
    lstm = only_node(model.graph, "LSTM")
    if not _is_bound(lstm, model.graph):
        raise ExportRefused(
            "converting the network: the LSTM operator isn't bound to the lengths; "
            "check the tf2onnx version"
        )
    loops = sorted({node.op_type for node in model.graph.node} & LOOPS)
    if loops:
        raise ExportRefused(
            f"converting the network: {loops[0]} came out, which is slow; check the tf2onnx version"
        )
    reductions = _float_reductions_over_time(model)
    if reductions:
        raise ExportRefused(
            f"converting the network: {reductions[0]} adds up floats over padded time, so that a "
            "score would depend on its batch; use max-pooling or sums of integers"
        )


def only_node(graph: onnx.GraphProto, operator: str) -> onnx.NodeProto:
    """Return the node of an operator that a graph holds exactly once.

    Raises:
        ExportRefused: the graph holds no such node, or several.
    """
    nodes = [node for node in graph.node if node.op_type == operator]
    if len(nodes) != 1:
        raise ExportRefused(
            f"converting the network: {len(nodes)} {operator} operators came out instead of one; "
            "check the tf2onnx version"
        )
    only: onnx.NodeProto = nodes[0]
    return only


def _is_bound(lstm: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
    """Whether the LSTM has the lengths, in tokens or in steps."""
    bound = lstm.input[SEQUENCE_LENS] if len(lstm.input) > SEQUENCE_LENS else ""
    makers = {name: node for node in graph.node for name in node.output}
    # Steps are a quotient of integers, of the sum of the lengths and a constant.
    for operator in ("Div", "Add"):
        if bound in makers and makers[bound].op_type == operator:
            bound = makers[bound].input[0]
    return bound == "lengths"


def _float_reductions_over_time(model: onnx.ModelProto) -> list[str]:
    """Return the nodes that reduce floats over an axis that may be time."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    types = {value.name: value.type.tensor_type for value in values}
    constants = {constant.name: constant for constant in graph.initializer}
    reductions = []
    for node in graph.node:
        if node.op_type not in FLOAT_REDUCTIONS:
            continue
        reduced = types.get(node.input[0])
        # A node whose input has an unknown type is refused, too.
        if reduced is None or (
            reduced.elem_type in FLOATS and _may_span_time(node, reduced, constants)
        ):
            reductions.append(f"{node.op_type} {node.name}".strip())
    return reductions


def _may_span_time(
    node: onnx.NodeProto,
    reduced: onnx.TypeProto.Tensor,
    constants: dict[str, onnx.TensorProto],
) -> bool:
    """Whether a reduced axis may be time, which has no fixed size; axes of features have one."""
    sizes = [dimension.dim_value for dimension in reduced.shape.dim]
    attributes = {attribute.name: attribute for attribute in node.attribute}
    attribute = attributes.get("axes", attributes.get("axis"))
    axes = None if attribute is None else helper.get_attribute_value(attribute)
    if axes is None and len(node.input) > 1 and node.input[1] in constants:
        axes = numpy_helper.to_array(constants[node.input[1]]).tolist()
    chosen = range(len(sizes)) if axes is None else [axes] if isinstance(axes, int) else axes
    return not sizes or any(sizes[axis] == 0 for axis in chosen)
