"""Drift as a user meets it: line, report, metrics, exit code, and what is refused."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers import run_here, write_reviews
from scorer import SentimentModel
from scorer.cli import cli
from scorer.reports.report import read_report
from tampered import with_metadata

ALIKE = ("a", "fine", "story", "of", "two", "old", "friends", "and", "their", "boat")


def texts(rows: int, seed: int, words: tuple[str, ...] = ALIKE) -> list[str | None]:
    """Return reviews of 20 to 60 words."""
    chance = random.Random(seed)  # noqa: S311  # test data
    return [" ".join(chance.choices(words, k=chance.randint(20, 60))) for _ in range(rows)]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Last night, a night like it, and one of which a third is noise.
    write_reviews(tmp_path / "last.parquet", texts(400, 1))
    write_reviews(tmp_path / "alike.parquet", texts(300, 2))
    write_reviews(tmp_path / "other.parquet", [*texts(200, 3), *texts(100, 4, ("qwrt", "xzvb"))])


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "run", "--model", "fast", "--threads", 1, *arguments)


def refused(*arguments: object) -> str:
    """Return the message of a run that is refused before anything is written."""
    before = sorted(Path().iterdir())
    done = run("alike.parquet", "refused.parquet", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sorted(Path().iterdir()) == before
    return done.stderr


@pytest.fixture
def last() -> Path:
    """Return the report of last night."""
    assert run("last.parquet", "last.out", "--report", "last.json").returncode == 0
    return Path("last.json")


@pytest.fixture
def old_model(model: SentimentModel) -> Path:
    """Return a model file of a release that wrote no reference."""
    content = SentimentModel.load("fast").file.content
    Path("old.onnx").write_bytes(with_metadata(content, {"reference": None}))
    return Path("old.onnx")


def test_a_night_like_the_last_one_passes_and_says_so(last: Path) -> None:
    done = run("alike.parquet", "out.parquet", "--reference", last, "--fail-on-drift", 0.2)
    assert (done.returncode, done.stderr) == (0, "")
    line = done.stdout.splitlines()[-1]
    assert line.startswith("no drift from the 400 rows of last.json: score 0.")


def test_another_night_ends_with_5_after_everything_is_written(last: Path) -> None:
    done = run(
        "other.parquet", "out.parquet", "--reference", last, "--fail-on-drift", 0.2,
        "--report", "now.json", "--metrics-file", "now.prom",
    )  # fmt: skip
    assert done.returncode == 5
    line = done.stdout.splitlines()[-1]
    assert line.startswith("DRIFT from the 400 rows of last.json: score ")
    assert line.endswith(" (drift)")
    assert done.stderr == (
        f"Error: {line}; all is written, and 0.2 was allowed: see 'drift' in the report, and look "
        "at the rows before they are used\n"
    )
    assert pq.read_metadata("out.parquet").num_rows == 300
    report = read_report(Path("now.json"))
    assert report.distribution is not None
    assert report.drift is not None
    assert report.drift.norm.bins == read_report(last).distribution
    unknown = report.drift.measures[2]
    assert (unknown.name, unknown.is_drift) == ("unknown", True)
    assert (sum(unknown.expected), sum(unknown.found)) == (400, 300)
    assert len(unknown.bounds) + 1 == len(unknown.expected) == len(unknown.found)
    metrics = Path("now.prom").read_text().splitlines()
    assert f'review_sentiment_drift_psi{{measure="unknown"}} {unknown.psi:.17g}' in metrics
    assert 'review_sentiment_drift{measure="unknown"} 1' in metrics


def test_without_an_option_drift_is_told_and_changes_neither_bytes_nor_the_exit_code(
    last: Path,
) -> None:
    plain = run("other.parquet", "plain.parquet")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert plain.stdout.splitlines()[-1].startswith("DRIFT from the ")
    assert ", the nearest domain: score " in plain.stdout
    run("other.parquet", "out.parquet", "--reference", last)
    assert Path("plain.parquet").read_bytes() == Path("out.parquet").read_bytes()


def test_files_that_failed_go_before_drift(last: Path) -> None:
    Path("in").mkdir()
    Path("other.parquet").rename("in/other.parquet")
    Path("in/broken.parquet").write_text("no parquet")
    done = run("in", "out", "--reference", last, "--fail-on-drift", 0.2)
    assert done.returncode == 3
    assert "\nDRIFT from the 400 rows of last.json: " in done.stdout


def test_rows_of_files_that_are_skipped_are_not_told_of_again(last: Path) -> None:
    assert run("other.parquet", "out.parquet").returncode == 0
    done = run(
        "other.parquet", "out.parquet", "--reference", last, "--fail-on-drift", 0.2,
        "--report", "again.json",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "no row was scored, so no drift is told"
    assert not {"drift", "distribution"} & set(json.loads(Path("again.json").read_text()))


def test_a_domain_can_be_named_and_one_that_is_unknown_lists_those_there_are() -> None:
    done = run("alike.parquet", "out.parquet", "--reference-domain", "films")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(
        "DRIFT from the 2,000 held-out reviews of films: score "
    )
    assert refused("--reference-domain", "cars").startswith(
        "Error: reading the options: the model knows no domain 'cars'; name one of all, airlines, "
        "amazon_apparel, "
    )


def edited(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    stored = json.loads(path.read_text())
    change(stored)
    Path("edited.json").write_text(json.dumps(stored))
    return Path("edited.json")


def test_a_report_that_does_not_fit_is_refused_in_one_sentence(last: Path) -> None:
    sha256 = SentimentModel.load("fast").file.sha256
    for change, problem in [
        (
            lambda stored: stored.pop("distribution"),
            "comparing with the report edited.json: it doesn't tell how its rows lie, since none "
            "was scored or an earlier release wrote it; name another report",
        ),
        (
            lambda stored: stored["model"].update(sha256="0" * 64),
            "comparing with the report edited.json: it is of the model 000000000000, and this "
            f"run's is {sha256[:12]}; name a report of the same model",
        ),
        (
            lambda stored: stored["distribution"].update(version=9),
            "reading the report edited.json: the report has bins of version 9, this release has 1; "
            "name a file that --report wrote",
        ),
    ]:
        assert refused("--reference", edited(last, change)) == f"Error: {problem}\n"
    assert refused("--reference", "none.json") == (
        "Error: reading the report none.json: No such file or directory; name a file that --report "
        "wrote\n"
    )


def test_options_that_clash_are_refused(last: Path) -> None:
    assert refused("--reference", last, "--reference-domain", "films") == (
        "Error: reading the options: --reference and --reference-domain are given; name one\n"
    )
    assert "last.json" in refused("--reference", last, "--report", last)


def test_a_model_without_a_reference_tells_no_drift_and_refuses_to_fail_on_it(
    old_model: Path, last: Path
) -> None:
    done = run("other.parquet", "out.parquet", "--model", old_model, "--report", "old.json")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    report = read_report(Path("old.json"))
    assert (report.drift, report.distribution is None) == (None, False)
    for option in (("--fail-on-drift", 0.2), ("--reference-domain", "films")):
        assert refused("--model", old_model, *option) == (
            f"Error: reading the options: {option[0]} needs to know the held-out reviews of the "
            "model old.onnx, and its file tells nothing of them; export it again, or compare with "
            "a former run: --reference REPORT\n"
        )
    own = run("alike.parquet", "own.parquet", "--model", old_model, "--reference", "old.json")
    assert own.stdout.splitlines()[-1].startswith("DRIFT from the 300 rows of old.json: ")


def shards(*options: object) -> list[str]:
    """Score the folder ``in`` in three shards; return the paths of their reports."""
    for number in (1, 2, 3):
        done = run("in", "out", "--shard", f"{number}/3", "--report", f"{number}.json", *options)
        assert done.returncode == 0
    return ["1.json", "2.json", "3.json"]


@pytest.fixture
def parts() -> None:
    """Write the folder ``in`` with the other night, in six files."""
    table = pq.read_table("other.parquet")
    Path("in").mkdir()
    for number in range(6):
        pq.write_table(table.slice(50 * number, 50), f"in/{number}.parquet")


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    "options", [("--reference-domain", "films"), ("--reference", "last.json")], ids=str
)
def test_the_drift_of_merged_shards_is_that_of_the_whole_run(
    last: Path, options: tuple[object, ...]
) -> None:
    whole = run("in", "whole", *options, "--report", "whole.json")
    reports = shards(*options)
    done = run_here(cli, "merge-reports", *reports, "--fail-on-drift", 0.2, "--report", "all.json")
    assert done.returncode == 5
    assert done.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    merged, report = read_report(Path("all.json")), read_report(Path("whole.json"))
    assert merged.distribution == report.distribution
    assert merged.drift == report.drift
    assert run_here(cli, "merge-reports", *reports).returncode == 0


@pytest.mark.usefixtures("parts")
def test_merged_shards_are_compared_with_the_nearest_of_their_nearest_domains() -> None:
    reports = shards()
    assert run_here(cli, "merge-reports", *reports, "--report", "all.json").returncode == 0
    merged = read_report(Path("all.json")).drift
    drifts = [drift for one in reports if (drift := read_report(Path(one)).drift)]
    assert merged.norm in [one.norm for one in drifts]
    assert (merged.is_nearest, {one.is_nearest for one in drifts}) == (True, {True})


@pytest.mark.usefixtures("parts")
def test_shards_that_were_compared_with_different_reviews_are_refused(last: Path) -> None:
    reports = shards("--reference", last)
    edited(Path("3.json"), lambda stored: stored["drift"]["norm"].update(name="rows of a.json"))
    Path("edited.json").replace("3.json")
    done = run_here(cli, "merge-reports", *reports)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: merging the reports: the shards were compared with the 400 rows of last.json and "
        "with the 400 rows of a.json; run them again with one --reference, or one "
        "--reference-domain\n"
    )


@pytest.mark.usefixtures("parts")
def test_merged_shards_of_a_model_without_a_reference_refuse_to_fail_on_drift(
    old_model: Path,
) -> None:
    reports = shards("--model", old_model)
    assert run_here(cli, "merge-reports", *reports).returncode == 0
    done = run_here(cli, "merge-reports", *reports, "--fail-on-drift", 0.2)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: merging the reports: --fail-on-drift has nothing to compare with, since the "
        "model's file tells nothing of its held-out reviews; run the shards with --reference\n"
    )
