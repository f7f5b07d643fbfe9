"""Keras to ONNX: the scores of the masked network at the speed of the fused LSTM operator.

tf2onnx turns a masked Keras LSTM into a slow ``Loop``, and an unmasked one into the ``LSTM``
operator. So the layers are converted without the mask, and the row lengths are bound to the
operator's input ``sequence_lens``, which means what the mask means:
https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.errors import ExportRefused
from exporter.graph_check import SEQUENCE_LENS, check_graph, only_node
from exporter.length_nodes import SHIFT, SLOPE, length_nodes
from exporter.nodes import Nodes
from exporter.rounding import has_layer, wide_branches
from exporter.step_nodes import StepNodes
from exporter.wide_nodes import WideNodes

# onnxruntime reads both since 1.14; the base install requires a later one.
OPSET = 17
IR_VERSION = 8

# The token ids with time as the first axis, as the LSTM operator reads: int32[length, batch].
BY_TIME = "token_ids/by_time"

# The index of the LSTM operator's input ``W``.
KERNELS = 1


def network_to_onnx(network: Any) -> onnx.ModelProto:
    """Return the ONNX graph of a network that the trainer made.

    Inputs ``token_ids: int32[batch, length]``, padded at the end with 0, and
    ``lengths: int32[batch]``; output ``score: float32[batch]``, the probability of positive.

    Args:
        network: the masked ``keras.Model``, its weights already rounded.

    Raises:
        ExportRefused: the graph breaks a rule of :mod:`exporter.graph_check`.
    """
    graph = _convert_unmasked(network).graph
    read = _feed_lstm(graph, network)
    _bind_lengths(graph, read.lengths)
    _store_kernels_in_16_bits(graph)
    if has_layer(network, "by_length"):
        _insert(graph, 0, length_nodes(network))
    if has_layer(network, "pooling"):
        _read_largest_states(graph, read.firsts)
    else:
        _read_final_states(graph)
    model = _tidied(graph)
    check_graph(model)
    return model


def _convert_unmasked(network: Any) -> onnx.ModelProto:
    """Return what tf2onnx makes of the layers from the LSTM on."""
    try:
        import tensorflow as tf
        import tf2onnx
    except ModuleNotFoundError as error:
        raise ExportRefused(
            f"converting the network: {error.name} is missing; "
            "install it with: pip install 'review-sentiment[train]'"
        ) from error

    from trainer.quiet import keras

    if keras.config.backend() != "tensorflow":
        raise ExportRefused(
            f"converting the network: Keras was started with the backend {keras.config.backend()}, "
            "and the graph is made by tensorflow; export in a process of its own"
        )
    features = tf.TensorSpec([None, None, _lstm_features(network)], tf.float32)
    signature = [features, tf.TensorSpec([None], tf.int32, name="lengths")]
    names = _names_by_row(network)
    signature += [tf.TensorSpec([None], tf.float32, name=name) for name in names]
    unmasked = tf.function(
        lambda features, lengths, *by_row: {
            "score": _score_unmasked(network, features, dict(zip(names, by_row, strict=True)))
        },
        input_signature=signature,
    )
    model: onnx.ModelProto = tf2onnx.convert.from_function(
        unmasked, input_signature=signature, opset=OPSET
    )[0]
    return model


def _names_by_row(network: Any) -> list[str]:
    """Return the names of what nodes built by hand give for each row: ``float32[batch]``."""
    wide = [branch.name for branch in wide_branches(network)]
    return wide + ([SLOPE, SHIFT] if has_layer(network, "by_length") else [])


def _score_unmasked(network: Any, features: Any, by_row: Mapping[str, Any]) -> Any:
    """Call the layers of ``network`` from the LSTM on, without a mask.

    The LSTM's states past a row's end are wrong here. Nothing reads them: the ONNX operator knows
    the lengths and doesn't compute them, and the nodes that read its states are built by hand.

    Args:
        network: the masked ``keras.Model``.
        features: ``float32[batch, length, features]``, the LSTM's input.
        by_row: ``float32[batch]`` by name: what is added to the logit, what calibrates it.

    Returns:
        ``float32[batch]``, the probability of positive.
    """
    from trainer.quiet import ops

    states = network.get_layer("lstm")(features)
    if has_layer(network, "pooling"):
        states = network.get_layer("pooling")(states)
    logit = ops.squeeze(network.get_layer("head")(states), -1)
    for branch in wide_branches(network):
        logit = logit + by_row[branch.name]
    if SLOPE in by_row:
        logit = logit * by_row[SLOPE] + by_row[SHIFT]
    return ops.sigmoid(logit)


def _lstm_features(network: Any) -> int:
    order = network.get_layer("wide").order if has_layer(network, "wide") else 0
    each = int(network.get_layer("embedding").output_dim) + order
    return each * _step_tokens(network)


def _step_tokens(network: Any) -> int:
    return int(network.get_layer("steps").tokens) if has_layer(network, "steps") else 1


@dataclass(frozen=True)
class _Read:
    """What the LSTM reads, by the names of the values.

    Attributes:
        token_ids: ``int32[length, batch]``; with several tokens a step
            ``int32[steps, batch, tokens]``.
        lengths: ``int32[batch]``, the number of tokens, or of steps.
        columns: the weights of each order, in the shape of the token ids.
        firsts: ``int32[steps, batch]``, the first token id of each step: 0 past a row's end.
    """

    token_ids: str
    lengths: str
    columns: list[str]
    firsts: str


def _feed_lstm(graph: onnx.GraphProto, network: Any) -> _Read:
    """Feed the LSTM with 16-bit word vectors and the weights of the wide branch, time first.

    The correction of an adapted network is only added to the logit.
    """
    by_time = Nodes()
    by_time.add("Transpose", "token_ids", output=BY_TIME, perm=[1, 0])
    wide = {branch.name: WideNodes(branch, BY_TIME) for branch in wide_branches(network)}
    columns = wide["wide"].columns if "wide" in wide else []
    parts: list[Nodes] = [by_time, *wide.values()]
    read = _Read(BY_TIME, "lengths", columns, BY_TIME)
    if has_layer(network, "steps"):
        steps = StepNodes(_step_tokens(network), BY_TIME, columns)
        read = _Read(steps.token_ids, steps.lengths, steps.columns, steps.firsts)
        parts.append(steps)
    features = _features(network, read)
    only_node(graph, "LSTM").input[0] = features.nodes[-1].output[0]
    for part in reversed([*parts, features]):
        _insert(graph, 0, part)
    return read


def _features(network: Any, read: _Read) -> Nodes:
    """Return the nodes whose last gives ``float32[steps, batch, features]``: the LSTM's input."""
    nodes = Nodes("features/")
    (vectors,) = network.get_layer("embedding").get_weights()
    rows = nodes.add("Gather", nodes.constant(vectors.astype(np.float16)), read.token_ids)
    joined = nodes.add("Cast", rows, to=TensorProto.FLOAT)
    if read.columns:
        last = nodes.int64(-1)
        each = [nodes.add("Unsqueeze", column, last) for column in read.columns]
        joined = nodes.add("Concat", joined, *each, axis=-1)
    if has_layer(network, "steps"):
        nodes.add("Reshape", joined, nodes.constant(np.array([0, 0, -1], np.int64)))
    return nodes


