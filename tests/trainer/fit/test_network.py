from __future__ import annotations

import csv
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in
from scorer.errors import ReviewsError
from tiny import SETTINGS, tiny_reviews, tiny_settings
from trainer.data.reviews import Reviews
from trainer.errors import RunFolderError
from trainer.fit.network import fit
from trainer.fit.split import split
from trainer.measure.evaluation import evaluate
from trainer.measure.folds import deal_folds
from trainer.measure.metrics import measure, rounded
from trainer.models.batches import predict
from trainer.run.folder import RunFolder
from trainer.settings import preset


def history(run: RunFolder) -> list[list[str]]:
    """Return the history without the seconds, which no seed repeats."""
    return [line[:-1] for line in csv.reader((run.path / "history.csv").read_text().splitlines())]


def weights(run: RunFolder) -> list[np.ndarray]:
    return run.network().get_weights()


def test_a_run_learns_and_leaves_these_files(network_run: RunFolder) -> None:
    assert left_in(network_run.path) == [
        "config.json", "held_out.parquet", "history.csv",
        "metrics.json", "model.keras", "report.html", "run.json", "tokenizer.json",
    ]  # fmt: skip
    assert network_run.metrics.held_out.accuracy > 0.9
    assert network_run.metrics.held_out.reviews == 30
    assert network_run.provenance.settings == tiny_settings().to_dict()
    assert network_run.provenance.data.sha256 == tiny_reviews().fingerprint()
    assert network_run.provenance.command.startswith(
        "trainer fit tiny --preset default --vocabulary 40 "
    )
    assert len(history(network_run)) == 1 + 3


def test_the_metrics_are_those_of_the_kept_network_on_the_kept_reviews(
    network_run: RunFolder,
) -> None:
    held_out, stored = network_run.held_out(), pq.read_table(network_run.path / "held_out.parquet")
    cross_fitted = stored["score"].to_numpy()
    assert rounded(measure(cross_fitted, held_out.labels)) == network_run.metrics.held_out
    assert stored["fold"].to_pylist() == deal_folds(held_out).of_review.tolist()
    # The kept network is calibrated on all of them; a fold's line differs a little.
    shipped = predict(network_run.network(), network_run.tokenizer.encode(held_out.texts))
    assert 0 < np.abs(shipped - cross_fitted).max() < 0.2


def test_test_reviews_are_reported_beside_the_held_out_ones(network_run: RunFolder) -> None:
    test = tiny_reviews(60, seed=1)
    evaluation = evaluate(network_run.predict(test.texts), test)
    assert network_run.metrics.test == rounded(evaluation.metrics)
    assert network_run.metrics.test_data == test.describe()


def test_held_out_reviews_are_not_trained_on(network_run: RunFolder) -> None:
    training, held_out = split(tiny_reviews(), 0.1)
    assert held_out.texts.to_pylist() == network_run.held_out().texts.to_pylist()
    both = training.texts.to_pylist() + held_out.texts.to_pylist()
    assert sorted(both) == sorted(tiny_reviews().texts.to_pylist())


def test_a_seed_makes_a_run_repeatable(network_run: RunFolder, tmp_path: Path) -> None:
    again = fit(tiny_reviews(), tiny_settings(), tmp_path / "again")
    assert history(again) == history(network_run)
    for left, right in zip(weights(again), weights(network_run), strict=True):
        np.testing.assert_array_equal(left, right)
    other_seed = fit(tiny_reviews(), tiny_settings(seed=1), tmp_path / "other")
    assert history(other_seed) != history(network_run)


