"""A linear teacher, its soft labels, and a student that learns from them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest

from helpers import left_in, run_command
from scorer.errors import ExportRefused, RunFolderError, UsageError
from scorer.tokenizer import Tokenizer
from tiny import OPTIONS, tiny_reviews, tiny_settings, write_tiny
from trainer.artifact import RunFolder
from trainer.calibration import Line, logits_of
from trainer.documents import write_ngrams
from trainer.documents_training import DocumentSettings, train_documents
from trainer.linear_training import LinearSettings, train_linear
from trainer.teacher import open_teachers, soft_labels
from trainer.training import fit


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train_linear(tiny_reviews(), LinearSettings(), tmp_path_factory.mktemp("runs") / "linear", test=tiny_reviews(60, seed=1))


def unlabeled() -> pa.LargeStringArray:
    return pa.array([*tiny_reviews(200, seed=2).texts.to_pylist(), None, "<br />"], pa.large_string())


def test_the_linear_model_learns_and_is_read_back(linear: RunFolder) -> None:
    assert left_in(linear.path) == [
        "calibration.png", "config.json", "held_out.parquet", "linear.npz", "metrics.json", "roc.png", "run.json", "tokenizer.json",
    ]  # fmt: skip
    assert linear.metrics["held_out"]["accuracy"] > 0.9
    assert linear.metrics["test"]["accuracy"] > 0.9
    again = RunFolder.open(linear.path)
    scores = again.predict(pa.array(["a great, lovely film", "an awful, dull film", "", None], pa.large_string()))
    assert scores[0] > 0.5 > scores[1]
    assert np.isnan(scores[2:]).all()


def test_a_teacher_labels_the_same_reviews_once(linear: RunFolder) -> None:
    said: list[str] = []
    first = soft_labels([linear], unlabeled(), said.append)
    assert said == ["linear labels 202 reviews"]
    second = soft_labels([linear], unlabeled(), said.append)
    assert len(said) == 1
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first[:200], linear.predict(unlabeled())[:200], atol=1e-6)
    assert np.isnan(first[200:]).all()
    assert RunFolder.open(linear.path)  # what it keeps beside the run doesn't make it another


def test_two_students_may_ask_a_teacher_at_once(linear: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, predict, said = tiny_reviews(30, seed=9).texts, RunFolder.predict, []

    def interrupted(self: RunFolder, asked: pa.Array) -> np.ndarray:
        monkeypatch.setattr(RunFolder, "predict", predict)
        soft_labels([linear], texts, said.append)  # another student, while this one's answers are made
        return predict(self, asked)

    monkeypatch.setattr(RunFolder, "predict", interrupted)
    first = soft_labels([linear], texts, said.append)
    assert len(said) == 2
    np.testing.assert_array_equal(first, soft_labels([linear], texts, said.append))
    assert not [name for name in left_in(linear.path) if name.startswith("soft_labels/.")]


def test_a_student_learns_from_labels_and_from_its_teachers(linear: RunFolder, tmp_path: Path) -> None:
    network = fit(tiny_reviews(), tiny_settings(epochs=1), tmp_path / "network")
    student = fit(
        tiny_reviews(),
        tiny_settings(wide_slots=512, vector_epochs=1),
        tmp_path / "student",
        unlabeled=unlabeled(),
        teachers=[linear, network],
    )
    assert student.config["data"]["unlabeled"] == 202
    assert [teacher["name"] for teacher in student.config["data"]["teachers"]] == ["linear", "network"]
    assert "--unlabeled … --teacher linear --teacher network" in student.config["command"]
    assert student.metrics["held_out"]["accuracy"] > 0.9
    together = soft_labels([linear, network], unlabeled())[:200]
    apart = [logits_of(teacher.predict(unlabeled())[:200]) for teacher in (linear, network)]
    np.testing.assert_allclose(together, Line()(np.mean(apart, axis=0)), atol=1e-6)


def test_a_teacher_is_silent_on_the_part_that_it_learned_from(linear: RunFolder, tmp_path: Path) -> None:
    halves = [
        fit(tiny_reviews(), tiny_settings(epochs=1, part=part, parts=2), tmp_path / f"{part}", unlabeled=unlabeled(), teachers=[linear])
        for part in (1, 2)
    ]
    for place, half in enumerate(halves):
        said = soft_labels([half], unlabeled())[:200]
        assert np.isnan(said[place::2]).all()
        np.testing.assert_allclose(said[1 - place :: 2], half.predict(unlabeled())[:200][1 - place :: 2], atol=1e-6)
    both = soft_labels(halves, unlabeled())
    assert (np.isnan(both) == np.isnan(soft_labels([linear], unlabeled()))).all()
    np.testing.assert_array_equal(both[:200:2], soft_labels([halves[1]], unlabeled())[:200:2])
    other = tiny_reviews(20, seed=5).texts
    assert not np.isnan(soft_labels([halves[0]], other)).any()


def test_a_run_is_resumed_only_with_the_same_teachers(linear: RunFolder, tmp_path: Path) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny_reviews(), tiny_settings(), tmp_path / "run", unlabeled=unlabeled(), teachers=[linear], callbacks=[Stop()])
    with pytest.raises(RunFolderError, match="it was trained on other reviews"):
        fit(tiny_reviews(), tiny_settings(), tmp_path / "run", unlabeled=unlabeled(), teachers=[linear, linear], resume=True)
    assert fit(tiny_reviews(), tiny_settings(), tmp_path / "run", unlabeled=unlabeled(), teachers=[linear], resume=True)


def test_unlabeled_reviews_and_teachers_come_together(linear: RunFolder) -> None:
    with pytest.raises(UsageError, match="nobody labels those reviews"):
        open_teachers([], unlabeled=True)
    with pytest.raises(UsageError, match="there is nothing for it to label"):
        open_teachers([linear.path], unlabeled=False)
    with pytest.raises(RunFolderError, match="it does not exist"):
        open_teachers([linear.path / "none"], unlabeled=True)


def test_a_linear_model_is_not_exported(linear: RunFolder, tmp_path: Path) -> None:
    from exporter.export import export

    with pytest.raises(ExportRefused, match="it holds a teacher, not a network"):
        export(linear.path, tmp_path / "model.onnx")


def test_a_folder_that_is_taken_is_left_alone(linear: RunFolder) -> None:
    with pytest.raises(RunFolderError, match="isn't an empty folder"):
        train_linear(tiny_reviews(), LinearSettings(), linear.path)


def test_the_recipe_by_commands(tmp_path: Path) -> None:
    data, more = write_tiny(tmp_path / "reviews.parquet"), write_tiny(tmp_path / "more.parquet", 100, seed=3)
    done = run_command("trainer", "linear", data, "--out", tmp_path / "linear")
    assert (done.returncode, done.stdout.split()[:4]) == (0, ["held", "out", "reviews", "30"]), done.stderr
    student = ["--unlabeled", more, "--teacher", tmp_path / "linear", "--out", tmp_path / "student", "--wide-slots", "128"]
    done = run_command("trainer", "fit", data, *student, *OPTIONS, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "370 reviews to train on, 30 held out" in done.stderr
    done = run_command("trainer", "compare", tmp_path / "linear", tmp_path / "student")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["linear", "student"]), done.stderr
    done = run_command("trainer", "evaluate", tmp_path / "linear", more)
    assert (done.returncode, done.stderr) == (0, "")


def test_document_vectors_teach_the_reviews_they_were_trained_with_and_no_others(tmp_path: Path) -> None:
    run = train_documents(tiny_reviews(), unlabeled(), DocumentSettings(epochs=60), tmp_path / "documents")
    assert run.metrics["held_out"]["accuracy"] > 0.8
    assert "ngrams.txt" not in left_in(run.path)
    scores = RunFolder.open(run.path).predict(unlabeled())
    known = tiny_reviews(200, seed=2).labels
    assert np.mean((scores[:200] >= 0.5) == (known == 1)) > 0.8
    assert np.isnan(scores[200:]).all()
    np.testing.assert_allclose(soft_labels([run], unlabeled())[:200], scores[:200], atol=1e-6)
    with pytest.raises(RunFolderError, match="they were trained with other reviews than these"):
        run.predict(tiny_reviews(5).texts)


def test_document_vectors_that_were_interrupted_go_on(tmp_path: Path) -> None:
    settings, said = DocumentSettings(epochs=60), []

    def say(line: str) -> None:
        said.append(line)
        if line == "pass 40 of 60":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_documents(tiny_reviews(), unlabeled(), settings, tmp_path / "run", say=say)
    assert left_in(tmp_path / "run") == ["checkpoint/passes.npz"]
    with pytest.raises(RunFolderError, match="it holds an interrupted run; add --resume"):
        train_documents(tiny_reviews(), unlabeled(), settings, tmp_path / "run")
    with pytest.raises(RunFolderError, match="other settings were used .seed."):
        train_documents(tiny_reviews(), unlabeled(), DocumentSettings(epochs=60, seed=1), tmp_path / "run", resume=True)
    said.clear()
    run = train_documents(tiny_reviews(), unlabeled(), settings, tmp_path / "run", resume=True, say=said.append)
    assert [line for line in said if line.startswith("pass")] == ["pass 44 of 60", "pass 48 of 60", "pass 52 of 60", "pass 56 of 60"]
    assert run.metrics["held_out"]["accuracy"] > 0.8
    assert "checkpoint/passes.npz" not in left_in(run.path)


def test_n_grams_that_are_common_are_written_a_line_a_review(tmp_path: Path) -> None:
    texts = pa.array(["good film"] * 5 + ["good"] * 2 + ["rare film", ""], pa.large_string())
    write_ngrams(Tokenizer(("good", "film", "rare")).encode(texts), tmp_path / "ngrams.txt")
    lines = (tmp_path / "ngrams.txt").read_text().split("\n")
    good, film, pair = lines[0].split()
    assert lines == [f"{good} {film} {pair}"] * 5 + [good] * 2 + [film, "", ""]
