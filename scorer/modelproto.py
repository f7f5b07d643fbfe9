"""What stands in the bytes of an ONNX file, read without the ``onnx`` package.

Three things are asked: whether a tensor's data lie outside the file; which node gives which value;
and for bytes of the same graph that gives further values.

ONNX lets a tensor name a file beside the model ("external data"), and onnxruntime reads it, from
the working folder if the model is given as bytes. What lies there decides the scores then, and no
hash of the model file says what it was. So the bytes are read as the protocol buffers that they
are: only the messages that a tensor can hide in, and of a tensor only what says where its data lie.

Wire format: https://protobuf.dev/programming-guides/encoding/. Field numbers:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scorer.errors import ModelRefused

VARINT, FIXED64, MESSAGE, FIXED32 = 0, 1, 2, 5

# Which fields of a message lead to a tensor, and as what. A message that stands several times is
# merged by its readers; here each part is looked at.
FIELDS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse",
    },
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    "sparse": {1: "tensor", 2: "tensor"},
}  # fmt: skip

GRAPH, GRAPH_NODE, GRAPH_OUTPUT, OUTPUT_NAME = 7, 1, 12, 1
NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR = 1, 2, 4
TENSOR_NAME, EXTERNAL_DATA, DATA_LOCATION = 8, 13, 14

LARGEST_VARINT = 10  # bytes
LARGEST_KEY = (1 << 32) - 1
SHOWN_NAME = 80


class ProtoError(ValueError):
    """Bytes that are not a protocol buffer."""


def refuse_external_data(content: bytes, name: str) -> None:
    """Check that all tensors of an ONNX file lie in the file.

    Args:
        content: the bytes of the file.
        name: of the file, for messages.

    Raises:
        ModelRefused: a tensor lies elsewhere, or the bytes are not an ONNX file.
    """
    try:
        tensor = next(external_tensors(content), None)
    except ProtoError as error:
        raise ModelRefused(
            f"reading the model {name}: its graph can't be read, {error}; export it again"
        ) from error
    if tensor is not None:
        raise ModelRefused(
            f"reading the model {name}: the data of its tensor {tensor[:SHOWN_NAME]!r} lie outside "
            "the file, where no hash covers them; export it again as one file"
        )


def external_tensors(content: bytes) -> Iterator[str]:
    """Find tensors whose data lie in another file.

    Graphs within attributes, functions and training information are searched, too. A tensor counts
    if it names a location, or says that its data aren't here.

    Yields:
        their names.

    Raises:
        ProtoError: the bytes are not a protocol buffer.

    >>> list(external_tensors(bytes.fromhex("3a07 2a05 420177 7001")))
    ['w']
    """
    todo = [("model", 0, len(content))]
    while todo:
        kind, start, stop = todo.pop()
        if kind == "tensor":
            name, is_external = _tensor(content, start, stop)
            if is_external:
                yield name
            continue
        inner = FIELDS[kind]
        for number, wire, value, end in read_fields(content, start, stop):
            if wire == MESSAGE and number in inner:
                todo.append((inner[number], value, end))


def _tensor(content: bytes, start: int, stop: int) -> tuple[str, bool]:
    name, is_external = "", False
    for number, wire, value, end in read_fields(content, start, stop):
        if (number, wire) == (TENSOR_NAME, MESSAGE):
            name = content[value:end].decode("utf-8", "replace")
        elif (number, wire) == (DATA_LOCATION, VARINT):
            is_external |= value != 0
        elif (number, wire) == (EXTERNAL_DATA, MESSAGE):
            is_external = True
    return name, is_external


def read_fields(content: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Read the fields of one message.

    Yields:
        number, wire type, value (of a message or string: its first offset), and end offset.
    """
    while start < stop:
        key, start = _varint(content, start, stop)
        number, wire = key >> 3, key & 7
        if not number or key > LARGEST_KEY:
            raise ProtoError(f"a field at byte {start} has the number {number}")
        if wire == VARINT:
            value, end = _varint(content, start, stop)
        elif wire == MESSAGE:
            length, value = _varint(content, start, stop)
            end = value + length
        elif wire in (FIXED32, FIXED64):
            value, end = start, start + (4 if wire == FIXED32 else 8)
        else:
            raise ProtoError(f"a field at byte {start} is of the wire type {wire}")
        if end > stop:
            raise ProtoError(f"a field at byte {start} goes beyond its end")
        yield number, wire, value, end
        start = end


def _varint(content: bytes, start: int, stop: int) -> tuple[int, int]:
    value = 0
    for place, offset in enumerate(range(start, min(stop, start + LARGEST_VARINT))):
        byte = content[offset]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, offset + 1
    raise ProtoError(f"a number at byte {start} doesn't end")


@dataclass(frozen=True)
class Node:
    """A node of a graph.

    Attributes:
        operator: what it computes, as in ``"LSTM"``.
        inputs: names of the values that it reads; an input that is left out has an empty one.
        outputs: names of the values that it gives.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_nodes(content: bytes) -> list[Node]:
    """Return the nodes of a model's graph, in order; not those of graphs within attributes.

    Raises:
        ProtoError: the bytes are not a protocol buffer.

    >>> read_nodes(bytes.fromhex("3a0d 0a0b 0a0161 120162 2203416273"))
    [Node(operator='Abs', inputs=('a',), outputs=('b',))]
    """
    return [
        _node(content, *node)
        for graph in _messages(content, GRAPH, 0, len(content))
        for node in _messages(content, GRAPH_NODE, *graph)
    ]


def _node(content: bytes, start: int, stop: int) -> Node:
    strings: dict[int, list[str]] = {NODE_INPUT: [], NODE_OUTPUT: [], NODE_OPERATOR: []}
    for number, found in strings.items():
        for first, last in _messages(content, number, start, stop):
            found.append(content[first:last].decode("utf-8", "replace"))
    inputs, outputs, operators = strings.values()
    return Node("".join(operators[-1:]), tuple(inputs), tuple(outputs))


def _messages(content: bytes, wanted: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield where each message or string under a field's number begins and ends."""
    for number, wire, value, end in read_fields(content, start, stop):
        if (number, wire) == (wanted, MESSAGE):
            yield value, end


def with_outputs(content: bytes, names: Iterable[str]) -> bytes:
    """Return bytes of the same model whose graph gives further values.

    A few bytes more at the end are enough: a message that stands several times is merged.

    Args:
        content: of the model.
        names: of values of its graph.
    """
    outputs = (_message(GRAPH_OUTPUT, _message(OUTPUT_NAME, name.encode())) for name in names)
    return content + _message(GRAPH, b"".join(outputs))


def _message(number: int, content: bytes) -> bytes:
    return _as_varint(number << 3 | MESSAGE) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])
