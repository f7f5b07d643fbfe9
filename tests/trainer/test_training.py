from __future__ import annotations

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest

from helpers import left_in
from scorer.errors import ReviewsError, RunFolderError
from tiny import tiny_reviews, tiny_settings
from trainer import checkpoint
from trainer.artifact import RunFolder
from trainer.batches import predict
from trainer.checkpoint import Progress
from trainer.history import Epoch
from trainer.lesson import split
from trainer.metrics import measure
from trainer.reviews import Reviews
from trainer.training import fit
from trainer.wide import WideBranch


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return fit(tiny_reviews(), tiny_settings(), tmp_path_factory.mktemp("runs") / "tiny")


def history(run: RunFolder) -> list[list[str]]:
    """Return the history without the seconds, which no seed repeats."""
    return [line[:-1] for line in csv.reader((run.path / "history.csv").read_text().splitlines())]


def weights(run: RunFolder) -> list[np.ndarray]:
    return run.network().get_weights()


def test_a_run_learns_and_leaves_these_files(finished: RunFolder) -> None:
    assert left_in(finished.path) == [
        "calibration.png", "config.json", "held_out.parquet", "history.csv", "history.png", "metrics.json",
         "model.keras", "roc.png", "run.json", "tokenizer.json",
    ]  # fmt: skip
    assert finished.metrics["held_out"]["accuracy"] > 0.9
    assert finished.metrics["held_out"]["reviews"] == 30
    assert finished.config["settings"] == tiny_settings().to_dict()
    assert finished.config["data"]["sha256"] == tiny_reviews().fingerprint()
    assert finished.config["command"].startswith("trainer fit tiny --preset default --vocabulary 40 ")
    assert len(history(finished)) == 1 + 3


def test_the_metrics_are_those_of_the_kept_network_on_the_kept_reviews(finished: RunFolder) -> None:
    held_out = finished.held_out()
    scores = predict(finished.network(), finished.tokenizer.encode(held_out.texts))
    assert measure(scores, held_out.labels).to_dict() == finished.metrics["held_out"]


def test_held_out_reviews_are_not_trained_on(finished: RunFolder) -> None:
    training, held_out = split(tiny_reviews(), 0.1)
    assert held_out.texts.to_pylist() == finished.held_out().texts.to_pylist()
    assert sorted(training.texts.to_pylist() + held_out.texts.to_pylist()) == sorted(tiny_reviews().texts.to_pylist())


def test_a_seed_makes_a_run_repeatable(finished: RunFolder, tmp_path: Path) -> None:
    again = fit(tiny_reviews(), tiny_settings(), tmp_path / "again")
    assert history(again) == history(finished)
    for one, other in zip(weights(again), weights(finished), strict=True):
        np.testing.assert_array_equal(one, other)
    other_seed = fit(tiny_reviews(), tiny_settings(seed=1), tmp_path / "other")
    assert history(other_seed) != history(finished)


class StopInEpoch(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch == 3 and self.params["epochs"] == self.epoch:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_and_ends_like_an_undisturbed_one(finished: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for epoch in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            fit(tiny_reviews(), tiny_settings(), out, resume=epoch > 2, callbacks=[StopInEpoch(epoch)])
        with pytest.raises(RunFolderError, match="it holds no finished run"):
            RunFolder.open(out)
        with pytest.raises(RunFolderError, match="it holds an interrupted run; add --resume"):
            fit(tiny_reviews(), tiny_settings(), out)
    resumed = fit(tiny_reviews(), tiny_settings(), out, resume=True)
    assert history(resumed) == history(finished)
    for one, other in zip(weights(resumed), weights(finished), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert left_in(resumed.path) == left_in(finished.path)


def test_only_the_same_run_can_be_resumed(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunFolderError, match="nothing was finished there"):
        fit(tiny_reviews(), tiny_settings(), out, resume=True)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_reviews(), tiny_settings(), out, callbacks=[StopInEpoch(2)])
    with pytest.raises(RunFolderError, match="other settings were used \\(units, seed\\)"):
        fit(tiny_reviews(), tiny_settings(units=4, seed=9), out, resume=True)
    with pytest.raises(RunFolderError, match="it was trained on other reviews"):
        fit(tiny_reviews(seed=1), tiny_settings(), out, resume=True)


def test_a_folder_that_is_taken_is_left_alone(finished: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="it holds a finished run"):
        fit(tiny_reviews(), tiny_settings(), finished.path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="isn't an empty folder"):
        fit(tiny_reviews(), tiny_settings(), tmp_path)
    assert left_in(tmp_path) == ["notes.txt"]


def test_reviews_without_a_token_are_left_out(tmp_path: Path) -> None:
    plain = tiny_reviews(100)
    texts = pa.array([*plain.texts.to_pylist(), None, "", "<br />"], pa.large_string())
    run = fit(
        Reviews(texts, np.append(plain.labels, [1, 1, 1]).astype(np.int8), "r"), tiny_settings(epochs=1, held_out=0.3), tmp_path / "run"
    )
    assert not set(run.held_out().texts.to_pylist()) & {None, "", "<br />"}


def test_too_few_reviews_to_hold_some_out_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReviewsError, match="one part would have reviews of one kind only"):
        fit(tiny_reviews(4), tiny_settings(), tmp_path / "run")


def test_the_best_epoch_is_kept_and_patience_ends_the_run() -> None:
    progress = Progress()
    for number, loss in enumerate([0.5, 0.3, 0.4, 0.35], start=1):
        assert not progress.is_over(epochs=9, patience=2)
        progress = progress.after(Epoch(number, 0.1, 0.9, loss + number, loss, 0.8, 1.0))
    assert progress.best_epoch == 2
    assert progress.is_over(epochs=9, patience=2)
    assert not progress.is_over(epochs=9, patience=0)
    assert progress.is_over(epochs=4, patience=0)


def test_a_checkpoint_that_was_being_written_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "checkpoint/.epoch-1").mkdir(parents=True)
    assert checkpoint.load(tmp_path) is None


def test_a_file_that_is_not_the_runs_own_is_refused(finished: RunFolder, tmp_path: Path) -> None:
    import shutil

    copied = tmp_path / "copied"
    shutil.copytree(finished.path, copied)
    (copied / "tokenizer.json").write_text((copied / "tokenizer.json").read_text().replace("film", "fill"))
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


def test_a_network_of_other_layers_is_refused_in_a_sentence(finished: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    build = WideBranch.build

    def with_one_more(self: WideBranch, shape: object) -> None:
        build(self, shape)
        self.add_weight(shape=(1,), name="later")

    monkeypatch.setattr(WideBranch, "build", with_one_more)
    with pytest.raises(RunFolderError, match=r"model.keras has other layers than this release makes; train again"):
        finished.network()
