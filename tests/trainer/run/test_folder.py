"""The run folder as the exporter and the teachers' students read it."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from run_files import Json, change_json, rewrite
from scorer.errors import ReviewsError
from tiny import tiny_reviews
from trainer.data.reviews import Reviews
from trainer.errors import RunFolderError
from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import measure
from trainer.run.folder import RunFolder
from trainer.wide.layer import WideBranch

# Written by the first release, but for the digests.
OLD_CONFIG = """{
 "settings": {"vocabulary": 60000, "epochs": 60, "held_out": 0.1, "seed": 0},
 "data": {
  "name": "reviews.parquet",
  "reviews": 300,
  "sha256": "7d0d552b",
  "held_out": 30,
  "grouped": false,
  "unlabeled": 200,
  "unlabeled_sha256": "3ae35684",
  "teachers": []
 },
 "command": "trainer documents reviews.parquet --vocabulary 60000 --unlabeled …",
 "versions": {"python": "3.11.7", "review-sentiment": "0.1.0", "gensim": "4.4.0"},
 "date": "2026-11-25"
}
"""
OLD_METRICS = """{
 "calibration": {"slope_lstm": 5.2471, "slope_wide_1": 0.4788, "shift": 2},
 "held_out": {
  "reviews": 30, "accuracy": 1.0, "auc": 1.0, "log_loss": 6e-06, "brier": 0.0,
  "calibration_error": 6e-06
 },
 "held_out_before_calibration": {
  "reviews": 30, "accuracy": 1.0, "auc": 1.0, "log_loss": 0.068823, "brier": 0.006189,
  "calibration_error": 0.065419
 }
}
"""


@pytest.fixture
def copied(linear_run: RunFolder, tmp_path: Path) -> Path:
    return shutil.copytree(linear_run.path, tmp_path / "run")


def test_a_file_that_is_not_the_runs_own_is_refused(network_run: RunFolder, tmp_path: Path) -> None:
    copied = shutil.copytree(network_run.path, tmp_path / "copied")
    tokenizer = copied / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace("film", "fill"))
    with pytest.raises(RunFolderError, match="tokenizer.json isn't the file that the run wrote"):
        RunFolder.open(copied)
    (copied / "model.keras").unlink()
    with pytest.raises(RunFolderError, match="model.keras is missing"):
        RunFolder.open(copied)
    manifest = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(manifest | {"format": "review-sentiment-run/7"}))
    with pytest.raises(RunFolderError, match="its format is 'review-sentiment-run/7'"):
        RunFolder.open(copied)
    with pytest.raises(RunFolderError, match="it does not exist"):
        RunFolder.open(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", lambda it: it.pop("command"), "the key 'command' is missing"),
        ("config.json", lambda it: it["data"].pop("sha256"), "the key 'data.sha256' is missing"),
        (
            "config.json",
            lambda it: it["data"].update(reviews="300"),
            "the key 'data.reviews' holds '300', not int",
        ),
        ("config.json", lambda it: it.update(mood="good"), "the key 'mood' is unknown"),
        (
            "config.json",
            lambda it: it["settings"].update(units=[1]),
            "the key 'settings.units' holds [1], not bool or int or float or str",
        ),
        ("metrics.json", lambda it: it.pop("held_out"), "the key 'held_out' is missing"),
        ("metrics.json", lambda it: it.pop("calibration"), "the key 'calibration' is missing"),
        (
            "metrics.json",
            lambda it: it["calibration"].pop("shift"),
            "the key 'calibration.shift' is missing",
        ),
        (
            "metrics.json",
            lambda it: it["calibration"].update(slope_linear="1"),
            "the key 'calibration.slope_linear' holds '1', not float",
        ),
        (
            "metrics.json",
            lambda it: it["test"].update(auc=None),
            "the key 'test.auc' holds None, not float",
        ),
        ("tokenizer.json", lambda it: it.pop("words"), "the key 'words' is missing"),
        ("tokenizer.json", lambda it: it.update(words=[]), "the vocabulary is empty"),
        (
            "tokenizer.json",
            lambda it: it.update(words=["film", "good", "film"]),
            "the vocabulary has an empty word, or one twice: 'film'",
        ),
        (
            "tokenizer.json",
            lambda it: it.update(max_tokens=0),
            "the token limit is 0, not a number from 1 to 2147483647",
        ),
        (
            "tokenizer.json",
            lambda it: it["rules"].update(signs=[["a"]]),
            "the key 'rules.signs[0]' holds a list of 1, not of 2",
        ),
        ("run.json", lambda it: it.pop("files"), "the key 'files' is missing"),
        ("run.json", lambda it: it.pop("format"), "the key 'format' is missing"),
    ],
)
def test_a_missing_or_wrong_key_is_named(
    copied: Path, name: str, change: Callable[[Json], object], message: str
) -> None:
    change_json(copied, name, change)
    with pytest.raises(RunFolderError) as caught:
        RunFolder.open(copied)
    assert str(caught.value) == f"opening the run folder {copied}: {name}: {message}; train again"


@pytest.mark.parametrize("name", ["config.json", "run.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff"])
def test_a_file_that_is_not_json_is_named(copied: Path, name: str, content: bytes) -> None:
    rewrite(copied, name, content)
    with pytest.raises(RunFolderError) as caught:
        RunFolder.open(copied)
    assert str(caught.value) == (
        f"opening the run folder {copied}: {name} can't be read; train again"
    )


def test_a_run_without_a_known_model_is_refused(copied: Path) -> None:
    change_json(copied, "run.json", lambda it: it["files"].pop("linear.npz"))
    with pytest.raises(RunFolderError, match="it holds no model that this release reads"):
        RunFolder.open(copied)


def test_a_run_folder_of_an_earlier_release_opens(copied: Path) -> None:
    rewrite(copied, "config.json", OLD_CONFIG.encode())
    rewrite(copied, "metrics.json", OLD_METRICS.encode())
    run = RunFolder.open(copied)
    assert run.provenance.data.teachers == ()
    assert run.provenance.data.unlabeled == 200
    assert run.provenance.settings["held_out"] == 0.1
    assert run.metrics.calibration.slopes == {"lstm": 5.2471, "wide_1": 0.4788}
    assert run.metrics.calibration.shift == 2.0
    assert run.metrics.test is None
    assert run.metrics.epoch is None


def test_a_network_of_an_earlier_release_has_the_same_scores(
    network_run: RunFolder, tmp_path: Path
) -> None:
    old = shutil.copytree(network_run.path, tmp_path / "old")
    with (
        zipfile.ZipFile(network_run.path / "model.keras") as network,
        zipfile.ZipFile(old / "model.keras", "w") as archive,
    ):
        for name in network.namelist():
            archive.writestr(name, with_old_modules(network.read(name)))
    with zipfile.ZipFile(old / "model.keras") as archive:
        assert archive.read("config.json").count(b'"trainer.network"') == 2
    rewrite(old, "model.keras", (old / "model.keras").read_bytes())
    texts = tiny_reviews(20, seed=3).texts
    np.testing.assert_array_equal(RunFolder.open(old).predict(texts), network_run.predict(texts))


def with_old_modules(content: bytes) -> bytes:
    """Name the modules of our layers, where a file of the network does, as they were called."""
    content = content.replace(b"trainer.models.network", b"trainer.network")
    return content.replace(b"trainer.wide.layer", b"trainer.wide")


def test_reviews_without_text_have_no_score_and_are_counted(network_run: RunFolder) -> None:
    plain = tiny_reviews(60, seed=1)
    texts = pa.array([None, "", *plain.texts.to_pylist()], pa.large_string())
    labels = np.append([1, 0], plain.labels).astype(np.int8)
    evaluation = evaluate(network_run.predict(texts), Reviews(texts, labels, "r"))
    assert evaluation.without_text == 2
    assert evaluation.metrics == measure(evaluation.scores, plain.labels)
    with pytest.raises(ReviewsError, match="both kinds are needed"):
        evaluate(network_run.predict(texts[:1]), Reviews(texts[:1], labels[:1], "r"))


def test_a_network_of_other_layers_is_refused_in_a_sentence(
    network_run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = WideBranch.build

    def with_one_more(self: WideBranch, shape: object) -> None:
        build(self, shape)
        self.add_weight(shape=(1,), name="later")

    monkeypatch.setattr(WideBranch, "build", with_one_more)
    message = r"model.keras has other layers than this release makes; train again"
    with pytest.raises(RunFolderError, match=message):
        network_run.network()
    with pytest.raises(RunFolderError, match=message):
        network_run.predict(tiny_reviews(4).texts)
