"""From a model file to an adapted one: the network rebuilt, adapted, exported, scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest

from exporter.bundle import bundle
from exporter.convert import network_to_onnx
from exporter.export import export_run
from exporter.gate import Gate
from exporter.golden import score_sentences
from exporter.rounding import round_weights
from helpers import run_command
from scorer import SentimentModel
from scorer.card import Card
from scorer.errors import ModelRefused
from scorer.tokenizer import PAD_ID
from tiny import SETTINGS, tiny_reviews, turned_reviews, write_labelled
from trainer.fit.adapt import adapt
from trainer.fit.base import open_base
from trainer.measure.evaluation import evaluate
from trainer.models.network import build_network
from trainer.models.rebuilt import rebuild_network
from trainer.run.folder import RunFolder
from trainer.settings import preset


@pytest.fixture(scope="module")
def adapted(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("adapted") / "run"
    return adapt(open_base(exported), turned_reviews(), 0.2, out)


@pytest.fixture(scope="module")
def adapted_file(
    adapted: RunFolder, exported: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("models") / "adapted.onnx"
    return export_run(adapted.path, out, gate=Gate(at_least=0.9, not_worse_than=exported)).path


def assert_same_weights(found: keras.Model, expected: keras.Model) -> None:
    assert [layer.name for layer in found.layers] == [layer.name for layer in expected.layers]
    for layer in expected.layers:
        pairs = zip(found.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_a_network_rebuilt_from_its_file_is_the_one_of_its_run(
    run: RunFolder, exported: Path
) -> None:
    network = run.network()
    round_weights(network)
    assert_same_weights(rebuild_network(SentimentModel.load(exported)), network)


def as_file(network: keras.Model, card: Card, settings: dict[str, Any]) -> SentimentModel:
    """Return the model file of a network, with the card of another."""
    golden = score_sentences(network, card.tokenizer)
    provenance = replace(card.provenance, settings=settings)
    made = replace(card, golden=golden, provenance=provenance)
    return SentimentModel(bundle(network_to_onnx(network), made))


@pytest.mark.parametrize(
    "changes",
    [
        {"wide_order": 0},
        {"wide_order": 0, "bidirectional": False, "pooling": "last"},
        {"wide_order": 1},
        {"wide_order": 2, "bidirectional": False},
        {"wide_order": 1, "step_tokens": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "more", [{}, {"corrected": True}, {"corrected": True, "last_length": 9}, {"last_length": 9}]
)
def test_every_form_of_the_network_is_rebuilt(
    changes: dict[str, Any], more: dict[str, Any], exported: Path
) -> None:
    keras.utils.set_random_seed(1)
    card = SentimentModel.load(exported).card
    settings = preset("default", **(SETTINGS | changes))
    wide = bool(settings.wide_order)
    words = len(card.tokenizer.words)
    network = build_network(settings, words, wide=wide, **more)
    rng = np.random.default_rng(2)
    for layer in network.layers:
        layer.set_weights([rng.normal(0, 0.5, one.shape) for one in layer.get_weights()])
        if hasattr(layer, "tables"):
            tables = [one * (np.arange(len(one)) != PAD_ID) for one in layer.get_weights()[:-1]]
            # The slope of the correction is 1, as adapted networks have it.
            layer.set_weights([*tables, np.ones(len(tables))])
    round_weights(network)
    model = as_file(network, card, settings.to_dict())
    assert_same_weights(rebuild_network(model), network)


@pytest.mark.parametrize("name", ["default", "fast"])
def test_a_model_that_ships_is_rebuilt(name: str) -> None:
    base = open_base(Path(name))
    texts = tiny_reviews(50).texts
    expected = SentimentModel.load(name).score(texts)
    np.testing.assert_allclose(base.predict(texts), expected, atol=1e-6)
    assert base.described.name == name


def with_settings(
    path: Path, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> SentimentModel:
    """Load a model whose card tells other settings; None leaves one out."""
    model = SentimentModel.load(path)
    settings = {**model.card.provenance.settings, **change}
    settings = {key: value for key, value in settings.items() if value is not None}
    provenance = replace(model.card.provenance, settings=settings)
    monkeypatch.setattr(model, "card", replace(model.card, provenance=provenance))
    return model


@pytest.mark.parametrize(
    "change",
    [{"units": None}, {"wide_order": 3.0}, {"embedding": 0}, {"pooling": "mean"}],
    ids=str,
)
def test_settings_of_no_network_of_ours_are_refused(
    change: dict[str, Any], exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_settings(exported, change, monkeypatch)
    with pytest.raises(ModelRefused) as refused:
        rebuild_network(model)
    assert str(refused.value) == (
        f"reading the network of {exported}: its settings are not those of a network that trainer "
        "fit makes; name a model file of such a network"
    )


@pytest.mark.parametrize(
    "change",
    [{"units": 6}, {"wide_order": 2}, {"bidirectional": False}, {"wide_order": 0}],
    ids=str,
)
def test_a_graph_of_other_settings_is_refused(
    change: dict[str, Any], exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_settings(exported, change, monkeypatch)
    with pytest.raises(ModelRefused) as refused:
        rebuild_network(model)
    assert str(refused.value) == (
        f"reading the network of {exported}: its graph is not the one that this release's exporter "
        "writes for its settings; name the run folder that it is from"
    )


def test_a_network_that_answers_otherwise_is_refused(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_settings(exported, {"pooling": "last"}, monkeypatch)
    with pytest.raises(ModelRefused, match="off what it promises; name the run folder"):
        rebuild_network(model)


def test_an_adapted_file_passes_the_exporters_checks_and_is_better(
    exported: Path, adapted_file: Path
) -> None:
    others = turned_reviews(200, seed=8)
    before, after = (
        evaluate(SentimentModel.load(path).score(others.texts), others).metrics.accuracy
        for path in (exported, adapted_file)
    )
    assert before < 0.75
    assert after > 0.9


def test_what_follows_the_line_stays(exported_by_length: Path, tmp_path: Path) -> None:
    by_length = SentimentModel.load(exported_by_length).card.calibration.by_length
    assert by_length is not None
    base = open_base(exported_by_length)
    run = adapt(base, turned_reviews(), 0.2, tmp_path / "run")
    assert run.metrics.by_length == by_length
    layers = [one.get_layer("by_length") for one in (run.network(), base.network)]
    np.testing.assert_array_equal(*(layer.get_weights() for layer in layers))
    file = export_run(run.path, tmp_path / "adapted.onnx").path
    assert SentimentModel.load(file).card.calibration.by_length == by_length
    others = turned_reviews(200, seed=8)
    assert evaluate(SentimentModel.load(file).score(others.texts), others).metrics.accuracy > 0.9
    # What was measured on the held-out reviews is what ships, but for the line of the other folds.
    after = evaluate(run.predict(run.held_out().texts), run.held_out()).metrics
    assert after.log_loss == pytest.approx(run.metrics.held_out.log_loss, abs=0.03)


def test_an_adapted_file_has_no_operator_that_its_base_has_not(
    exported: Path, adapted_file: Path
) -> None:
    of_base, of_adapted = (
        {node.op_type for node in onnx.load(path).graph.node} for path in (exported, adapted_file)
    )
    assert of_adapted <= of_base


def test_scorer_run_scores_with_an_adapted_file(adapted_file: Path, tmp_path: Path) -> None:
    source = write_labelled(tmp_path / "reviews.parquet", turned_reviews(100, seed=8))
    out = tmp_path / "scored.parquet"
    done = run_command("scorer", "run", source, out, "--model", adapted_file)
    assert done.returncode == 0, done.stderr
    table = pq.read_table(out)
    right = np.array(table["sentiment"].to_pylist()) == np.where(
        table["label"].to_numpy() == 1, "positive", "negative"
    )
    assert right.mean() > 0.9


def test_the_file_tells_its_base_where_scorers_of_before_do_not_look(
    exported: Path, adapted_file: Path
) -> None:
    base = SentimentModel.load(adapted_file).card.provenance.base
    assert base is not None
    assert (base.name, base.sha256) == ("tiny.onnx", SentimentModel.load(exported).file.sha256)
    stored = {prop.key: prop.value for prop in onnx.load(adapted_file).metadata_props}
    assert list(stored)[-2:] == ["base", "token_table"]
    assert "base" not in stored["origin"]


def test_an_adapted_file_is_adapted_again(adapted_file: Path, tmp_path: Path) -> None:
    base = open_base(adapted_file)
    again = adapt(base, tiny_reviews(300, seed=9), 0.2, tmp_path / "again")
    reviews = tiny_reviews(200, seed=10)
    before = evaluate(base.predict(reviews.texts), reviews).metrics.accuracy
    after = evaluate(again.predict(reviews.texts), reviews).metrics.accuracy
    assert after > before + 0.1
    descent = again.provenance.base
    assert descent is not None
    assert [one.name for one in descent.line_of_descent()] == ["adapted.onnx", "tiny.onnx"]
