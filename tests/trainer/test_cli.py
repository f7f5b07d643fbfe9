from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from helpers import left_in, run_here
from tiny import OPTIONS, tiny_reviews, write_tiny
from trainer.cli import cli
from trainer.run.compare import compare
from trainer.run.folder import RunFolder
from trainer.settings import DocumentSettings, LinearSettings, RunSettings, Settings, option_name


def test_the_recipe_by_commands(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet")
    more = write_tiny(tmp_path / "more.parquet", 100, seed=3)
    linear, student = tmp_path / "linear", tmp_path / "student"
    done = run_here(cli, "linear", data, "--out", linear)
    assert (done.returncode, done.stdout.split()[:4]) == (0, ["held", "out", "reviews", "30"])
    teaching = ["--unlabeled", more, "--teacher", linear]
    options = [*teaching, "--out", student, "--wide-slots", "128", *OPTIONS, "--epochs", "1"]
    done = run_here(cli, "fit", data, *options)
    assert done.returncode == 0, done.stderr
    assert "370 reviews to train on, 30 held out" in done.stderr
    done = run_here(cli, "compare", linear, student)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["linear", "student"]), done.stderr
    done = run_here(cli, "evaluate", linear, more)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_print_the_same_tables(network_run: RunFolder, tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "test.parquet", 60, seed=1)
    done = run_here(cli, "evaluate", network_run.path, data)
    assert (done.returncode, done.stderr) == (
        0,
        "test.parquet: 60 reviews are few, and the figures may be anything in their 95% intervals; "
        "measure on more\n",
    )
    assert network_run.metrics.test is not None
    accuracy = ["accuracy", str(network_run.metrics.test.accuracy)]
    assert accuracy in [line.split() for line in done.stdout.splitlines()]
    done = run_here(cli, "compare", network_run.path, network_run.path)
    assert (done.returncode, done.stdout) == (0, compare([network_run]) + "\n")


@pytest.mark.parametrize(
    ("command", "kind"),
    [("fit", Settings), ("linear", LinearSettings), ("documents", DocumentSettings)],
)
def test_the_options_of_a_command_come_from_its_settings(
    command: str, kind: type[RunSettings]
) -> None:
    settings = [one for one in fields(kind) if one.name != "preset"]
    shown = " ".join(CliRunner().invoke(cli, [command, "--help"]).output.split())
    for one in settings:
        assert f"[default: {one.default}" in shown.split(f" {option_name(one.name)} ")[1]
    options = {param.name: param for param in cli.commands[command].params}
    assert {one.name for one in settings} <= set(options)
    assert all(options[one.name].default is None for one in settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear", "--vocabulary", "0"], "--vocabulary is 0; it must be at least 1"),
        (["linear", "--held-out", "1"], "--held-out is 1.0; it must be below 1"),
        (["documents", "--epochs", "0"], "--epochs is 0; it must be at least 1"),
        (["documents", "--held-out", "0"], "--held-out is 0.0; it must be above 0"),
        (["documents", "--seed", "-1"], "--seed is -1; it must be at least 0"),
        (["fit", "--epochs", "0"], "--epochs is 0; it must be at least 1"),
    ],
)
def test_an_option_out_of_its_limits_is_named_before_anything_is_read(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    paths = [str(tmp_path / "none"), "--out", str(tmp_path / "run")]
    if arguments[0] == "documents":
        paths += ["--unlabeled", str(tmp_path / "none")]
    done = CliRunner().invoke(cli, [*arguments, *paths])
    assert (done.exit_code, done.stderr) == (2, f"Error: {message}\n")
    assert left_in(tmp_path) == []


def write_stars(path: Path, rows: int) -> Path:
    """Write the tiny reviews with stars: 1 and 5, and 3 for every tenth."""
    reviews = tiny_reviews(rows)
    stars = [3 if row % 10 == 0 else 1 + 4 * label for row, label in enumerate(reviews.labels)]
    pq.write_table(pa.table({"review": reviews.texts, "stars": stars}), path)
    return path


def test_stars_become_labels_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    data = write_stars(tmp_path / "stars.parquet", 200)
    options = ["linear", str(data), "--out", str(tmp_path / "run"), "--label-column", "stars"]
    done = CliRunner().invoke(cli, options)
    assert (done.exit_code, done.stdout) == (3, "")
    advice = "say what they mean, --labels 'positive=5 negative=1'\n"
    assert done.stderr.endswith(f"the column holds '1' (80), '3' (20), '5' (100): {advice}")
    done = CliRunner().invoke(cli, [*options, "--labels", "positive=5 negative=1"])
    assert done.exit_code == 0, done.stderr
    left_out = f"{data}: left out 20 of 200 rows, whose labels have no meaning: '3' (20)"
    assert done.stderr.splitlines()[0] == left_out
    assert done.stdout.splitlines()[1].split() == ["reviews", "18"]
    assert any(line.startswith("accuracy, 95%") for line in done.stdout.splitlines())
    assert RunFolder.open(tmp_path / "run").provenance.command == (
        "trainer linear stars.parquet --vocabulary 60000 --held-out 0.1 --label-column stars "
        "--labels 'negative=1 positive=5'"
    )
    told = done.stderr.splitlines()
    assert told[1] == (
        "only 8 of the 18 held-out reviews are negative, so the figures say little of these; give "
        "more negative reviews, or a greater --held-out"
    )
    assert told[-3:-1] == [
        "the figures on the held-out reviews are cross-fitted, 5 folds",
        "held out: 18 reviews are few, and the figures may be anything in their 95% intervals; "
        "measure on more",
    ]


@pytest.mark.parametrize("option", [["--labels", "5=positive"], ["--encoding", "klingon"]])
def test_a_layout_that_makes_no_sense_is_refused_before_anything_is_read(
    option: list[str], tmp_path: Path
) -> None:
    paths = [str(tmp_path / "none"), "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(cli, ["linear", *paths, *option])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {option[0]} is ")


def test_a_name_that_holds_a_newline_forges_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_here(cli, "linear", "no\nError: all fine", "--out", "run")
    assert done.returncode in (2, 3)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: reading ")
    assert r"no\nError: all fine" in line