def _bind_lengths(graph: onnx.GraphProto, lengths: str) -> None:
    """Give the LSTM operator the lengths, and no initial states: it starts from zeros by itself."""
    lstm = only_node(graph, "LSTM")
    weights = list(lstm.input)[:SEQUENCE_LENS]
    weights += [""] * (SEQUENCE_LENS - len(weights))
    del lstm.input[:]
    lstm.input.extend([*weights, lengths])


def _store_kernels_in_16_bits(graph: onnx.GraphProto) -> None:
    """Keep what the LSTM multiplies its inputs by as 16-bit floats, which they are rounded to.

    onnxruntime makes 32 bits of them once, when it loads the model: it folds constants.
    """
    lstm, nodes = only_node(graph, "LSTM"), Nodes("kernel/")
    (stored,) = (one for one in graph.initializer if one.name == lstm.input[KERNELS])
    kernels = numpy_helper.to_array(stored).astype(np.float16)
    lstm.input[KERNELS] = nodes.add("Cast", nodes.constant(kernels), to=TensorProto.FLOAT)
    _insert(graph, 0, nodes)


def _read_largest_states(graph: onnx.GraphProto, firsts: str) -> None:
    """Feed the head with the largest of each row's states, as ``MaskedMaxPooling`` does.

    ``firsts`` names the first id of each step of the LSTM, ``int32[steps, batch]``.
    The operator's states are ``float32[length, directions, batch, hidden]``, and 0 past a row's
    end. There 1 is subtracted: no state is below -1.
    """
    nodes = Nodes("pool/")
    one = nodes.constant(np.int32(1))
    # Padding has the id 0, tokens have larger ones: the penalty is -1 past the end, 0 elsewhere.
    penalty = nodes.add("Sub", nodes.add("Min", firsts, one), one)
    penalty = nodes.add("Cast", penalty, to=TensorProto.FLOAT)
    penalty = nodes.add("Unsqueeze", penalty, nodes.constant(np.array([1, 3], np.int64)))
    states = nodes.add("Add", only_node(graph, "LSTM").output[0], penalty)
    _feed_head(graph, nodes, nodes.add("ReduceMax", states, axes=[0], keepdims=0))


