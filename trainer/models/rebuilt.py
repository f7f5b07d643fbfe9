"""A model file made a Keras network again: its settings from the card, its weights from the graph.

The graph is the one that ``exporter/convert.py`` writes, whose values have no telling names. So
each weight is found by the operator that reads it. That nothing was misread is proved on the spot:
the network has to score the file's example sentences as the file promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ModelRefused, UsageError
from scorer.model import GOLDEN_TOLERANCE, SentimentModel
from trainer.models.batches import predict
from trainer.models.network import BY_LENGTH, CORRECTION, build_network
from trainer.quiet import keras
from trainer.settings import Settings, SettingValue

# The settings that decide which layers a network has, and of which size.
SHAPE = ("embedding", "units", "bidirectional", "mask", "pooling", "wide_order", "wide_slots")
# Those that have come since, with what the networks of before have.
LATER = {"step_tokens": 1}


def network_settings(stored: Mapping[str, SettingValue]) -> Settings | None:
    """Return the settings that a network was built with; None if it isn't one of ours.

    Args:
        stored: the settings of a run. Those that only concern training may be missing, or be of
            another release.
    """
    stored = LATER | dict(stored)
    known = {one.name: stored[one.name] for one in fields(Settings) if one.name in stored}
    kinds = {name: type(getattr(Settings(), name)) for name in SHAPE}
    if any(type(known.get(name)) is not kind for name, kind in kinds.items()):
        return None
    try:
        return Settings(**known)  # type: ignore[arg-type]  # checked by the settings' limits
    except (UsageError, TypeError):
        return None


def settings_of_file(model: SentimentModel) -> Settings:
    """Return the settings that the network of a model file was built with.

    Raises:
        ModelRefused: they aren't those of a network of ours.
    """
    settings = network_settings(model.card.provenance.settings)
    if settings is None:
        raise ModelRefused(
            f"reading the network of {model.file.name}: its settings are not those of a network "
            "that trainer fit makes; name a model file of such a network"
        )
    return settings


def rebuild_network(model: SentimentModel) -> keras.Model:
    """Return the masked Keras network of a model file.

    Its weights are those of the file, rounded to 8 and 16 bits where the file holds them so.

    Raises:
        ModelRefused: the file's settings aren't those of a network of ours, its graph isn't that of
            such a network, or the network answers otherwise than the file promises.
    """
    settings = settings_of_file(model)
    try:
        network = _filled(settings, len(model.card.tokenizer.words), _Graph.of(model))
    except (ValueError, IndexError, KeyError, StopIteration, TypeError) as error:
        raise ModelRefused(
            f"reading the network of {model.file.name}: its graph is not the one that this "
            "release's exporter writes for its settings; name the run folder that it is from"
        ) from error
    _check_golden(network, model)
    return network


@dataclass(frozen=True)
class _Graph:
    """The graph of a model file, for finding weights by the operators that read them.

    Attributes:
        nodes: in their order.
        constants: the initializers, by name.
    """

    nodes: list[Any]
    constants: Mapping[str, npt.NDArray[Any]]

    @classmethod
    def of(cls, model: SentimentModel) -> _Graph:
        import onnx

        graph = onnx.load_model_from_string(model.file.content).graph
        to_array = onnx.numpy_helper.to_array
        return cls(list(graph.node), {one.name: to_array(one) for one in graph.initializer})

    def all(self, operator: str) -> list[Any]:
        """Return the nodes of an operator."""
        return [node for node in self.nodes if node.op_type == operator]

    def only(self, operator: str) -> Any:
        """Return the only node of an operator; a ValueError if there are others, or none."""
        (node,) = self.all(operator)
        return node

    def reader(self, node: Any, operator: str) -> Any:
        """Return the first node of an operator that reads ``node``; a StopIteration if none."""
        return next(reader for reader in self.readers(node) if reader.op_type == operator)

    def readers(self, node: Any) -> list[Any]:
        """Return the nodes that read the first output of ``node``."""
        return self._readers.get(node.output[0], [])

    def constant(self, node: Any) -> npt.NDArray[Any]:
        """Return the only constant that a node reads."""
        (constant,) = (self.constants[name] for name in node.input if name in self.constants)
        return constant

    def stored(self, name: str) -> npt.NDArray[np.float32]:
        """Return a constant by its name, or the 16-bit one that it is made of."""
        if name not in self.constants:
            (cast,) = (node for node in self.all("Cast") if name in node.output)
            name = cast.input[0]
        return np.asarray(self.constants[name], np.float32)

    @cached_property
    def _readers(self) -> dict[str, list[Any]]:
        readers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        return readers


def _filled(settings: Settings, words: int, graph: _Graph) -> keras.Model:
    """Build the network, and fill each layer with its weights."""
    tables = _integer_tables(graph)
    corrections, lengths = tables[settings.wide_order :], _length_tables(graph)
    network = build_network(
        settings,
        words,
        wide=bool(settings.wide_order),
        corrected=bool(corrections),
        last_length=len(lengths[0]) - 1 if lengths else None,
    )
    network.get_layer("embedding").set_weights([_embedding(graph)])
    network.get_layer("lstm").set_weights(_lstm(graph.only("LSTM"), graph))
    network.get_layer("head").set_weights(_head(graph))
    if settings.wide_order:
        wide = [_wide_table(graph, node) for node in tables[: settings.wide_order]]
        slopes = np.array([slope for _, slope in wide], np.float32)
        network.get_layer("wide").set_weights([*(table for table, _ in wide), slopes])
    if corrections:
        (correction,) = corrections
        table = _in_steps(graph, correction) * _summed_step(graph, correction)
        network.get_layer(CORRECTION).set_weights([table, np.ones(1, np.float32)])
    if lengths:
        network.get_layer(BY_LENGTH).set_weights(lengths)
    return network


def _embedding(graph: _Graph) -> npt.NDArray[np.float32]:
    (vectors,) = (
        table
        for table in map(graph.constant, graph.all("Gather"))
        if table.dtype == np.float16 and table.ndim == 2
    )
    return np.asarray(vectors, np.float32)


def _lstm(node: Any, graph: _Graph) -> list[npt.NDArray[np.float32]]:
    """Return kernel, recurrent kernel and bias of each direction, as Keras has them.

    ONNX has them transposed, with two biases that are added up, and the gates in another order:
    https://onnx.ai/onnx/operators/onnx__LSTM.html
    """
    kernels, recurrent, biases = (graph.stored(name) for name in node.input[1:4])
    weights = []
    for direction in range(len(kernels)):
        bias = np.add(*np.split(biases[direction], 2))
        parts = (kernels[direction], recurrent[direction], bias)
        weights += [_gates(part).T for part in parts]
    return weights


def _gates(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Put the gates, along the first axis, from ONNX' order into that of Keras."""
    to_input, to_output, to_forget, to_cell = np.split(weights, 4)
    return np.concatenate([to_input, to_forget, to_cell, to_output])


