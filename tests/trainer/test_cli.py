from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers import left_in, run_command
from tiny import OPTIONS, write_tiny
from trainer.cli import cli
from trainer.run.compare import compare
from trainer.run.folder import RunFolder
from trainer.settings import DocumentSettings, LinearSettings, RunSettings, Settings, option_name


def test_the_recipe_by_commands(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet")
    more = write_tiny(tmp_path / "more.parquet", 100, seed=3)
    linear, student = tmp_path / "linear", tmp_path / "student"
    done = run_command("trainer", "linear", data, "--out", linear)
    assert (done.returncode, done.stdout.split()[:4]) == (0, ["held", "out", "reviews", "30"])
    teaching = ["--unlabeled", more, "--teacher", linear]
    options = [*teaching, "--out", student, "--wide-slots", "128", *OPTIONS, "--epochs", "1"]
    done = run_command("trainer", "fit", data, *options)
    assert done.returncode == 0, done.stderr
    assert "370 reviews to train on, 30 held out" in done.stderr
    done = run_command("trainer", "compare", linear, student)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["linear", "student"]), done.stderr
    done = run_command("trainer", "evaluate", linear, more)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_print_the_same_tables(network_run: RunFolder, tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "test.parquet", 60, seed=1)
    done = run_command("trainer", "evaluate", network_run.path, data)
    assert (done.returncode, done.stderr) == (0, "")
    assert network_run.metrics.test is not None
    accuracy = ["accuracy", str(network_run.metrics.test.accuracy)]
    assert accuracy in [line.split() for line in done.stdout.splitlines()]
    done = run_command("trainer", "compare", network_run.path, network_run.path)
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
