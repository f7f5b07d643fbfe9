"""Options may stand in variables of the environment, and a shell completes the model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from helpers import run_here, some_texts, write_reviews
from scorer.cli import cli
from scorer.cli.options import model_names
from scorer.cli.run import run as run_command


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCORER_MODEL", "fast")
    return write_reviews(tmp_path / "in.parquet", some_texts(3))


def run(source: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "run", source, source.parent / "out.parquet", *words)


def test_a_variable_stands_for_an_option_and_the_command_line_goes_before_it(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORER_PREFIX", "by_variable_")
    monkeypatch.setenv("SCORER_REPORT", str(source.parent / "report.json"))
    monkeypatch.setenv("SCORER_QUALITY", "1")
    done = run(source, "--prefix", "typed_")
    assert (done.returncode, done.stderr) == (0, "")
    report = (source.parent / "report.json").read_text()
    assert '"name": "fast"' in report
    assert '"prefix": "typed_"' in report
    assert '"quality": true' in report


def test_every_option_of_run_has_one_but_force(source: Path) -> None:
    options = [one for one in run_command.params if isinstance(one, click.Option)]
    shown = " ".join(run_here(cli, "run", "--help").stdout.split())
    for option in options:
        variable = f"SCORER_{option.opts[0].removeprefix('--').replace('-', '_').upper()}"
        has_one = option.name != "force"
        assert (option.envvar == variable) is has_one
        assert (f"env var: {variable}" in shown) is has_one


def test_force_is_never_taken_from_a_variable(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORER_FORCE", "1")
    (source.parent / "out.parquet").write_text("somebody's")
    assert run(source).returncode == 3
    assert (source.parent / "out.parquet").read_text() == "somebody's"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SCORER_THREADS", "many", "Error: Invalid value for '--threads' (env var: "
         "'SCORER_THREADS'): 'many' is not a valid integer range.\n"),
        ("SCORER_KEEP", '"id', "(env var: 'SCORER_KEEP'): '\"id' is no list of columns"),
        ("SCORER_STATE_DIR", "s3://bucket/x", "--state-dir is set by SCORER_STATE_DIR\n"),
        ("SCORER_WHERE", "day", "--where is set by SCORER_WHERE\n"),
        ("SCORER_SUCCESS_FILE", "maybe", "(env var: 'SCORER_SUCCESS_FILE')"),
        ("SCORER_SAME_CPU", "1", "--same-cpu is set by SCORER_SAME_CPU\n"),
    ],
)  # fmt: skip
def test_an_invalid_value_names_its_variable(
    source: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = run(source)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (source.parent / "out.parquet").exists()


def test_what_was_typed_wrongly_names_no_variable(source: Path) -> None:
    assert "SCORER" not in run(source, "--threads", "many").stderr
    assert "SCORER" not in run(source, "--same-cpu").stderr


def test_an_empty_variable_is_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCORER_THREADS", "SCORER_KEEP", "SCORER_WHERE", "SCORER_ESCAPE"):
        monkeypatch.setenv(name, "")
    assert run(source).returncode == 0


def test_other_commands_take_the_model_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORER_MODEL", "none-such")
    done = run_here(cli, "text", "A delight.")
    assert (done.returncode, "loading the model none-such" in done.stderr) == (2, True)


def test_models_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far.onnx").touch()
    (tmp_path / "fig.txt").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models/a.onnx").touch()

    def completed(begun: str) -> list[str]:
        return [one.value for one in model_names(click.Context(cli), cli.params[0], begun)]

    assert completed("") == ["default", "fast", "far.onnx", "models/"]
    assert completed("f") == ["fast", "far.onnx"]
    assert completed("mo") == ["models/a.onnx"]
    assert completed(f"{tmp_path}/fa") == [f"{tmp_path}/far.onnx"]
    assert completed(".h") == [".hidden/"]
    assert completed("none/") == []


def test_a_shell_asks_without_loading_what_scores(tmp_path: Path) -> None:
    settings = {
        "_SCORER_COMPLETE": "bash_complete",
        "COMP_WORDS": "scorer run --model d",
        "COMP_CWORD": "3",
    }
    code = (
        "import sys; from scorer.__main__ import main; from contextlib import suppress\n"
        "with suppress(SystemExit):\n    main()\n"
        "print([name for name in ('onnxruntime', 'pyarrow', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | settings,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["plain,default", "[]"]
