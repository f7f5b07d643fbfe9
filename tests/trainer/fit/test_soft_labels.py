"""Soft labels of teachers, and students that learn from them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest

from helpers import left_in
from scorer.errors import UsageError
from tiny import tiny_reviews, tiny_settings
from trainer.errors import RunFolderError
from trainer.fit.network import fit
from trainer.fit.soft_labels import open_teachers, soft_labels, warn_of_other_splits
from trainer.fit.split import split
from trainer.measure.calibration import Line, logits_of
from trainer.run.folder import RunFolder


def unlabeled() -> pa.LargeStringArray:
    texts = [*tiny_reviews(200, seed=2).texts.to_pylist(), None, "<br />"]
    return pa.array(texts, pa.large_string())


def test_a_teacher_labels_the_same_reviews_once(linear_run: RunFolder) -> None:
    said: list[str] = []
    texts = pa.concat_arrays([unlabeled(), tiny_reviews(1, seed=6).texts])
    first = soft_labels([linear_run], texts, said.append)
    assert said == ["linear labels 203 reviews"]
    second = soft_labels([linear_run], texts, said.append)
    assert len(said) == 1
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first[:200], linear_run.predict(texts)[:200], atol=1e-6)
    assert np.isnan(first[200:202]).all()
    assert RunFolder.open(linear_run.path)  # what it keeps beside the run doesn't make it another


def test_two_students_may_ask_a_teacher_at_once(
    linear_run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, predict, said = tiny_reviews(30, seed=9).texts, RunFolder.predict, []

    def interrupted(self: RunFolder, asked: pa.Array) -> np.ndarray:
        monkeypatch.setattr(RunFolder, "predict", predict)
        soft_labels([linear_run], texts, said.append)  # another student asks in the meantime
        return predict(self, asked)

    monkeypatch.setattr(RunFolder, "predict", interrupted)
    first = soft_labels([linear_run], texts, said.append)
    assert len(said) == 2
    np.testing.assert_array_equal(first, soft_labels([linear_run], texts, said.append))
    assert not [name for name in left_in(linear_run.path) if name.startswith("soft_labels/.")]


def test_a_teacher_that_held_out_other_reviews_is_named(linear_run: RunFolder) -> None:
    said: list[str] = []
    reviews = tiny_reviews()
    same, other = split(reviews, 0.1)[1], split(reviews, 0.2)[1]
    warn_of_other_splits([linear_run], reviews, same, said.append)
    assert said == []
    warn_of_other_splits([linear_run], reviews, other, said.append)
    warn_of_other_splits([linear_run], tiny_reviews(seed=1), other, said.append)
    assert said == [
        "linear held out other reviews than this run, and learned from some that this run is "
        "measured on; train it again with the same --held-out",
        "linear learned from other data (tiny); if they hold reviews that this run is measured on, "
        "its figures are too good",
    ]


def test_a_student_learns_from_labels_and_from_its_teachers(
    linear_run: RunFolder, network_run: RunFolder, tmp_path: Path
) -> None:
    teachers = [linear_run, network_run]
    settings = tiny_settings(wide_slots=512, vector_epochs=1)
    out = tmp_path / "student"
    student = fit(tiny_reviews(), settings, out, unlabeled=unlabeled(), teachers=teachers)
    data = student.provenance.data
    assert data.unlabeled == 202
    assert [teacher.name for teacher in data.teachers] == ["linear", "network"]
    command = student.provenance.command
    assert "--unlabeled … --teacher linear --teacher network" in command
    assert student.metrics.held_out.accuracy > 0.9
    together = soft_labels(teachers, unlabeled())[:200]
    apart = [logits_of(teacher.predict(unlabeled())[:200]) for teacher in teachers]
    np.testing.assert_allclose(together, Line()(np.mean(apart, axis=0)), atol=1e-6)


def fit_half(part: int, teacher: RunFolder, out: Path) -> RunFolder:
    settings = tiny_settings(epochs=1, part=part, parts=2)
    return fit(tiny_reviews(), settings, out, unlabeled=unlabeled(), teachers=[teacher])


def test_a_teacher_is_silent_on_the_part_that_it_learned_from(
    linear_run: RunFolder, tmp_path: Path
) -> None:
    halves = [fit_half(part, linear_run, tmp_path / f"{part}") for part in (1, 2)]
    for index, half in enumerate(halves):
        labels = soft_labels([half], unlabeled())[:200]
        assert np.isnan(labels[index::2]).all()
        others = slice(1 - index, None, 2)
        scores = half.predict(unlabeled())[:200]
        np.testing.assert_allclose(labels[others], scores[others], atol=1e-6)
    both = soft_labels(halves, unlabeled())
    assert (np.isnan(both) == np.isnan(soft_labels([linear_run], unlabeled()))).all()
    second = soft_labels([halves[1]], unlabeled())
    np.testing.assert_array_equal(both[:200:2], second[:200:2])
    other = tiny_reviews(20, seed=5).texts
    assert not np.isnan(soft_labels([halves[0]], other)).any()


def test_a_run_is_resumed_only_with_the_same_teachers(
    linear_run: RunFolder, tmp_path: Path
) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    def run(teachers: list[RunFolder], **more: object) -> RunFolder:
        settings, out = tiny_settings(), tmp_path / "run"
        texts = unlabeled()
        return fit(tiny_reviews(), settings, out, unlabeled=texts, teachers=teachers, **more)

    with pytest.raises(KeyboardInterrupt):
        run([linear_run], callbacks=[Stop()])
    with pytest.raises(RunFolderError, match="it was trained on other reviews"):
        run([linear_run, linear_run], resume=True)
    assert run([linear_run], resume=True)


def test_unlabeled_reviews_and_teachers_come_together(linear_run: RunFolder) -> None:
    with pytest.raises(UsageError, match="nobody labels those reviews"):
        open_teachers([], unlabeled=True)
    with pytest.raises(UsageError, match="there is nothing for it to label"):
        open_teachers([linear_run.path], unlabeled=False)
    with pytest.raises(RunFolderError, match="it does not exist"):
        open_teachers([linear_run.path / "none"], unlabeled=True)
