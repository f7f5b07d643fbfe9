"""From a run folder to a model file: the whole way, on a tiny network."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest

from exporter import export as export_module
from exporter.bundle import make_card
from exporter.errors import ExportRefused
from exporter.export import export_run
from exporter.golden import SENTENCES
from exporter.rounding import round_weights
from exporter.verify import verify
from helpers import left_in
from scorer import SentimentModel
from scorer.card import ByDomain, Calibration, DomainMetrics, Golden
from scorer.errors import OutputError
from scorer.reference import count_lengths
from scorer.reports.model import model_json, model_text
from scorer.tokenizer import UNKNOWN_ID
from tiny import tiny_settings
from trainer.errors import RunFolderError
from trainer.measure.calibration import logits_of, scores_of
from trainer.measure.lengths import calibrate_by_length
from trainer.models.batches import predict
from trainer.models.network import build_network
from trainer.run.folder import RunFolder


def test_a_real_run_becomes_a_model_file_that_the_scorer_reads(
    run: RunFolder, exported: Path
) -> None:
    model = SentimentModel.load(exported)
    assert left_in(exported.parent) == ["tiny.onnx"]
    assert model.card.tokenizer == run.tokenizer
    assert model.card.provenance.command == run.provenance.command
    assert model.card.figures.held_out == run.metrics.held_out
    assert [golden.text for golden in model.card.golden] == list(SENTENCES)
    assert model.label(model.score(["A great, lovely film."])[0]) == "positive"
    assert model.label(model.score(["A dull, awful film."])[0]) == "negative"
    network = run.network()
    round_weights(network)
    held_out = run.held_out()
    expected = predict(network, run.tokenizer.encode(held_out.texts))
    np.testing.assert_allclose(model.score(held_out.texts), expected, atol=1e-6)


def test_the_card_holds_the_figures_of_each_domain(run: RunFolder) -> None:
    books = DomainMetrics("books", 200, 0.91, 0.9, (0.86, 0.93), 0.25, 0.03)
    domains = ByDomain(held_out=(books,), left_out=(replace(books, domain="toys"),))
    metrics = replace(run.metrics, domains=domains, left_out=run.metrics.held_out)
    scores, golden = np.full(4, 0.5, np.float32), (Golden("good", 0.9),)
    card = make_card(replace(run, metrics=metrics), golden, scores, scores, None)
    assert (card.figures.domains, card.figures.left_out) == (domains, run.metrics.held_out)
    assert make_card(run, golden, scores, scores, None).figures.domains is None


def test_the_card_holds_the_records_of_the_run(run: RunFolder, exported: Path) -> None:
    card, metrics = SentimentModel.load(exported).card, run.metrics
    assert (card.figures.held_out, card.figures.test) == (metrics.held_out, metrics.test)
    assert card.calibration == Calibration(
        method="line through the logits",
        slopes=metrics.calibration.slopes,
        shift=metrics.calibration.shift,
        error_before=metrics.held_out_before_calibration.calibration_error,
        error_after=metrics.held_out.calibration_error,
        folds=metrics.held_out_folds,
    )
    versions = run.provenance.versions
    assert replace(card.provenance, versions=versions) == run.provenance
    assert card.provenance.versions.items() >= versions.items()
    assert card.provenance.versions.keys() - versions.keys() == {"onnx", "tf2onnx"}


def test_a_run_calibrated_by_length_becomes_a_file_that_scores_and_says_so(
    by_length: RunFolder, exported_by_length: Path
) -> None:
    assert by_length.metrics.by_length is not None
    model = SentimentModel.load(exported_by_length)
    calibration = model.card.calibration
    assert calibration.by_length == by_length.metrics.by_length
    assert calibration.method == "line through the logits, then slope and shift by length"
    network, held_out = by_length.network(), by_length.held_out()
    round_weights(network)
    expected = predict(network, by_length.tokenizer.encode(held_out.texts))
    scores = model.score(held_out.texts)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    alone = [model.score([text])[0] for text in held_out.texts.to_pylist()[:20]]
    np.testing.assert_array_equal(scores[:20], alone)


def test_the_file_holds_the_held_out_reviews_counted_in_bins(
    by_length: RunFolder, exported_by_length: Path
) -> None:
    stored_reference = SentimentModel.load(exported_by_length).card.reference
    assert stored_reference is not None
    reference = stored_reference.all
    assert not stored_reference.domains
    stored = pq.read_table(by_length.path / "held_out.parquet")
    scores, labels = stored["score"].to_numpy(), stored["label"].to_numpy()
    assert reference.reviews == len(scores) == by_length.metrics.held_out.reviews
    # The middle of the bins is 0.5, so that they tell the accuracy, cross-fitted as the scores are.
    right = sum(reference.negative[:100]) + sum(reference.positive[100:])
    assert right / len(scores) == pytest.approx(by_length.metrics.held_out.accuracy, abs=1e-6)
    assert sum(reference.positive) == labels.sum()
    tokens = by_length.tokenizer.encode(stored["review"])
    assert reference.tokens == tuple(count_lengths(np.diff(tokens.offsets)).tolist())
    rows = range(len(tokens))
    ids = [tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]] for row in rows]
    assert reference.unknown[0] == sum((one != UNKNOWN_ID).all() for one in ids)


def test_a_run_that_kept_no_scores_has_no_reference(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(RunFolder, "held_out_scores", lambda run: None)
    exported = export_run(run.path, tmp_path / "old.onnx")
    model = SentimentModel.load(exported.path)
    assert model.card.reference is None
    assert "reference" not in model_json(model)
    assert "reference" not in model_text(model)


def test_the_second_step_changes_the_scores(by_length: RunFolder) -> None:
    network = by_length.network()
    tokens = by_length.tokenizer.encode(by_length.held_out().texts)
    with_step, layer = predict(network, tokens), network.get_layer("by_length")
    size = layer.last + 1
    layer.set_weights([np.ones(size), np.zeros(size)])
    without = predict(network, tokens)
    assert np.abs(with_step - without).max() > 1e-3
    again = calibrate_by_length(
        by_length.metrics.by_length,
        logits_of(without),
        tokens.lengths,  # type: ignore[arg-type]
    )
    np.testing.assert_allclose(scores_of(again), with_step, atol=1e-5)


def test_the_card_tells_what_rounding_cost(run: RunFolder, exported: Path) -> None:
    network, held_out = run.network(), run.held_out()
    tokens = run.tokenizer.encode(held_out.texts)
    unrounded = predict(network, tokens)
    round_weights(network)
    rounded = predict(network, tokens)
    rounding = SentimentModel.load(exported).card.figures.rounding
    assert rounding.largest_change == round(float(np.abs(rounded - unrounded).max()), 6)
    assert 0 < rounding.largest_change < 0.05
    assert rounding.labels_changed == np.mean((rounded >= 0.5) != (unrounded >= 0.5))


def test_the_same_run_gives_the_same_bytes(run: RunFolder, exported: Path, tmp_path: Path) -> None:
    again = export_run(run.path, tmp_path / "again.onnx")
    assert again.sha256 == SentimentModel.load(exported).file.sha256
    assert again.path.read_bytes() == exported.read_bytes()


def test_the_keys_of_the_card_keep_their_order(exported: Path) -> None:
    stored = {prop.key: prop.value for prop in onnx.load(exported).metadata_props}
    assert list(stored) == [
        "review_sentiment", "tokenizer", "vocabulary", "labels", "threshold",
        "calibration", "golden", "figures", "origin", "reference", "token_table",
    ]  # fmt: skip
    assert list(json.loads(stored["origin"])) == ["data", "command", "settings", "versions", "date"]
    assert list(json.loads(stored["figures"])) == ["held_out", "rounding"]
    calibration = list(json.loads(stored["calibration"]))
    assert (calibration[0], calibration[-4:]) == (
        "method",
        ["shift", "error_before", "error_after", "folds"],
    )


def test_a_refused_export_writes_nothing(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off_by_a_little(model: SentimentModel, scores: np.ndarray, reviews: object) -> object:
        return verify(model, scores + np.float32(1e-3), reviews)

    monkeypatch.setattr(export_module, "verify", off_by_a_little)
    with pytest.raises(ExportRefused, match="nothing was written"):
        export_run(run.path, tmp_path / "model.onnx")
    assert left_in(tmp_path) == []


def test_a_file_that_is_there_is_replaced_only_when_asked(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_text("mine")
    with pytest.raises(OutputError, match="it exists already; add --force"):
        export_run(run.path, out)
    assert out.read_text() == "mine"
    export_run(run.path, out, force=True)
    assert SentimentModel.load(out)
    with pytest.raises(OutputError, match="it exists already"):
        export_run(run.path, tmp_path, force=True)


def test_a_model_file_that_cannot_be_written_is_named(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "model.onnx"
    with pytest.raises(OutputError) as refused:
        export_run(run.path, out)
    assert str(refused.value) == (
        f"writing {out}: a file stands where its folder should be; name another output"
    )
    assert left_in(tmp_path) == ["file"]


def test_an_unfinished_run_is_refused(run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run/run.json").unlink()
    with pytest.raises(RunFolderError, match="it holds no finished run"):
        export_run(tmp_path / "run", tmp_path / "model.onnx")


def test_a_network_that_reads_the_padding_is_refused(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmasked = build_network(tiny_settings(mask=False), words=40, wide=True)
    monkeypatch.setattr(RunFolder, "network", lambda run: unmasked)
    with pytest.raises(ExportRefused) as refused:
        export_run(run.path, tmp_path / "model.onnx")
    assert str(refused.value) == (
        f"exporting {run.path}: its network was trained without a mask, so its scores depend "
        "on the padding; train again without --no-mask"
    )
    assert left_in(tmp_path) == []
