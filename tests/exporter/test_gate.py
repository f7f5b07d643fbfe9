from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.export import export
from exporter.gate import Gate, chance_of_losing
from helpers import left_in, run_command
from scorer import SentimentModel
from scorer.errors import ExportRefused, ModelRefused
from tiny import tiny_reviews, tiny_settings
from trainer.artifact import RunFolder
from trainer.reviews import Reviews
from trainer.training import fit


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return fit(tiny_reviews(600), tiny_settings(), tmp_path_factory.mktemp("runs") / "good")


@pytest.fixture(scope="module")
def good_model(good: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(good.path, tmp_path_factory.mktemp("models") / "good.onnx").path


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    reviews = tiny_reviews(600)
    labels = np.random.default_rng(0).permutation(reviews.labels)
    return fit(Reviews(reviews.texts, labels, "shuffled"), tiny_settings(epochs=1), tmp_path_factory.mktemp("runs") / "shuffled")


def test_the_same_model_passes_again(good: RunFolder, good_model: Path, tmp_path: Path) -> None:
    again = export(good.path, tmp_path / "again.onnx", gate=Gate(at_least=0.9, not_worse_than=good_model))
    assert again.path.read_bytes() == good_model.read_bytes()


def test_a_model_trained_on_shuffled_labels_is_refused(good: RunFolder, good_model: Path, shuffled: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="--at-least asks for 0.9; nothing was written"):
        export(shuffled.path, tmp_path / "weak.onnx", gate=Gate(at_least=0.9))
    # Its own held-out labels are shuffled too, and there neither model has more than chance: both get the true ones.
    model = export(shuffled.path, tmp_path / "shuffled.onnx")
    with pytest.raises(ExportRefused, match=f"that of {good_model} is .*, which chance would bring once in"):
        Gate(not_worse_than=good_model).check(SentimentModel.load(model.path), good.held_out())


def test_the_gate_stands_in_the_command_and_leaves_nothing(shuffled: RunFolder, tmp_path: Path) -> None:
    done = run_command("exporter", "convert", shuffled.path, tmp_path / "weak.onnx", "--at-least", "0.9")
    assert done.returncode == 4
    assert "--at-least asks for 0.9; nothing was written" in done.stderr.splitlines()[-1]
    assert left_in(tmp_path) == []


def test_a_model_to_compare_with_that_is_damaged_is_refused(good: RunFolder, good_model: Path, tmp_path: Path) -> None:
    (tmp_path / "old.onnx").write_bytes(good_model.read_bytes()[:-1])
    with pytest.raises(ModelRefused, match="old.onnx"):
        export(good.path, tmp_path / "new.onnx", gate=Gate(not_worse_than=tmp_path / "old.onnx"))
    assert left_in(tmp_path) == ["old.onnx"]


@pytest.mark.parametrize(
    ("lost", "won", "chance"),
    [(0, 0, 1.0), (5, 0, 1 / 32), (0, 5, 1.0), (5, 5, 0.623)],
)
def test_only_reviews_on_which_two_models_differ_tell_anything(lost: int, won: int, chance: float) -> None:
    right = np.array([False] * lost + [True] * won + [True] * 100)
    other = np.array([True] * lost + [False] * won + [True] * 100)
    assert chance_of_losing(right, other) == pytest.approx(chance, abs=1e-3)
