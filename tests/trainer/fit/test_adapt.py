from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from helpers import left_in, run_here
from scorer.errors import ReviewsError, UsageError
from scorer.words.first_rules import FirstRules
from tiny import PLAIN, tiny_reviews, turned_reviews, write_labelled
from trainer.cli import cli
from trainer.data.reviews import Reviews
from trainer.errors import RunFolderError
from trainer.fit.adapt import adapt
from trainer.fit.base import open_base
from trainer.fit.split import split
from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import rounded
from trainer.run.folder import RunFolder


@pytest.fixture(scope="module")
def adapted(network_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("adapted") / "run"
    return adapt(open_base(network_run.path), turned_reviews(), 0.2, out)


def accuracy(run: RunFolder, reviews: Reviews) -> float:
    return evaluate(run.predict(reviews.texts), reviews).metrics.accuracy


def test_words_that_have_turned_their_sense_are_learned(
    network_run: RunFolder, adapted: RunFolder
) -> None:
    others = turned_reviews(200, seed=8)
    assert accuracy(network_run, others) < 0.75
    assert accuracy(adapted, others) > 0.9


def test_that_a_model_learned_from_the_very_reviews_is_told(
    network_run: RunFolder, tmp_path: Path
) -> None:
    said: list[str] = []
    adapt(open_base(network_run.path), tiny_reviews(), 0.2, tmp_path / "run", say=said.append)
    assert said[0] == (
        "network learned from these very reviews: what it gives for them is too good, and there is "
        "nothing to adapt it to"
    )


def test_the_figures_are_those_of_held_out_reviews(
    network_run: RunFolder, adapted: RunFolder
) -> None:
    metrics, held_out = adapted.metrics, adapted.held_out()
    assert len(held_out) == metrics.held_out.reviews == 60
    assert metrics.held_out_folds == 5
    before = evaluate(network_run.predict(held_out.texts), held_out).metrics
    assert metrics.held_out_before_calibration == rounded(before)
    assert metrics.held_out.accuracy > before.accuracy + 0.1


def test_the_network_that_is_kept_is_the_one_that_was_measured(adapted: RunFolder) -> None:
    # Through lines of other folds its scores are a little different.
    after = evaluate(adapted.predict(adapted.held_out().texts), adapted.held_out()).metrics
    assert after.log_loss == pytest.approx(adapted.metrics.held_out.log_loss, abs=0.03)


def test_reviews_without_a_word_by_the_rules_of_the_base_are_left_out(
    network_run: RunFolder, tmp_path: Path
) -> None:
    base = open_base(network_run.path)
    base = replace(base, tokenizer=replace(base.tokenizer, rules=FirstRules()))
    # A word by the rules of this release, and none by the first ones.
    smiles = Reviews(pa.array([":)", ":("] * 20, pa.large_string()), np.tile([1, 0], 20), "smiles")
    reviews = Reviews.concatenate([turned_reviews(), smiles], "both")
    said: list[str] = []
    run = adapt(base, reviews, 0.2, tmp_path / "run", say=said.append)
    assert "left out 40 of 340 reviews, which have no word" in said
    assert run.metrics.held_out.reviews == 60
    assert run.metrics.held_out_before_calibration.reviews == 60


def with_word(reviews: Reviews, held: Reviews, word: str) -> Reviews:
    """Return the reviews without a word, but for those held out, which all have it."""
    held_texts = set(held.texts.to_pylist())
    texts = [
        f"{text} {word}" if text in held_texts else re.sub(rf"(?i)\b{word}\b", "the", text)
        for text in reviews.texts.to_pylist()
    ]
    return Reviews(pa.array(texts, pa.large_string()), reviews.labels, reviews.name)


def test_nothing_is_learned_of_the_words_of_held_out_reviews(
    network_run: RunFolder, tmp_path: Path
) -> None:
    base, reviews = open_base(network_run.path), turned_reviews()
    _, held = split(reviews, 0.2)
    run = adapt(base, with_word(reviews, held, "evening"), 0.2, tmp_path / "run")
    assert all("evening" in text for text in run.held_out().texts.to_pylist())
    table = run.network().get_layer("correction").get_weights()[0]
    ids = {word: number for number, word in enumerate(run.tokenizer.words, 2)}
    assert table[ids["evening"]] == 0
    assert table[ids["sad"]] > 0.1
    assert table[ids["fun"]] < -0.1


def test_groups_are_held_out_whole(network_run: RunFolder, tmp_path: Path) -> None:
    reviews = turned_reviews()
    groups = pa.array([str(row // 10) for row in range(300)], pa.large_string())
    grouped = Reviews(reviews.texts, reviews.labels, "mine", groups)
    run = adapt(open_base(network_run.path), grouped, 0.2, tmp_path / "run")
    held = np.isin(reviews.texts.to_numpy(False), run.held_out().texts.to_numpy(False))
    assert set(held.reshape(30, 10).sum(axis=1).tolist()) == {0, 10}
    assert run.provenance.data.grouped


def test_labels_that_say_nothing_correct_no_word(network_run: RunFolder, tmp_path: Path) -> None:
    plain = tiny_reviews(400, seed=5)
    texts = [" ".join(word for word in text.split() if word.strip(".").lower() in PLAIN) or "the"
             for text in plain.texts.to_pylist()]  # fmt: skip
    labels = np.random.default_rng(0).permutation(plain.labels)
    reviews = Reviews(pa.array(texts, pa.large_string()), labels, "noise")
    lines: list[str] = []
    run = adapt(open_base(network_run.path), reviews, 0.2, tmp_path / "run", say=lines.append)
    assert "chosen: not at all" in lines
    assert not any(layer.name == "correction" for layer in run.network().layers)
    # Then the best score is that of a coin.
    assert run.metrics.held_out.log_loss == pytest.approx(np.log(2), abs=0.05)


def test_few_reviews_of_one_label_only_calibrate(network_run: RunFolder, tmp_path: Path) -> None:
    reviews = turned_reviews(100)
    rows = np.sort(np.concatenate([np.flatnonzero(reviews.labels == 1), [0, 2]]))
    lines: list[str] = []
    adapt(open_base(network_run.path), reviews.take(rows), 0.4, tmp_path / "run", say=lines.append)
    assert lines[:4] == [
        "52 labelled reviews are few: they bring little, and the figures may be anything in their "
        "intervals; label 500 or more",
        "only 1 of the 21 held-out reviews are negative, so the figures say little of these; give "
        "more negative reviews, or a greater --held-out",
        "31 reviews to learn from, 21 held out",
        "too few reviews of one label to correct words: only the calibration is fitted",
    ]


def test_the_run_tells_its_base_and_its_data(network_run: RunFolder, adapted: RunFolder) -> None:
    provenance, base = adapted.provenance, adapted.provenance.base
    assert base is not None
    assert (base.name, base.sha256) == ("network", network_run.fingerprint)
    assert base.data == network_run.provenance.data
    assert base.command == network_run.provenance.command
    assert (provenance.data.name, provenance.data.reviews, provenance.data.held_out) == (
        "tiny",
        300,
        60,
    )
    assert provenance.command == "trainer adapt network tiny --held-out 0.2"
    assert provenance.settings == {**network_run.provenance.settings, "held_out": 0.2}
    assert list(adapted.metrics.calibration.slopes) == [
        "lstm", "wide_1", "wide_2", "wide_3", "correction",
    ]  # fmt: skip


def test_an_adapted_run_is_adapted_again(adapted: RunFolder, tmp_path: Path) -> None:
    again = adapt(open_base(adapted.path), tiny_reviews(300, seed=9), 0.2, tmp_path / "again")
    assert accuracy(again, tiny_reviews(200, seed=10)) > accuracy(adapted, tiny_reviews(200, 10))
    assert again.provenance.base is not None
    names = [base.name for base in again.provenance.base.line_of_descent()]
    assert names == ["run", "network"]
    names = [layer.name for layer in again.network().layers]
    assert names.count("correction") == 1


def test_the_same_reviews_give_the_same_network(
    network_run: RunFolder, adapted: RunFolder, tmp_path: Path
) -> None:
    again = adapt(open_base(network_run.path), turned_reviews(), 0.2, tmp_path / "again")
    texts = turned_reviews(50, seed=8).texts
    np.testing.assert_array_equal(again.predict(texts), adapted.predict(texts))


def test_a_taken_folder_is_refused(network_run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(RunFolderError, match="it exists and isn't an empty folder"):
        adapt(open_base(network_run.path), turned_reviews(), 0.2, tmp_path)
    assert left_in(tmp_path) == ["mine"]


def test_reviews_of_one_label_are_refused(network_run: RunFolder, tmp_path: Path) -> None:
    reviews = turned_reviews(50)
    positive = reviews.take(np.flatnonzero(reviews.labels))
    with pytest.raises(ReviewsError, match="all 25 reviews are positive; both kinds are needed"):
        adapt(open_base(network_run.path), positive, 0.2, tmp_path / "run")
    assert left_in(tmp_path) == []


def test_a_teacher_is_no_base(linear_run: RunFolder) -> None:
    with pytest.raises(RunFolderError) as refused:
        open_base(linear_run.path)
    assert str(refused.value) == (
        f"adapting {linear_run.path}: it holds no network that can be adapted; "
        "name a run of trainer fit or trainer adapt, or a model file"
    )


def test_a_base_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="there is no such file; models that ship: default, fast"):
        open_base(Path("none.onnx"))


def test_the_command_shows_before_and_after(network_run: RunFolder, tmp_path: Path) -> None:
    data = write_labelled(tmp_path / "mine.parquet", turned_reviews())
    test = write_labelled(tmp_path / "test.parquet", turned_reviews(200, seed=8))
    out = tmp_path / "run"
    done = run_here(cli, "adapt", network_run.path, data, "--out", out, "--test", test)
    assert done.returncode == 0, done.stderr
    heads = done.stdout.splitlines()[0].split("  ")
    names = [head.strip() for head in heads if head.strip()]
    assert names == ["held out before", "held out after", "test before", "test after"]
    cells = next(line.split() for line in done.stdout.splitlines() if line.startswith("accuracy "))
    before, after, test_before, test_after = map(float, cells[1:])
    assert after > before + 0.1
    assert test_after > test_before + 0.1
    lines = done.stderr.splitlines()
    assert lines[0] == f"read 300 reviews from {data}; starting Keras"
    assert lines[1] == "240 reviews to learn from, 60 held out"
    losses = "log loss over 5 folds, by how far words may be corrected: not at all 0."
    assert lines[2].startswith(losses)
    assert lines[3].startswith("chosen: ")
    assert lines[4].startswith("of 60 held-out reviews ")
    assert lines[-1] == f"wrote {out}"
    assert RunFolder.open(out).metrics.test is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: ["--held-out", "1"], "--held-out is 1.0; it must be below 1"),
        (lambda data: ["--labels", "5=positive"], "--labels is "),
    ],
)
def test_an_option_that_makes_no_sense_is_named_before_anything_is_read(
    change: Callable[[Path], list[str]], message: str, tmp_path: Path
) -> None:
    data = tmp_path / "none"
    done = run_here(cli, "adapt", "default", data, "--out", tmp_path / "run", *change(data))
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {message}")
    assert left_in(tmp_path) == []
