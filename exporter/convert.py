"""Keras to ONNX: the masked network's answers at the speed of the fused LSTM operator.

A masked Keras LSTM goes through tf2onnx as a slow ``Loop``; without its mask it goes through as the ``LSTM``
operator. So the layers are called again without the mask (the *twin*), and the row lengths are bound to the operator's
``sequence_lens``, which means what the mask means: https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.nodes import Nodes
from exporter.rounding import has_layer
from exporter.wide import OUTPUT, WEIGHTS, WideNodes
from scorer.errors import ExportRefused

# Read by onnxruntime 1.14 and later; the oldest that the base install allows is newer.
OPSET = 17
IR_VERSION = 8

# The ids with time first, as the operator reads.
BY_TIME = "token_ids/by_time"

LOOPS = {"Loop", "Scan", "If", "SequenceMap"}
FLOAT_REDUCTIONS = {
    "ReduceSum", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
    "ReduceSumSquare", "Softmax", "LogSoftmax", "Attention", "MultiHeadAttention",
    "AveragePool", "GlobalAveragePool", "LpPool", "GlobalLpPool", "Einsum",
}  # fmt: skip
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}


def convert(network: Any) -> onnx.ModelProto:
    """Return the ONNX graph of a network made by ``trainer.network``.

    Inputs ``token_ids: int32[batch, length]`` and ``lengths: int32[batch]``; output ``score: float32[batch]``.

    Args:
        network: the masked ``keras.Model``, its weights already rounded.

    Raises:
        ExportRefused: the graph isn't the one that the scorer may run.
    """
    model = _through_tf2onnx(network)
    _read_by_time(model.graph, network)
    _bind_lengths(model.graph)
    if has_layer(network, "pooling"):
        _read_largest_states(model.graph)
    else:
        _read_final_states(model.graph)
    model.ir_version = IR_VERSION
    model = _tidy(model)
    check_graph(model)
    return model


def check_graph(model: onnx.ModelProto) -> None:
    """Refuse a graph that isn't fast, or whose last bits would depend on padding or batch.

    Raises:
        ExportRefused: there isn't exactly one LSTM operator with lengths, or there is a loop, or a reduction of
            floats over the time axis; the message names it.
    """
    onnx.checker.check_model(model, full_check=True)
    lstm = _only(model.graph, "LSTM")
    if len(lstm.input) < 5 or lstm.input[4] != "lengths":
        raise ExportRefused("converting the network: the LSTM operator isn't bound to the lengths")
    loops = sorted({node.op_type for node in model.graph.node} & LOOPS)
    if loops:
        raise ExportRefused(f"converting the network: {loops[0]} came out, which is slow; check the tf2onnx version")
    reductions = _float_reductions_over_time(model)
    if reductions:
        raise ExportRefused(
            f"converting the network: {reductions[0]} adds up floats over padded time, so that a score would depend on its batch; "
            "use max-pooling or sums of integers"
        )


def _through_tf2onnx(network: Any) -> onnx.ModelProto:
    try:
        import tensorflow as tf
        import tf2onnx
    except ModuleNotFoundError as error:
        raise ExportRefused(
            f"converting the network: {error.name} is missing; install it with: pip install 'review-sentiment[train]'"
        ) from error

    signature = [tf.TensorSpec([None, None, _features_read(network)], tf.float32), tf.TensorSpec([None], tf.int32, name="lengths")]
    if has_layer(network, "wide"):
        signature.append(tf.TensorSpec([None], tf.float32, name=OUTPUT))
    twin = tf.function(lambda *inputs: {"score": unmasked(network, *inputs)}, input_signature=signature)
    model: onnx.ModelProto = tf2onnx.convert.from_function(twin, input_signature=signature, opset=OPSET)[0]
    return model


def unmasked(network: Any, read: Any, lengths: Any, wide: Any = 0.0) -> Any:
    """Call the layers of ``network`` from the LSTM on without a mask: ``float32[batch]`` scores.

    ``read`` is ``float32[batch, length, features]``, what the LSTM reads, and ``wide`` the logit of the wide branch: both are built by
    hand, in the operator's order. ``lengths`` is an input that the graph gets a use for later.

    Past a row's end the LSTM's states are wrong here. Nothing reads them: in the ONNX graph the operator never computes them, and
    what becomes of its states is not left to tf2onnx.
    """
    from keras import ops

    states = network.get_layer("lstm")(read)
    if has_layer(network, "pooling"):
        states = network.get_layer("pooling")(states)
    return ops.sigmoid(ops.squeeze(network.get_layer("head")(states), -1) + wide)


def _features_read(network: Any) -> int:
    order = network.get_layer("wide").order if has_layer(network, "wide") else 0
    return int(network.get_layer("embedding").output_dim) + order


def _read_by_time(graph: onnx.GraphProto, network: Any) -> None:
    """Feed the LSTM in its own order, time first: the vectors of the words, stored in 16 bits, and the weights of the wide branch."""
    nodes = Nodes("read/")
    nodes.add("Transpose", "token_ids", output=BY_TIME, perm=[1, 0])
    (vectors,) = network.get_layer("embedding").get_weights()
    read = nodes.add("Cast", nodes.add("Gather", nodes.constant(vectors.astype(np.float16)), BY_TIME), to=TensorProto.FLOAT)
    parts = [nodes]
    if has_layer(network, "wide"):
        parts.append(WideNodes(network, BY_TIME))
        behind = Nodes("lstm/")
        read = behind.add("Concat", read, WEIGHTS, axis=2)
        parts.append(behind)
    _only(graph, "LSTM").input[0] = read
    kept = list(graph.node)
    del graph.node[:]
    for part in parts:
        graph.node.extend(part.nodes)
        graph.initializer.extend(part.constants)
    graph.node.extend(kept)


def _only(graph: onnx.GraphProto, operator: str) -> onnx.NodeProto:
    found = [node for node in graph.node if node.op_type == operator]
    if len(found) != 1:
        raise ExportRefused(f"converting the network: {len(found)} {operator} operators came out instead of one; check the tf2onnx version")
    only: onnx.NodeProto = found[0]
    return only


def _bind_lengths(graph: onnx.GraphProto) -> None:
    lstm = _only(graph, "LSTM")
    inputs = [*lstm.input, "", "", "", "", ""][:8]
    # The initial states are zeros, which is what the operator starts from by itself.
    inputs[4:7] = ["lengths", "", ""]
    while inputs and not inputs[-1]:
        inputs.pop()
    del lstm.input[:]
    lstm.input.extend(inputs)


def _read_largest_states(graph: onnx.GraphProto) -> None:
    """Feed the head with the largest of each row's states, as ``MaskedMaxPooling`` does, in the order in which the operator writes them.

    Past a row's end it writes zeros; one less there is -1, below which no state can be.
    """
    states = _only(graph, "LSTM").output[0]  # float32[length, directions, batch, hidden]
    constants = {"pool/one": np.int32(1), "pool/axes": np.array([1, 3], np.int64)}
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    nodes = [
        helper.make_node("Min", [BY_TIME, "pool/one"], ["pool/is_token"]),  # ids of tokens are above 0, that of padding is 0
        helper.make_node("Sub", ["pool/is_token", "pool/one"], ["pool/less"]),
        helper.make_node("Cast", ["pool/less"], ["pool/less_float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["pool/less_float", "pool/axes"], ["pool/penalty"]),
        helper.make_node("Add", [states, "pool/penalty"], ["pool/states"]),
        helper.make_node("ReduceMax", ["pool/states"], ["pool/largest"], axes=[0], keepdims=0),
    ]
    _feed_head(graph, nodes, "pool/largest")


def _read_final_states(graph: onnx.GraphProto) -> None:
    """Feed the head with the operator's final states, which stand at each row's end; TensorFlow's are those at the padding's."""
    _feed_head(graph, [], _only(graph, "LSTM").output[1])


def _feed_head(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], states: str) -> None:
    """Put nodes in front of the head, and feed it with ``states``, ``float32[directions, batch, hidden]``."""
    head = _only(graph, "MatMul")
    shape = numpy_helper.from_array(np.array([0, -1], np.int64), "head/shape")
    graph.initializer.append(shape)
    nodes = [
        *nodes,
        helper.make_node("Transpose", [states], ["head/by_row"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["head/by_row", shape.name], ["head/states"]),
    ]
    place = list(graph.node).index(head)
    for node in reversed(nodes):
        graph.node.insert(place, node)
    head.input[0] = "head/states"


def _tidy(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what nothing reads any more, name the axes, forget inferred shapes that no longer hold, number the names.

    tf2onnx numbers its names on from the last conversion; numbered here, the same run gives the same bytes.
    """
    graph = model.graph
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
    kept.reverse()
    initializers = [one for one in graph.initializer if one.name in needed]
    _number_names(kept, initializers)
    int32, float32 = TensorProto.INT32, TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("token_ids", int32, ["batch", "length"]),
        helper.make_tensor_value_info("lengths", int32, ["batch"]),
    ]
    outputs = [helper.make_tensor_value_info("score", float32, ["batch"])]
    tidied = helper.make_graph(kept, "sentiment", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(tidied, opset_imports=opsets, ir_version=IR_VERSION, producer_name="review-sentiment")


def _number_names(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto]) -> None:
    names = {"": "", "token_ids": "token_ids", "lengths": "lengths", "score": "score"}
    read = [name for node in nodes for name in node.input]
    initializers.sort(key=lambda one: read.index(one.name))
    for place, one in enumerate(initializers):
        one.name = names.setdefault(one.name, f"constant_{place}")
    for place, node in enumerate(nodes):
        node.name = f"{node.op_type}_{place}"
        for at, output in enumerate(node.output):
            node.output[at] = names.setdefault(output, f"{node.name}:{at}")
        for at, name in enumerate(node.input):
            node.input[at] = names[name]


