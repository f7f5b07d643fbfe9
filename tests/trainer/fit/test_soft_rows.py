"""What a run learns from soft reviews: nothing that it holds out, whatever way it could get in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import run_here
from marked import PROBABILITIES, crops_of, marked_reviews, marks_in, soft_reviews, strings
from scorer.errors import ReviewsError
from scorer.tokenizer import UNKNOWN_ID, Tokens
from tiny import OPTIONS, tiny_settings
from trainer.cli import cli
from trainer.data.reviews import Reviews
from trainer.data.soft_reviews import SoftReviews
from trainer.errors import RunFolderError
from trainer.fit import network, soft_labels, training_set
from trainer.fit.soft_rows import SoftRows, choose_soft_rows
from trainer.fit.split import split
from trainer.fit.training_set import make_training_set
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_folder
from trainer.run.provenance import RunInputs

REVIEWS = marked_reviews()
FILMS = replace(REVIEWS, groups=strings(f"film {row // 10}" for row in range(100)))
WITHOUT_NAMES = replace(REVIEWS, ids=None)


def silent(line: str) -> None: ...


def rows_of(reviews: Reviews) -> list[int]:
    return sorted(marks_in(reviews.texts.to_pylist()))


def chosen(
    soft: SoftReviews, reviews: Reviews = REVIEWS, say: Callable[[str], None] = silent
) -> SoftRows:
    return choose_soft_rows(soft, *split(reviews, 0.2), say)


def whole_and_crops(reviews: Reviews, crop: str = "a crop of mark{}") -> SoftReviews:
    """Return all reviews and a crop of each, in groups that only the file knows."""
    texts = pa.concat_arrays([reviews.texts, strings(map(crop.format, range(100)))])
    return soft_reviews(texts, strings([*range(100), *range(100)]))


@pytest.mark.parametrize(
    ("reviews", "soft"),
    [
        (REVIEWS, crops_of(range(100))),
        (FILMS, crops_of(range(100))),
        (replace(FILMS, ids=None), soft_reviews(
            crops_of(range(100)).texts, strings(f"film {row // 10}" for row in range(100)))),
        (WITHOUT_NAMES, whole_and_crops(REVIEWS)),
    ],
    ids=["by id", "by id, films held out", "by film", "by the text of its review"],
)  # fmt: skip
def test_a_crop_is_left_out_with_its_review(reviews: Reviews, soft: SoftReviews) -> None:
    training, held_out = split(reviews, 0.2)
    kept = chosen(soft, reviews)
    assert marks_in(kept.texts.to_pylist()) == set(rows_of(training))
    assert not marks_in(kept.texts.to_pylist()) & set(rows_of(held_out))


def test_a_text_of_a_held_out_review_is_left_out_without_groups_too() -> None:
    training, held_out = split(WITHOUT_NAMES, 0.2)
    texts = pa.concat_arrays([held_out.texts, strings(["other words", "<br />", "more words"])])
    said: list[str] = []
    kept = choose_soft_rows(soft_reviews(texts, None), training, held_out, said.append)
    assert kept.texts.to_pylist() == ["other words", "more words"]
    assert kept.groups.tolist() == [80 + 20, 80 + 22]
    assert said == [
        "soft.parquet: left out 21 of 23 rows: 20 of held-out reviews or their groups, "
        "1 without a word"
    ]


def test_labelled_reviews_keep_their_labels() -> None:
    training, _ = split(REVIEWS, 0.2)
    texts = pa.concat_arrays([training.texts, strings(["other words"])])
    said: list[str] = []
    kept = chosen(soft_reviews(texts, None), say=said.append)
    assert kept.texts.to_pylist() == ["other words"]
    assert said == ["soft.parquet: left out 80 of 81 rows: 80 of texts that have a label"]


def test_a_crop_shares_the_group_of_its_review_and_others_have_their_own() -> None:
    training, _ = split(FILMS, 0.2)
    texts, groups = ["no review", "its crop"], ["u1", "u1"]
    soft = SoftReviews.concatenate(
        [crops_of(rows_of(training)), soft_reviews(strings(texts), strings(groups))]
    )
    kept = chosen(soft, FILMS)
    assert kept.groups[:-2].tolist() == training.group_numbers().tolist()
    own = kept.groups[-2:]
    assert own[0] == own[1] > training.group_numbers().max()


def test_a_crop_whose_review_is_known_by_its_text_shares_its_group() -> None:
    training, _ = split(WITHOUT_NAMES, 0.2)
    kept = chosen(whole_and_crops(REVIEWS), WITHOUT_NAMES)
    assert len(kept.groups) == 80
    numbers = dict(zip(rows_of(training), training.group_numbers(), strict=True))
    for text, group in zip(kept.texts.to_pylist(), kept.groups, strict=True):
        (mark,) = marks_in([text])
        assert numbers[mark] == group


def test_groups_that_cannot_be_recognised_are_told() -> None:
    said: list[str] = []
    chosen(crops_of(range(100)), WITHOUT_NAMES, said.append)
    assert said == [
        "tiny has no column review_id, and --group-column names none: crops of held-out reviews "
        "in soft.parquet are known by the text of their review only"
    ]
    chosen(soft_reviews(strings(["other words"]), None), WITHOUT_NAMES, said.append)
    chosen(soft_reviews(strings(["other words"]), strings(["u1"])), REVIEWS, said.append)
    assert len(said) == 1


def test_a_file_of_which_nothing_is_left_is_refused() -> None:
    _, held_out = split(REVIEWS, 0.2)
    with pytest.raises(ReviewsError) as caught:
        chosen(crops_of(rows_of(held_out)))
    assert str(caught.value) == (
        "training with the soft labels of soft.parquet: none of its 20 rows is left to learn from "
        "(20 of held-out reviews or their groups); give texts of other reviews"
    )


def test_targets_are_labels_and_probabilities() -> None:
    training, _ = split(REVIEWS, 0.2)
    rows = chosen(crops_of(rows_of(training)))
    made = make_training_set(training, None, None, (), rows, tiny_settings(vocabulary=500), silent)
    assert made.labelled == 80
    np.testing.assert_array_equal(made.targets[:80], training.labels)
    np.testing.assert_allclose(made.targets[80:], np.resize(PROBABILITIES, 80))
    assert made.groups[80:].tolist() == made.groups[:80].tolist()


def test_an_unlabeled_review_shares_the_group_of_its_soft_text_and_of_its_crops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training, _ = split(REVIEWS, 0.2)
    rows = chosen(soft_reviews(strings(["one text", "its crop"]), strings(["u1", "u1"])))
    monkeypatch.setattr(
        training_set, "soft_labels", lambda teachers, texts, say: np.full(len(texts), 0.5)
    )
    unlabeled = strings(["other text", "one text", "whole review"])
    ids = pa.array([None, "x", "u1"], pa.large_string())
    made = make_training_set(training, unlabeled, ids, (), rows, tiny_settings(), silent)
    assert made.groups[80:].tolist() == [80, 80, 81, 80, 80]
    without = make_training_set(training, unlabeled, None, (), rows, tiny_settings(), silent)
    assert without.groups[80:].tolist() == [80, 80, 81, 80, 83]


class Watched:
    """What the parts of a run are given, by the name of the part."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: dict[str, tuple[Any, ...]] = {}
        self._watch(monkeypatch, training_set, "build_tokenizer")
        self._watch(monkeypatch, network, "word_vectors")
        self._watch(monkeypatch, network, "fit_folds")
        self._watch(monkeypatch, network, "TrainingBatches")
        self._watch(monkeypatch, network, "calibrate")
        examples = network.Examples.of
        monkeypatch.setattr(network.Examples, "of", self._keeping("Examples", examples))

    def _watch(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        monkeypatch.setattr(module, name, self._keeping(name, getattr(module, name)))

    def _keeping(self, name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def keep(*arguments: Any, **named: Any) -> Any:
            self.given[name] = arguments
            return whole(*arguments, **named)

        return keep


def write(path: Path, reviews: Reviews) -> Path:
    columns = {"review_id": reviews.ids, "review": reviews.texts, "film": reviews.groups}
    pq.write_table(pa.table(columns | {"label": reviews.labels}), path)
    return path


def write_soft(path: Path, soft: SoftReviews) -> Path:
    columns = {"text": soft.texts, "probability": soft.probabilities, "group": soft.groups}
    pq.write_table(pa.table(columns), path)
    return path


def test_what_is_held_out_is_in_nothing_that_the_run_learns_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    training, held_out = split(FILMS, 0.2)
    # Crops by the id of their review, and all reviews with a crop in groups of other names.
    soft = [crops_of(range(100)), whole_and_crops(FILMS, "another crop of mark{}")]
    files = [write_soft(tmp_path / f"soft{part}.parquet", one) for part, one in enumerate(soft)]
    options = ["--out", tmp_path / "run", "--group-column", "film", *OPTIONS]
    options += ["--epochs", 1, "--vocabulary", 500, "--held-out", 0.2, "--max-tokens", 60]
    options += [word for file in files for word in ("--soft-labels", file)]
    done = run_here(cli, "fit", write(tmp_path / "films.parquet", FILMS), *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[1:3] == [
        "soft0.parquet, soft1.parquet: left out 140 of 300 rows: 60 of held-out reviews or their "
        "groups, 80 of texts that have a label",
        "240 reviews to train on, 20 held out, 101 words",
    ]
    run = RunFolder.open(tmp_path / "run")
    assert rows_of(run.held_out()) == rows_of(held_out)
    (counted,) = watched.given["build_tokenizer"]
    assert marks_in(counted.to_pylist()) == set(rows_of(training))
    assert marks_in(run.tokenizer.words) == set(rows_of(training))
    # All that was counted is in the vocabulary: an unknown word would come from another text.
    for name in ("Examples", "word_vectors", "TrainingBatches"):
        tokens = watched.given[name][0]
        assert isinstance(tokens, Tokens)
        assert len(tokens) == len(counted) == 3 * 80
        assert UNKNOWN_ID not in tokens.ids
    assert watched.given["calibrate"][0].texts.equals(held_out.texts)

    # A crop and its film are in one fold of the wide branch.
    _, groups, _ = watched.given["fit_folds"]
    films = [min(marks_in([text])) // 10 for text in counted.to_pylist()]
    assert len(set(zip(films, groups, strict=True))) == len(set(groups)) == 8

    data, both = run.provenance.data, SoftReviews.concatenate(soft)
    assert (data.soft_labels, data.soft_labels_sha256) == (300, both.fingerprint())
    assert run.provenance.command.endswith(
        " --soft-labels soft0.parquet --soft-labels soft1.parquet"
    )


def test_a_run_is_resumed_only_with_the_same_soft_labels(tmp_path: Path) -> None:
    soft = crops_of(range(100))
    changed = np.where(np.arange(100) == 3, 0.95, soft.probabilities).astype(np.float32)
    others = [
        RunInputs.of(REVIEWS),
        RunInputs.of(REVIEWS, soft=replace(soft, probabilities=changed)),
        RunInputs.of(REVIEWS, soft=crops_of(range(99))),
        RunInputs.of(REVIEWS, REVIEWS.texts, soft=soft),
    ]
    interrupted = RunId({}, RunInputs.of(REVIEWS, soft=soft).fingerprint)
    for other in others:
        with pytest.raises(RunFolderError, match="it was trained on other reviews"):
            prepare_folder(tmp_path, RunId({}, other.fingerprint), interrupted, resume=True)
    same = RunId({}, RunInputs.of(REVIEWS, soft=crops_of(range(100))).fingerprint)
    prepare_folder(tmp_path, same, interrupted, resume=True)


def test_a_run_without_soft_labels_has_the_fingerprint_of_before() -> None:
    assert RunInputs.of(REVIEWS).fingerprint == REVIEWS.fingerprint()


def test_a_file_that_makes_no_sense_is_refused_before_anything_else_is_read(
    tmp_path: Path,
) -> None:
    soft = crops_of(range(3))
    wrong = replace(soft, probabilities=np.array([0.1, np.nan, 2], np.float32))
    file = write_soft(tmp_path / "soft.parquet", wrong)
    options = ["--soft-labels", file, "--out", tmp_path / "run"]
    done = run_here(cli, "fit", tmp_path / "none.parquet", *options)
    assert (done.returncode, done.stderr) == (
        3,
        f"Error: reading soft labels from {file}: the probability of row 1 is nan; give the "
        "probability of positive, from 0 to 1\n",
    )


def test_ids_are_read_where_soft_labels_may_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def keep(reviews: Reviews, *rest: object, **named: object) -> None:
        given.update(named, reviews=reviews)
        raise ReviewsError("enough")

    monkeypatch.setattr(network, "fit", keep)
    monkeypatch.setattr(soft_labels, "open_teachers", lambda run_dirs, unlabeled: [])
    data = write(tmp_path / "films.parquet", FILMS)
    options = ["--unlabeled", data, "--out", tmp_path / "run"]
    assert run_here(cli, "fit", data, *options).returncode == 3
    assert given["reviews"].ids is None
    file = write_soft(tmp_path / "soft.parquet", crops_of(range(3)))
    assert run_here(cli, "fit", data, *options, "--soft-labels", file).returncode == 3
    assert given["reviews"].ids.equals(FILMS.ids)
    assert given["unlabeled_ids"].equals(FILMS.ids)
