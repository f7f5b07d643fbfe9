from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from exporter import gate as gate_module
from exporter.errors import ExportRefused
from exporter.export import export_run
from exporter.gate import Gate, chance_of_losing
from helpers import left_in
from scorer import SentimentModel
from scorer.card import ByLength
from scorer.errors import ModelRefused
from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.measure.calibration import cross_fit
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.lengths import calibrate_by_length
from trainer.run.folder import RunFolder


def test_the_same_model_passes_again(run: RunFolder, exported: Path, tmp_path: Path) -> None:
    gate = Gate(at_least=0.9, not_worse_than=exported)
    again = export_run(run.path, tmp_path / "again.onnx", gate=gate)
    assert again.path.read_bytes() == exported.read_bytes()


def test_a_model_trained_on_shuffled_labels_is_refused(
    run: RunFolder, exported: Path, shuffled: RunFolder, tmp_path: Path
) -> None:
    with pytest.raises(ExportRefused, match="--at-least asks for 0.9; nothing was written"):
        export_run(shuffled.path, tmp_path / "weak.onnx", gate=Gate(at_least=0.9))
    # On its own held-out labels, which are shuffled too, both models are right by chance alone.
    # So both are compared on the true ones.
    model = export_run(shuffled.path, tmp_path / "shuffled.onnx")
    message = f"that of {exported} is .*, which chance would bring once in"
    with pytest.raises(ExportRefused, match=message):
        gate = Gate(not_worse_than=exported)
        gate.check(SentimentModel.load(model.path), run.held_out(), run.folds())


def test_a_model_to_compare_with_that_is_damaged_is_refused(
    run: RunFolder, exported: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.onnx"
    old.write_bytes(exported.read_bytes()[:-1])
    with pytest.raises(ModelRefused, match="old.onnx"):
        export_run(run.path, tmp_path / "new.onnx", gate=Gate(not_worse_than=old))
    assert left_in(tmp_path) == ["old.onnx"]


@pytest.mark.parametrize(
    ("lost", "won", "chance"),
    [(0, 0, 1.0), (5, 0, 1 / 32), (0, 5, 1.0), (5, 5, 0.623)],
)
def test_only_reviews_on_which_two_models_differ_tell_anything(
    lost: int, won: int, chance: float
) -> None:
    right = np.array([False] * lost + [True] * won + [True] * 100)
    other = np.array([True] * lost + [False] * won + [True] * 100)
    assert chance_of_losing(right, other) == pytest.approx(chance, abs=1e-3)


class Scores:
    """Stands for a model: these scores, positive from 0.5."""

    tokenizer = Tokenizer(("a",))

    def __init__(self, logits: np.ndarray, by_length: ByLength | None = None) -> None:
        self._scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
        self.card = self.calibration = self
        self.by_length = by_length

    def score(self, texts: object) -> np.ndarray:
        return self._scores

    def is_positive(self, scores: np.ndarray) -> np.ndarray:
        return scores >= 0.5


def drawn(count: int) -> tuple[np.ndarray, Reviews]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, count)
    labels = (rng.random(count) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    return logits, Reviews(pa.array(["a"] * count, pa.large_string()), labels, "r")


def test_no_side_gains_from_a_calibration_on_the_reviews_that_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits, reviews = drawn(2000)
    # The same model, once with its threshold far off: as good a model, read through its own line.
    monkeypatch.setattr(gate_module.SentimentModel, "load", lambda path: Scores(logits))
    gate = Gate(at_least=0.65, not_worse_than=Path("used.onnx"))
    gate.check(Scores(3 * logits + 2), reviews, deal_folds(reviews))
    unfolded = Folds(np.zeros(2000, np.int8), None)
    with pytest.raises(ExportRefused, match="that of used.onnx is"):
        Gate(not_worse_than=Path("used.onnx")).check(Scores(3 * logits + 2), reviews, unfolded)
    with pytest.raises(ExportRefused, match="that of used.onnx is"):
        Gate(not_worse_than=Path("used.onnx")).check(
            Scores(logits + 2 * drawn(4000)[0][2000:]), reviews, deal_folds(reviews)
        )


def test_what_a_model_does_by_length_is_undone_and_fitted_anew_on_other_reviews(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits, reviews = drawn(2000)
    lengths = np.arange(2000) % 60 + 1
    texts = pa.array(["a " * int(length) for length in lengths], pa.large_string())
    reviews = Reviews(texts, reviews.labels, "r")
    folds, seen = deal_folds(reviews), []

    def kept(*args: object, **options: object) -> np.ndarray:
        seen.append((args[2], options["lengths"].reviews))  # type: ignore[attr-defined]
        return cross_fit(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(gate_module, "cross_fit", kept)
    wild = ByLength((5, 40), (0.2, 3.0), (4.0, -4.0))
    shifted = Scores(calibrate_by_length(wild, logits, lengths), wild)
    monkeypatch.setattr(gate_module.SentimentModel, "load", lambda path: Scores(logits))
    Gate(not_worse_than=Path("used.onnx")).check(shifted, reviews, folds)
    assert len(seen) == 2
    for found, read in seen:
        np.testing.assert_allclose(found, logits, atol=0.05)
        np.testing.assert_array_equal(read, lengths)