def _float_reductions_over_time(model: onnx.ModelProto) -> list[str]:
    """Return the nodes that reduce floats over an axis whose size isn't fixed in the graph: the padded time axis."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    known = {value.name: value.type.tensor_type for value in [*inferred.value_info, *inferred.input, *inferred.output]}
    constants = {one.name: one for one in inferred.initializer}
    found = []
    for node in inferred.node:
        if node.op_type not in FLOAT_REDUCTIONS:
            continue
        kind = known.get(node.input[0])
        if kind is None or (kind.elem_type in FLOATS and _may_span_time(node, kind, constants)):
            found.append(f"{node.op_type} {node.name}".strip())
    return found


def _may_span_time(node: onnx.NodeProto, kind: Any, constants: dict[str, onnx.TensorProto]) -> bool:
    """Whether a reduced axis may be time: one whose size isn't fixed in the graph, as those of features are."""
    sizes = [dim.dim_value for dim in kind.shape.dim]
    axes = next((helper.get_attribute_value(one) for one in node.attribute if one.name in ("axes", "axis")), None)
    if axes is None and len(node.input) > 1 and node.input[1] in constants:
        axes = numpy_helper.to_array(constants[node.input[1]]).tolist()
    chosen = range(len(sizes)) if axes is None else [axes] if isinstance(axes, int) else axes
    return not sizes or any(sizes[axis] == 0 for axis in chosen)
