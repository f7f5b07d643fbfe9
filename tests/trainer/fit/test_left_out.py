"""A domain that is left out: in nothing that a run learns from, and measured when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from domains import in_domains, texts_of, write_reviews_of

from helpers import run_here
from marked import crops_of, marks_in, soft_reviews, strings
from scorer.card import ByDomain
from scorer.errors import ReviewsError, UsageError
from tiny import OPTIONS
from trainer.cli import cli
from trainer.data.sources import read_unlabeled
from trainer.data.tables import Layout
from trainer.data.unlabeled import Unlabeled
from trainer.fit import network, soft_labels, training_set
from trainer.fit.left_out import LeftOut, set_apart
from trainer.fit.soft_rows import choose_soft_rows
from trainer.fit.split import split
from trainer.run.folder import RunFolder
from trainer.run.provenance import RunInputs

# Rows 0 to 59 are of books, 60 to 99 of kitchen things, the others of toys.
REVIEWS = in_domains({"books": 60, "kitchen": 40, "toys": 40})
KITCHEN = set(range(60, 100))


def test_the_reviews_of_a_domain_are_set_apart() -> None:
    kept, left_out = set_apart(REVIEWS, ["kitchen"])
    assert left_out is not None
    assert left_out.reviews is not None
    assert marks_in(left_out.reviews.texts.to_pylist()) == KITCHEN
    assert marks_in(kept.texts.to_pylist()) == set(range(140)) - KITCHEN
    assert set_apart(REVIEWS, []) == (REVIEWS, None)


def test_the_others_are_split_as_if_it_had_never_been_there() -> None:
    kept, _ = set_apart(REVIEWS, ["kitchen"])
    for domain in ("books", "toys"):
        held = [texts_of(split(reviews, 0.2)[1], domain) for reviews in (kept, REVIEWS)]
        assert held[0] == held[1]


def test_an_unknown_domain_is_refused_with_a_list() -> None:
    with pytest.raises(UsageError) as caught:
        set_apart(REVIEWS, ["kitchen", "garden"])
    assert str(caught.value) == "--leave-out is 'garden'; the domains are books, kitchen, toys"
    with pytest.raises(UsageError) as caught:
        set_apart(replace(REVIEWS, domains=None), ["garden"])
    assert str(caught.value) == (
        "--leave-out is 'garden', but the data tell of no domains; name the column that does with "
        "--domain-column"
    )
    with pytest.raises(ReviewsError, match="--leave-out leaves no labelled review of it"):
        set_apart(REVIEWS, ["books", "kitchen", "toys"])


def test_a_domain_may_be_that_of_soft_labels_only() -> None:
    soft = replace(crops_of([1]), domains=strings(["garden"]))
    kept, left_out = set_apart(REVIEWS, ["garden"], soft)
    assert len(kept) == len(REVIEWS)
    assert left_out == LeftOut(("garden",), None)


def test_soft_rows_are_left_out_by_their_domain_their_review_and_its_text() -> None:
    kept, left_out = set_apart(REVIEWS, ["kitchen"])
    training, held_out = split(kept, 0.2)
    texts = ["of a kitchen", "a crop of mark61", REVIEWS.texts[62].as_py(), "of no review"]
    soft = replace(
        soft_reviews(strings(texts), strings(["u1", "r61", "u2", "u3"])),
        domains=pa.array(["kitchen", "books", None, "books"], pa.large_string()),
    )
    said: list[str] = []
    rows = choose_soft_rows(soft, training, held_out, said.append, left_out)
    assert rows.texts.to_pylist() == ["of no review"]
    assert rows.domains is not None
    assert rows.domains.to_pylist() == ["books"]
    assert said == ["soft.parquet: left out 3 of 4 rows: 3 of domains left out"]


def test_soft_rows_whose_group_is_in_two_files_are_left_out() -> None:
    twice = replace(
        REVIEWS,
        ids=strings(f"r{row % 100}" for row in range(140)),
        sources=np.repeat([0, 1], [100, 40]).astype(np.int32),
    )
    training, held_out = split(twice, 0.2)
    ids = training.ids.to_pylist() if training.ids is not None else []
    ambiguous = next(name for name in ids if int(name[1:]) < 40 and ids.count(name) == 2)
    single = next(name for name in ids if int(name[1:]) >= 40)
    said: list[str] = []
    soft = soft_reviews(strings(["one crop", "another"]), strings([ambiguous, single]))
    rows = choose_soft_rows(soft, training, held_out, said.append)
    assert rows.names.to_pylist() == [single]
    assert said == [
        "soft.parquet: left out 1 of 2 rows: 1 of groups with the name of another source's"
    ]


def test_unlabeled_reviews_are_left_out_by_their_domain(tmp_path: Path) -> None:
    path = write_reviews_of(tmp_path / "u.parquet", REVIEWS)
    unlabeled = read_unlabeled(path, Layout(id_column="review_id"))
    kept = unlabeled.without(["kitchen", "toys"])
    assert marks_in(kept.texts.to_pylist()) == set(range(60))
    assert kept.ids.to_pylist() == [f"r{row}" for row in range(60)]
    nowhere = Unlabeled(unlabeled.texts, unlabeled.ids, pa.nulls(140, pa.large_string()))
    assert len(nowhere.without(["kitchen"]).texts) == 140


def test_a_run_is_resumed_only_with_the_same_domains() -> None:
    runs = [
        RunInputs.of(REVIEWS),
        RunInputs.of(REVIEWS, leave_out=("garden",)),
        RunInputs.of(replace(REVIEWS, domains=strings(["a", "b"] * 70))),
        RunInputs.of(replace(REVIEWS, domains=None)),
        RunInputs.of(replace(REVIEWS, held_out=np.zeros(140, np.int8))),
    ]
    assert len({run.fingerprint for run in runs}) == 5
    one = replace(REVIEWS, domains=strings(["books"] * 140))
    assert RunInputs.of(one).fingerprint == REVIEWS.fingerprint()


def watch(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, given: dict[str, Any]
) -> None:
    whole: Callable[..., Any] = getattr(module, name)

    def keep(*arguments: Any, **named: Any) -> Any:
        given[name] = arguments
        return whole(*arguments, **named)

    monkeypatch.setattr(module, name, keep)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Books and kitchen things in a file with domains; toys in one without."""
    folder = tmp_path_factory.mktemp("data")
    rows = np.arange(140)
    return [
        write_reviews_of(folder / "shop.parquet", REVIEWS.take(rows[:100])),
        write_reviews_of(folder / "toys.parquet", replace(REVIEWS.take(rows[100:]), domains=None)),
    ]