def _read_final_states(graph: onnx.GraphProto) -> None:
    """Feed the head with the operator's final states, those at each row's end.

    tf2onnx gives it the states of the last time step, which may be padding.
    """
    _feed_head(graph, Nodes("final/"), only_node(graph, "LSTM").output[1])


def _feed_head(graph: onnx.GraphProto, nodes: Nodes, states: str) -> None:
    """Feed the head with ``states``, the output of ``nodes`` or of the LSTM.

    Shapes: ``float32[directions, batch, hidden]`` → ``float32[batch, directions * hidden]``.
    """
    head = only_node(graph, "MatMul")
    by_row = nodes.add("Transpose", states, perm=[1, 0, 2])
    shape = nodes.constant(np.array([0, -1], np.int64))
    head.input[0] = nodes.add("Reshape", by_row, shape)
    _insert(graph, list(graph.node).index(head), nodes)


def _insert(graph: onnx.GraphProto, index: int, part: Nodes) -> None:
    """Put nodes in front of the node at ``index``: ONNX wants a value made before it is read."""
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes[:index], *part.nodes, *nodes[index:]])
    graph.initializer.extend(part.constants)


def _tidied(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Return a model of the nodes that the score needs, with new names and no inferred shapes.

    The shapes that tf2onnx inferred no longer hold.
    """
    nodes, used = _nodes_in_use(graph)
    initializers = [initializer for initializer in graph.initializer if initializer.name in used]
    _number_names(nodes, initializers)
    inputs = [
        helper.make_tensor_value_info("token_ids", TensorProto.INT32, ["batch", "length"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch"])]
    return helper.make_model(
        helper.make_graph(nodes, "sentiment", inputs, outputs, initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="review-sentiment",
    )


def _nodes_in_use(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], set[str]]:
    """Return the nodes that the output depends on, and the names of all values that they read."""
    used = {output.name for output in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if used & set(node.output):
            nodes.append(node)
            used.update(node.input)
    return nodes[::-1], used


def _number_names(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto]) -> None:
    """Name values and nodes by their index, and sort initializers by their first use.

    The names that tf2onnx makes depend on what else the process has converted; with these, the same
    run gives the same bytes.
    """
    names = {name: name for name in ("", "token_ids", "lengths", "score")}
    inputs = [name for node in nodes for name in node.input]
    initializers.sort(key=lambda initializer: inputs.index(initializer.name))
    for index, initializer in enumerate(initializers):
        initializer.name = names.setdefault(initializer.name, f"constant_{index}")
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type}_{index}"
        for position, output in enumerate(node.output):
            node.output[position] = names.setdefault(output, f"{node.name}:{position}")
        for position, name in enumerate(node.input):
            node.input[position] = names[name]
