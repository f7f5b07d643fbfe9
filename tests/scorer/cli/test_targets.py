"""Paths of a command that are one file, and what a report may replace."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from helpers import run_command, some_texts, write_reviews
from scorer import SentimentModel, score_files
from scorer.errors import UsageError
from scorer.reports.report import Report


@pytest.fixture
def folder(tmp_path: Path, model: SentimentModel) -> Path:
    write_reviews(tmp_path / "in.parquet", some_texts(5))
    (tmp_path / "model.onnx").write_bytes(model.file.content)
    (tmp_path / "link.parquet").symlink_to("in.parquet")
    (tmp_path / "deep").mkdir()
    os.link(tmp_path / "in.parquet", tmp_path / "same.json")
    return tmp_path


def standing(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (one.st_ino, one.st_size, one.st_mtime_ns) for path, one in found.items()}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("scorer", "run", "in.parquet", "out.parquet", *arguments, cwd=folder)


def refused(folder: Path, *arguments: str) -> str:
    """Run a command that must be refused before anything is written; return its sentence."""
    before = standing(folder)
    done = run_command("scorer", "run", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert standing(folder) == before
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("Error: ").rstrip()


@pytest.mark.parametrize(
    ("first", "option", "second"),
    [
        ("the input in.parquet", "--report", "in.parquet"),
        ("the input in.parquet", "--report", "deep/../in.parquet"),
        ("the input in.parquet", "--report", "link.parquet"),
        ("the input in.parquet", "--report", "same.json"),
        ("the input in.parquet", "--metrics-file", "in.parquet"),
        ("the output out.parquet", "--report", "out.parquet"),
        ("the output out.parquet", "--report", "deep/../out.parquet"),
        ("the model model.onnx", "--report", "model.onnx"),
        ("--report x", "--metrics-file", "deep/../x"),
    ],
)
def test_no_two_paths_of_a_command_may_be_one_file(
    folder: Path, first: str, option: str, second: str
) -> None:
    others = ["--report", "x"] if first == "--report x" else []
    words = ("in.parquet", "out.parquet", "--model", "model.onnx", *others, option, second)
    assert refused(folder, *words) == (
        f"planning the run: {first} and {option} {second} are the same file; name another one"
    )


def test_an_output_may_not_be_the_model(folder: Path) -> None:
    message = refused(folder, "in.parquet", "model.onnx", "--model", "model.onnx", "--force")
    roles = "the output model.onnx and the model model.onnx"
    assert message == f"planning the run: {roles} are the same file; name another one"
    with pytest.raises(UsageError, match="are the same file"):
        score_files(folder / "in.parquet", folder / "model.onnx", model=folder / "model.onnx")


@pytest.mark.parametrize("option", ["--report", "--metrics-file"])
def test_a_report_replaces_only_one_of_ours(folder: Path, option: str) -> None:
    what = {"--report": "a report", "--metrics-file": "a metrics file"}[option]
    for name, content in (("notes", "mine"), ("data.json", '{"a": 1}'), ("x", "other_metric 1\n")):
        (folder / name).write_text(content)
        assert refused(folder, "in.parquet", "out.parquet", option, name) == (
            f"checking {option}: the file {name} is not {what} of scorer's; "
            "name another file, or remove that one first"
        )
    (folder / "empty").touch()
    for target in ("empty", "new"):
        for _ in range(2):
            done = run(folder, option, target)
            assert (done.returncode, done.stderr) == (0, "")
            assert (folder / target).stat().st_size > 100


def test_a_report_of_an_earlier_release_is_replaced(folder: Path) -> None:
    (folder / "report.json").write_text('{\n "report_version": 1,\n "started": "x"\n}\n')
    options = ["--report", "report.json"]
    assert run(folder, *options).returncode == 0
    assert json.loads((folder / "report.json").read_text())["report_version"] == 2


@pytest.mark.parametrize("option", ["--report", "--metrics-file"])
def test_devices_and_pipes_are_refused_with_the_way_to_stdout(folder: Path, option: str) -> None:
    os.mkfifo(folder / "pipe")
    for path, what in (("/dev/stdout", "a link"), ("/dev/null", "a device"), ("pipe", "a pipe")):
        assert refused(folder, "in.parquet", "out.parquet", option, path) == (
            f"checking {option}: {what} stands at {path}, and only a regular file is replaced; "
            f"name another file, or write to stdout with {option} -"
        )


def test_a_report_on_stdout_leaves_the_results_to_stderr(folder: Path) -> None:
    done = run(folder, "--report", "-")
    assert Report.from_text(done.stdout).total.rows == 5
    assert done.stderr.startswith("scored   out.parquet: 5 rows")
    assert not (folder / "-").exists()
    done = run(folder, "--metrics-file", "-")
    assert done.stdout.startswith("# HELP review_sentiment_")
    assert done.stderr == "skipped  out.parquet: already done\n"
    both = refused(folder, "in.parquet", "out.parquet", "--report", "-", "--metrics-file", "-")
    assert both == "checking --metrics-file: stdout takes it or --report; name a file"