def _head(graph: _Graph) -> list[npt.NDArray[np.float32]]:
    node = graph.only("MatMul")
    return [graph.constant(node), graph.constant(graph.reader(node, "Add"))]


def _integer_tables(graph: _Graph) -> list[Any]:
    """Return the nodes that look up weights of words and n-grams: the wide branch's come first."""
    lookups = [node for node in graph.all("Gather") if graph.constant(node).dtype.kind == "i"]
    return [node for node in lookups if graph.constant(node).ndim == 1]


def _length_tables(graph: _Graph) -> list[npt.NDArray[np.float32]]:
    """Return slope and shift by length; nothing if the graph isn't calibrated by length."""
    lookups = [node for node in graph.all("Gather") if graph.constant(node).dtype == np.float32]
    if not lookups:
        return []
    multiplied = [graph.readers(node)[0].op_type == "Mul" for node in lookups]
    return [graph.constant(lookups[multiplied.index(kind)]) for kind in (True, False)]


def _wide_table(graph: _Graph, lookup: Any) -> tuple[npt.NDArray[np.float32], np.float32]:
    """Return a table of the wide branch, and its slope."""
    step = graph.constant(_scaling(graph, _steps(graph, lookup)))
    table = np.asarray(_in_steps(graph, lookup) * step, np.float32)
    return table, np.float32(_summed_step(graph, lookup) / step)


def _in_steps(graph: _Graph, lookup: Any) -> npt.NDArray[np.float32]:
    """Return the weights of a table in steps: the integers, or their signed squares."""
    integers = graph.constant(lookup).astype(np.int32)
    squared = _steps(graph, lookup).op_type == "Mul"
    return np.asarray(integers * np.abs(integers) if squared else integers, np.float32)


def _steps(graph: _Graph, lookup: Any) -> Any:
    """Return the node whose output are the weights at each position, in steps."""
    cast = graph.reader(lookup, "Cast")
    squared = any(reader.op_type == "Abs" for reader in graph.readers(cast))
    return graph.reader(cast, "Mul") if squared else cast


def _scaling(graph: _Graph, node: Any) -> Any:
    """Return the node that multiplies integers by what a step is worth."""
    return graph.reader(graph.reader(node, "Cast"), "Mul")


def _summed_step(graph: _Graph, lookup: Any) -> np.float32:
    """Return what a step is worth in the logit: the step times the slope."""
    total = graph.reader(_steps(graph, lookup), "ReduceSum")
    return np.float32(graph.constant(_scaling(graph, total)))


def _check_golden(network: keras.Model, model: SentimentModel) -> None:
    """Check that the network scores the example sentences as the file promises.

    Raises:
        ModelRefused: it doesn't.
    """
    golden = model.card.golden
    texts = pa.array([one.text for one in golden], pa.large_string())
    scores = predict(network, model.card.tokenizer.encode(texts))
    difference = float(np.max(np.abs(scores - np.array([one.score for one in golden]))))
    if not difference <= GOLDEN_TOLERANCE:
        raise ModelRefused(
            f"reading the network of {model.file.name}: made a Keras network again, it scores the "
            f"file's example sentences {difference:.2g} off what it promises; "
            "name the run folder that it is from"
        )
