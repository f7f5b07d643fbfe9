from __future__ import annotations

import keras
import numpy as np
import pytest
from onnx import TensorProto

from exporter.convert import IR_VERSION, OPSET, network_to_onnx
from exporter.rounding import round_weights
from scorer.insight.shares import Twin
from scorer.modelfile import ModelFile
from scorer.tokenizer import Tokens
from trainer.models.network import build_network
from trainer.settings import preset


def made_up_network(changes: dict[str, object]) -> keras.Model:
    """Return a small network with large random weights, rounded as for a model file."""
    keras.utils.set_random_seed(3)
    wide_order = "wide_order" in changes
    corrected, last_length = bool(changes.get("corrected")), changes.get("last_length")
    layers = ("corrected", "last_length")
    kept = {name: value for name, value in changes.items() if name not in layers}
    settings = preset("default", embedding=7, units=6, **({"wide_order": 0} | kept))
    network = build_network(
        settings, words=50, wide=wide_order, corrected=corrected, last_length=last_length
    )
    rng = np.random.default_rng(0)
    head = network.get_layer("head")
    head.set_weights([rng.normal(0, 2, weight.shape) for weight in head.get_weights()])
    if wide_order:
        rng = np.random.default_rng(1)
        wide = network.get_layer("wide")
        wide.set_weights([rng.normal(0, 1, weight.shape) for weight in wide.get_weights()])
    if corrected:
        correction = network.get_layer("correction")
        table = np.random.default_rng(2).normal(0, 1, 52) * (np.arange(52) > 0)
        correction.set_weights([table, correction.get_weights()[1]])
    if last_length is not None:
        tables = np.random.default_rng(2).uniform(0.3, 2, (2, last_length + 1))
        network.get_layer("by_length").set_weights(list(tables))
    round_weights(network)
    return network


KINDS = {
    "default": {},
    "forward": {"bidirectional": False},
    "last": {"pooling": "last"},
    "article": {"pooling": "last", "bidirectional": False},
    "triples": {"wide_order": 3, "wide_slots": 64},
    "pairs": {"wide_order": 2, "wide_slots": 1 << 16},
    "words": {"wide_order": 1},
    "two tokens a step": {"step_tokens": 2, "wide_order": 3, "wide_slots": 64, "last_length": 12},
    "seven tokens a step, last state": {"step_tokens": 7, "pooling": "last"},
    "three tokens a step, pairs": {"step_tokens": 3, "wide_order": 2, "wide_slots": 64},
    "corrected": {"wide_order": 3, "wide_slots": 64, "corrected": True, "last_length": 12},
    "corrected article": {"pooling": "last", "bidirectional": False, "corrected": True},
    "by length": {"wide_order": 2, "wide_slots": 64, "last_length": 12},
    "by length, no branch": {"pooling": "last", "last_length": 12},
}


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_the_graph_is_one_bound_lstm_and_answers_like_masked_keras(
    changes: dict[str, object],
) -> None:
    import onnxruntime

    network = made_up_network(dict(changes))
    model = network_to_onnx(network)

    operators = [node.op_type for node in model.graph.node]
    assert operators.count("LSTM") == 1
    assert not set(operators) & {"Loop", "Scan", "If", "ReduceMean", "Softmax"}
    # They add up integers, or the conversion would refuse.
    sums = changes.get("wide_order", 0) + changes.get("corrected", False)
    assert operators.count("ReduceSum") == sums
    assert [value.name for value in model.graph.input] == ["token_ids", "lengths"]
    assert [value.name for value in model.graph.output] == ["score"]
    assert model.ir_version == IR_VERSION
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    table = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [52, 7])
    assert table.data_type == TensorProto.FLOAT16

    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 30, 64).astype(np.int32)
    words = rng.integers(1, 52, (64, 30))
    token_ids = np.where(np.arange(30) < lengths[:, None], words, 0).astype(np.int32)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    scores = session.run(["score"], {"token_ids": token_ids, "lengths": lengths})[0]
    assert scores.shape == (64,)
    np.testing.assert_allclose(scores, network.predict_on_batch(token_ids)[:, 0], atol=1e-6)
    alone = []
    for row in range(64):
        unpadded = token_ids[row : row + 1, : lengths[row]]
        feed = {"token_ids": unpadded, "lengths": lengths[row : row + 1]}
        alone.append(session.run(None, feed)[0][0])
    np.testing.assert_array_equal(scores, alone)


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_the_score_of_every_kind_of_network_can_be_explained(changes: dict[str, object]) -> None:
    import onnxruntime

    content = network_to_onnx(made_up_network(dict(changes))).SerializeToString()
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 30, 64)
    ids = rng.integers(1, 52, lengths.sum()).astype(np.int32)
    tokens = Tokens(ids, np.append(0, np.cumsum(lengths)), max_tokens=25)
    shares = Twin(ModelFile("made up", content)).shares(tokens)

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for row in np.flatnonzero(lengths):
        alone = tokens.padded(np.array([row]))
        feed = {"token_ids": alone, "lengths": np.array([alone.shape[1]], np.int32)}
        assert session.run(["score"], feed)[0][0] == shares.scores[row]
    scored = lengths > 0
    np.testing.assert_allclose(shares.sums()[scored], shares.logits[scored], atol=1e-5)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-shares.logits[scored])), shares.scores[scored], atol=1e-6
    )
    assert np.isnan(shares.scores[~scored]).all()
    assert len(shares.tokens) == np.minimum(lengths, 25).sum()
