"""What an engine needs and isn't there is named, with the command that installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import run_here, some_texts, write_reviews
from scorer.cli import cli
from scorer.engines import ray, spark


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_reviews(tmp_path / "in/a.parquet", some_texts(3))


@pytest.mark.parametrize(
    ("engine", "room", "sentence"),
    [
        ("spark", spark, "running on Spark: pyspark is not installed; run: pip install "
                         "'review-sentiment[spark]'"),
        ("ray", ray, "running on Ray: ray is not installed; run: pip install "
                     "'review-sentiment[ray]'"),
    ],
)  # fmt: skip
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, room: object,
    sentence: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    done = run_here(cli, "run", "--engine", engine, reviews.parent, tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: {sentence}\n"
    assert not (tmp_path / "out").exists()


def test_missing_java_is_named_but_not_where_a_server_is(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    done = run_here(cli, "run", "--engine", "spark", reviews.parent, tmp_path / "out")
    assert done.returncode == 2
    assert "it needs Java 17 or newer, and there is none; install it" in done.stderr
    monkeypatch.setenv("SPARK_REMOTE", "sc://host")
    spark.check_installed()


def test_options_that_do_not_fit_the_engine_are_refused(reviews: Path, tmp_path: Path) -> None:
    words = ("run", reviews, tmp_path / "out.parquet")
    done = run_here(cli, *words, "--same-cpu")
    assert "--same-cpu is about workers; add --engine spark|ray" in done.stderr
    done = run_here(cli, *words, "--engine", "ray", "--threads", "2")
    assert "leave --threads out" in done.stderr
    assert done.returncode == 2


def test_a_run_without_an_engine_imports_none(reviews: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from scorer.__main__ import main; from contextlib import suppress\n"
        f"sys.argv = ['scorer', 'run', {str(reviews)!r}, {str(tmp_path / 'out.parquet')!r}]\n"
        "with suppress(SystemExit):\n    main()\n"
        "print([name for name in sys.modules if name.startswith(('scorer.engines', 'pyspark', "
        "'ray.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
