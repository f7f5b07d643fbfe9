"""From a run folder to a model file: the real road, on a tiny network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper

from exporter import export as export_module
from exporter.convert import IR_VERSION, OPSET, check_graph, convert
from exporter.export import export
from exporter.golden import SENTENCES
from exporter.rounding import round_weights
from exporter.verify import verify
from helpers import left_in, run_command
from scorer import SentimentModel
from scorer.errors import ExportRefused, OutputError, RunFolderError
from tiny import OPTIONS, tiny_reviews, tiny_settings, write_tiny
from trainer.artifact import RunFolder
from trainer.batches import predict
from trainer.network import build_network
from trainer.settings import preset
from trainer.training import fit


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return fit(tiny_reviews(), tiny_settings(), tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="module")
def exported(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny.onnx"
    export(run.path, out)
    return out


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bidirectional": False},
        {"pooling": "last"},
        {"pooling": "last", "bidirectional": False},
        {"wide_order": 3, "wide_slots": 64},
        {"wide_order": 2, "wide_slots": 1 << 16},
        {"wide_order": 1},
    ],
    ids=["default", "forward", "last", "article", "triples", "pairs", "words"],
)
def test_the_graph_is_one_bound_lstm_and_answers_like_masked_keras(changes: dict[str, object]) -> None:
    import onnxruntime

    keras.utils.set_random_seed(3)
    network = build_network(
        preset("default", embedding=7, units=6, **({"wide_order": 0} | changes)), words=50, wide="wide_order" in changes
    )
    network.get_layer("head").set_weights(
        [np.random.default_rng(0).normal(0, 2, weight.shape) for weight in network.get_layer("head").get_weights()]
    )
    if "wide_order" in changes:
        wide = network.get_layer("wide")
        wide.set_weights([np.random.default_rng(1).normal(0, 1, weight.shape) for weight in wide.get_weights()])
    round_weights(network)
    model = convert(network)

    operators = [node.op_type for node in model.graph.node]
    assert operators.count("LSTM") == 1
    assert not set(operators) & {"Loop", "Scan", "If", "ReduceMean", "Softmax"}
    assert operators.count("ReduceSum") == changes.get("wide_order", 0)  # of integers, or the conversion would refuse
    assert [value.name for value in model.graph.input] == ["token_ids", "lengths"]
    assert [value.name for value in model.graph.output] == ["score"]
    assert model.ir_version == IR_VERSION
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    table = next(one for one in model.graph.initializer if list(one.dims) == [52, 7])
    assert table.data_type == TensorProto.FLOAT16

    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 30, 64).astype(np.int32)
    token_ids = np.where(np.arange(30) < lengths[:, None], rng.integers(1, 52, (64, 30)), 0).astype(np.int32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    scores = session.run(["score"], {"token_ids": token_ids, "lengths": lengths})[0]
    assert scores.shape == (64,)
    np.testing.assert_allclose(scores, network.predict_on_batch(token_ids)[:, 0], atol=1e-6)
    alone = [
        session.run(None, {"token_ids": token_ids[row : row + 1, : lengths[row]], "lengths": lengths[row : row + 1]})[0][0]
        for row in range(64)
    ]
    np.testing.assert_array_equal(scores, alone)


def test_a_real_run_becomes_a_model_file_that_the_scorer_reads(run: RunFolder, exported: Path) -> None:
    model = SentimentModel.load(exported)
    assert left_in(exported.parent) == ["tiny.onnx"]
    assert model.card.tokenizer == run.tokenizer
    assert model.card.origin["command"] == run.config["command"]
    assert model.card.figures["held_out"] == run.metrics["held_out"]
    assert [golden.text for golden in model.card.golden] == list(SENTENCES)
    assert model.label(model.score(["A great, lovely film."])[0]) == "positive"
    assert model.label(model.score(["A dull, awful film."])[0]) == "negative"
    network = run.network()
    round_weights(network)
    held_out = run.held_out()
    expected = predict(network, run.tokenizer.encode(held_out.texts))
    np.testing.assert_allclose(model.score(held_out.texts), expected, atol=1e-6)


def test_the_same_run_gives_the_same_bytes(run: RunFolder, exported: Path, tmp_path: Path) -> None:
    assert export(run.path, tmp_path / "again.onnx").sha256 == SentimentModel.load(exported).file.sha256


def test_a_difference_from_keras_is_refused_and_the_worst_named(run: RunFolder, exported: Path) -> None:
    held_out = run.held_out()
    model = SentimentModel.load(exported)
    expected = model.score(held_out.texts)
    assert verify(model, expected, held_out).largest == 0
    expected[7] += 2e-5
    expected[4] += 1e-4
    with pytest.raises(ExportRefused, match=re.escape(f"review 4 ({held_out.texts[4].as_py()[:40]}"[:30].replace("(", "('"))):
        verify(model, expected, held_out)
    expected = model.score(held_out.texts)
    expected[2] = np.nan
    with pytest.raises(ExportRefused, match="review 2"):
        verify(model, expected, held_out)


def test_a_refused_export_writes_nothing(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def off_by_a_little(model: SentimentModel, scores: np.ndarray, reviews: object) -> object:
        return verify(model, scores + np.float32(1e-3), reviews)

    monkeypatch.setattr(export_module, "verify", off_by_a_little)
    with pytest.raises(ExportRefused, match="nothing was written"):
        export(run.path, tmp_path / "model.onnx")
    assert left_in(tmp_path) == []


def test_a_file_that_is_there_is_replaced_only_when_asked(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_text("mine")
    with pytest.raises(OutputError, match="it exists already; add --force"):
        export(run.path, out)
    assert out.read_text() == "mine"
    export(run.path, out, force=True)
    assert SentimentModel.load(out)
    with pytest.raises(OutputError, match="it exists already"):
        export(run.path, tmp_path, force=True)


def test_an_unfinished_run_is_refused(run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run/run.json").unlink()
    with pytest.raises(RunFolderError, match="it holds no finished run"):
        export(tmp_path / "run", tmp_path / "model.onnx")


def graph(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """Return a graph that averages floats, or not, after a bound LSTM."""
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["length", "batch", 2]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    weights = [helper.make_tensor(name, TensorProto.FLOAT, [1, 12, wide], [0.1] * 12 * wide) for name, wide in (("w", 2), ("r", 3))]
    lstm = helper.make_node("LSTM", ["x", "w", "r", "", "lengths"], ["y"], hidden_size=3)
    output = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["a", "b", "c", "d"])
    made = helper.make_graph([lstm, *nodes], "g", inputs, [output], weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (helper.make_node("ReduceMean", ["y"], ["score"], axes=[0]), "ReduceMean adds up floats over padded time"),
        (helper.make_node("ReduceL2", ["y"], ["score"]), "ReduceL2 adds up floats"),
        (helper.make_node("Softmax", ["y"], ["score"], axis=0), "Softmax adds up floats"),
        (helper.make_node("ReduceMax", ["y"], ["score"], axes=[0]), None),
        (helper.make_node("ReduceMean", ["y"], ["score"], axes=[3]), None),
        (helper.make_node("LSTM", ["x", "w", "r"], ["score"], hidden_size=3), "2 LSTM operators came out"),
    ],
)
def test_a_graph_whose_last_bits_would_depend_on_padding_is_refused(node: onnx.NodeProto, message: str | None) -> None:
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


def test_three_commands_lead_from_reviews_to_scores(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet")
    run_dir, model, scored = tmp_path / "run", tmp_path / "m/model.onnx", tmp_path / "scored.parquet"
    trained = run_command("trainer", "fit", data, "--out", run_dir, *OPTIONS)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.splitlines()[0].split() == ["held", "out"]
    assert trained.stdout.splitlines()[1].split() == ["reviews", "30"]
    assert "epoch 3: loss " in trained.stderr
    converted = run_command("exporter", "convert", run_dir, model)
    assert converted.returncode == 0, converted.stderr
    assert "from Keras on 30 held-out reviews" in converted.stdout
    done = run_command("scorer", "run", data, scored, "--model", model)
    assert done.returncode == 0, done.stderr
    table = pq.read_table(scored)
    right = [
        ("negative", "positive")[label] == sentiment
        for label, sentiment in zip(table["label"].to_pylist(), table["sentiment"].to_pylist(), strict=True)
    ]
    assert sum(right) / len(right) > 0.8
    taken = run_command("exporter", "convert", run_dir, model)
    assert (taken.returncode, taken.stdout) == (3, "")
    assert taken.stderr == f"Error: exporting to {model}: it exists already; add --force to replace a file, or name another\n"


def test_wrong_data_is_one_sentence_on_the_command_line_too(tmp_path: Path) -> None:
    done = run_command("trainer", "fit", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert (done.returncode, done.stderr) == (2, f"Error: reading reviews: {tmp_path}/none.csv does not exist\n")
    done = run_command("trainer", "fit", tmp_path / "none.csv", "--out", tmp_path / "run", "--epochs", 0)
    assert (done.returncode, done.stderr) == (2, "Error: --epochs is 0; it must be at least 1\n")
    done = run_command("exporter", "convert", tmp_path / "none", tmp_path / "model.onnx")
    assert (done.returncode, done.stderr) == (3, f"Error: opening the run folder {tmp_path}/none: it does not exist\n")
    assert left_in(tmp_path) == []