class StopInEpoch(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch == 3 and self.params["epochs"] == self.epoch:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_and_ends_like_an_undisturbed_one(
    network_run: RunFolder, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for epoch in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            fit(
                tiny_reviews(),
                tiny_settings(),
                out,
                resume=epoch > 2,
                callbacks=[StopInEpoch(epoch)],
            )
        with pytest.raises(RunFolderError, match="it holds no finished run"):
            RunFolder.open(out)
        with pytest.raises(RunFolderError, match="it holds an interrupted run; add --resume"):
            fit(tiny_reviews(), tiny_settings(), out)
    resumed = fit(tiny_reviews(), tiny_settings(), out, resume=True)
    assert history(resumed) == history(network_run)
    for left, right in zip(weights(resumed), weights(network_run), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert left_in(resumed.path) == left_in(network_run.path)


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


def test_a_folder_that_is_taken_is_left_alone(network_run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="it holds a finished run"):
        fit(tiny_reviews(), tiny_settings(), network_run.path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="isn't an empty folder"):
        fit(tiny_reviews(), tiny_settings(), tmp_path)
    assert left_in(tmp_path) == ["notes.txt"]


def test_reviews_without_a_token_are_left_out(tmp_path: Path) -> None:
    plain = tiny_reviews(100)
    texts = pa.array([*plain.texts.to_pylist(), None, "", "<br />"], pa.large_string())
    reviews = Reviews(texts, np.append(plain.labels, [1, 1, 1]).astype(np.int8), "r")
    run = fit(reviews, tiny_settings(epochs=1, held_out=0.3), tmp_path / "run")
    assert not set(run.held_out().texts.to_pylist()) & {None, "", "<br />"}


def test_few_held_out_reviews_are_not_calibrated_by_length_and_the_run_says_so(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    run = fit(tiny_reviews(100), tiny_settings(epochs=1), tmp_path / "run", say=lines.append)
    assert "not calibrated by length: that takes 1000 held-out reviews, these are 10" in lines
    assert run.metrics.by_length is None
    assert "by_length" not in (run.path / "metrics.json").read_text()
    assert all(layer.name != "by_length" for layer in run.network().layers)


def test_many_held_out_reviews_are_calibrated_by_length_and_crops_tell_of_short_ones(
    tmp_path: Path,
) -> None:
    settings = tiny_settings(epochs=1, held_out=0.5, max_tokens=25)
    run = fit(tiny_reviews(2100), settings, tmp_path / "run")
    by_length = RunFolder.open(run.path).metrics.by_length
    assert by_length is not None
    assert by_length.slopes[0] != 1.0
    assert (by_length.slopes[3:], by_length.shifts[3:]) == ((1.0, 1.0), (0.0, 0.0))
    slopes, shifts = run.network().get_layer("by_length").get_weights()
    assert (slopes[12], shifts[12]) == (
        np.float32(by_length.slopes[1]),
        np.float32(by_length.shifts[1]),
    )
    held_out, stored = run.held_out(), pq.read_table(run.path / "held_out.parquet")
    shipped = predict(run.network(), run.tokenizer.encode(held_out.texts))
    assert 0 < np.abs(shipped - stored["score"].to_numpy()).max() < 0.2


def test_too_few_reviews_to_hold_some_out_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReviewsError, match="one part would have reviews of one label only"):
        fit(tiny_reviews(2), tiny_settings(), tmp_path / "run")


def test_the_history_of_a_run_that_learned_its_reviews_by_heart_shows_it(tmp_path: Path) -> None:
    plain = tiny_reviews(80)
    # Labels that say nothing of the texts can only be learned by heart.
    reviews = Reviews(plain.texts, np.random.default_rng(0).permutation(plain.labels), "shuffled")
    sizes = {name: SETTINGS[name] for name in ("vocabulary", "max_tokens")}
    sizes |= {"embedding": 16, "units": 16, "batch_size": 8}
    course = {"epochs": 12, "learning_rate": 0.01, "held_out": 0.5}
    run = fit(reviews, preset("article", **sizes, **course), tmp_path / "run")
    epochs = run.history()
    assert epochs is not None
    assert epochs[-1].loss < epochs[0].loss - 0.2
    assert epochs[-1].held_out_loss > epochs[0].held_out_loss + 0.1
    shipped = [one.held_out_calibrated_loss for one in epochs]
    assert run.metrics.epoch == int(np.argmin(shipped)) + 1
    assert f"Epoch {run.metrics.epoch} of 12 was kept." in (run.path / "report.html").read_text()
    assert run.metrics.held_out_folds == 5
