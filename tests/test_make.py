"""The Makefile as a user calls it: whatever a path holds reaches the command as it was typed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """Make environments whose commands print their arguments, one a line."""
    for name, command in (("base", "scorer"), ("full", "trainer"), ("full", "exporter")):
        path = tmp_path / name / "bin" / command
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
        path.chmod(0o755)
        (tmp_path / name / ".done").touch()
    return tmp_path


def make(environments: Path, *words: str) -> list[str]:
    """Run make; return the arguments that its command got."""
    command = ["make", "--no-print-directory", "-C", str(CHECKOUT), f"ENVS={environments}", *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    "path",
    ["my reviews.parquet", "a;touch pwned", "it's", "$(touch pwned)", "a$b", '"quoted"', "dumps/*"],
)
def test_score_passes_a_path_as_it_was_typed(environments: Path, path: str) -> None:
    assert make(environments, "score", f"IN={path}", "OUT=b c") == ["run", path, "b c"]
    assert make(environments, "score", f"IN={path}")[:2] == ["run", path]
    assert make(environments, "train", f"DATA={path}")[:3] == ["fit", path, "--out"]
    assert not (CHECKOUT / "pwned").exists()


def test_score_names_an_output_a_model_and_further_options(environments: Path) -> None:
    assert make(environments, "score") == ["demo", "scored/demo.parquet"]
    assert make(environments, "score", "IN=in/my dump/") == ["run", "in/my dump/", "scored/my dump"]
    words = ("IN=a.parquet", "MODEL=my model.onnx", "ARGS=--keep 'a b' --force")
    assert make(environments, "score", *words) == [
        "run", "a.parquet", "scored/a.parquet", "--model", "my model.onnx",
        "--keep", "a b", "--force",
    ]  # fmt: skip


def test_train_passes_further_options(environments: Path) -> None:
    words = make(environments, "train", "DATA=a.csv", "ARGS=--labels 'positive=4,5 negative=1,2'")
    assert words[-2:] == ["--labels", "positive=4,5 negative=1,2"]


def test_adapt_passes_a_model_and_further_options(environments: Path) -> None:
    words = make(environments, "adapt", "DATA=my reviews.csv", "ARGS=--held-out 0.3")
    assert words[:4] == ["adapt", "default", "my reviews.csv", "--out"]
    assert words[-2:] == ["--held-out", "0.3"]
    words = make(environments, "adapt", "DATA=a.csv", "MODEL=my model.onnx")
    assert words[:3] == ["adapt", "my model.onnx", "a.csv"]


def test_compare_takes_the_newest_model_against_the_one_before_it(environments: Path) -> None:
    words = ("IN=my dump/", "MODEL=my new.onnx", "ARGS=--by 'a b'")
    assert make(environments, "compare", *words, "BEFORE=") == [
        "compare", "default", "my new.onnx", "my dump/", "--by", "a b",
    ]  # fmt: skip
    assert make(environments, "compare", *words, "BEFORE=old one.onnx")[1] == "old one.onnx"


def test_the_newest_run_is_one_that_can_be_exported(tmp_path: Path) -> None:
    runs = {"old": "model.keras", "my run": "model.keras", "linear": "linear.npz", "none": None}
    for age, (name, model) in enumerate(runs.items()):
        (tmp_path / name).mkdir()
        for file in (model, "run.json" if model else "model.keras"):
            if file:
                (tmp_path / name / file).touch()
                os.utime(tmp_path / name / file, (1000 + age, 1000 + age))
    command = [str(CHECKOUT / ".ci/newest-run"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/my run\n"
    command[1] = str(tmp_path / "absent")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_export_passes_a_run_and_the_model_in_use(environments: Path) -> None:
    words = ("RUN=runs/my run", "NAME=new", "USED=models/old one.onnx")
    assert make(environments, "export", *words) == [
        "convert", "runs/my run", "models/new.onnx", "--not-worse-than", "models/old one.onnx",
    ]  # fmt: skip