def test_what_is_left_out_is_in_nothing_that_a_network_learns_from(
    data: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    watch(monkeypatch, training_set, "build_tokenizer", given)
    watch(monkeypatch, network, "calibrate", given)
    monkeypatch.setattr(
        training_set, "soft_labels", lambda teachers, texts, say: np.full(len(texts), 0.5)
    )
    monkeypatch.setattr(soft_labels, "open_teachers", lambda run_dirs, unlabeled: [])
    soft = crops_of(range(140))
    columns = {"text": soft.texts, "probability": soft.probabilities, "group": soft.groups}
    pq.write_table(pa.table(columns), tmp_path / "soft.parquet")
    unlabeled = write_reviews_of(tmp_path / "unlabeled.parquet", REVIEWS)
    options = ["--leave-out", "kitchen", "--out", tmp_path / "run", *OPTIONS, "--epochs", 1]
    options += ["--vocabulary", 500, "--balance", 0.5, "--unlabeled", unlabeled]
    options += ["--soft-labels", tmp_path / "soft.parquet", "--test", data[0], "--test", data[1]]
    done = run_here(cli, "fit", *data, *options)
    assert done.returncode == 0, done.stderr
    assert f"{unlabeled}: left out 40 of 140 reviews by their domain" in done.stderr
    (counted,) = given["build_tokenizer"]
    assert not marks_in(counted.to_pylist()) & KITCHEN
    assert not marks_in(given["calibrate"][0].texts.to_pylist()) & KITCHEN
    run = RunFolder.open(tmp_path / "run")
    assert not marks_in(run.tokenizer.words) & KITCHEN
    assert not marks_in(run.held_out().texts.to_pylist()) & KITCHEN
    assert run.held_out().domain_counts() == {"books": 6, "toys": 4}
    assert run.provenance.data.domains == {"books": 60, "toys": 40}
    assert run.provenance.data.left_out == {"kitchen": 40}
    assert run.provenance.command.startswith("trainer fit shop.parquet toys.parquet --preset ")
    assert " --leave-out kitchen" in run.provenance.command
    assert counts_of(run.metrics.domains) == {
        "held out": {"books": 6, "toys": 4},
        "left out": {"kitchen": 40},
        "test": {"books": 60, "kitchen": 40, "toys": 40},
    }
    assert run.metrics.left_out is not None
    assert run.metrics.left_out.reviews == 40
    assert "left out of training" in (run.path / "report.html").read_text()
    told = [line.split()[:4] for line in done.stdout.splitlines()]
    assert ["left", "out", "kitchen", "40"] in told
    assert ["test", "mean", "of", "3"] in told


def counts_of(domains: ByDomain | None) -> dict[str, dict[str, int]]:
    assert domains is not None
    return {
        name: {one.domain: one.reviews for one in part} for name, part in domains.parts().items()
    }


def test_a_teacher_that_learned_from_the_domain_is_told(data: list[Path], tmp_path: Path) -> None:
    done = run_here(cli, "linear", *data, "--out", tmp_path / "teacher")
    assert done.returncode == 0, done.stderr
    said: list[str] = []
    teacher = RunFolder.open(tmp_path / "teacher")
    soft_labels.warn_of_learned_domains([teacher], ["kitchen"], said.append)
    assert said == [
        "teacher learned from the domain kitchen, which this run leaves out; train it again "
        "without that domain"
    ]
    soft_labels.warn_of_learned_domains([teacher], ["garden"], said.append)
    assert len(said) == 1


def test_commands_tell_each_domain(data: list[Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    # As `make train` has it: further files stand behind the options.
    done = run_here(cli, "linear", data[0], "--leave-out", "toys", "--out", run, data[1])
    assert done.returncode == 0, done.stderr
    header = ["reviews", "accuracy", "balanced", "balanced,", "95%", "log", "loss", "calibration"]
    assert [*header, "error"] in [line.split() for line in done.stdout.splitlines()]
    done = run_here(cli, "evaluate", run, *data)
    assert done.returncode == 0, done.stderr
    assert ["test", "books", "60"] in [line.split()[:3] for line in done.stdout.splitlines()]
    done = run_here(cli, "compare", run, run)
    (toys,) = (line.split() for line in done.stdout.splitlines() if "toys" in line)
    assert toys[:3] == ["left", "out", "toys"]
    assert toys[3] == toys[4]


def test_one_domain_has_no_table(data: list[Path], tmp_path: Path) -> None:
    done = run_here(cli, "linear", data[1], "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "balanced" not in done.stdout
    run = RunFolder.open(tmp_path / "run")
    assert run.metrics.domains is None
    assert run.provenance.data.domains is None
    assert "The run knows of no domains" in (run.path / "report.html").read_text()
