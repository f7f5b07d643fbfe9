"""Names that hold anything: no line is forged, no terminal moved; JSON has the real path."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers import run_command, some_texts, write_reviews
from scorer.console import show, tell

FORGED = "evil\nError: all fine"
TURNED = "rtl\u202etxt"
BROKEN = "bad\x1b[31m\u2028name"
NO_UTF8 = os.fsdecode(b"caf\xe9")
NO_PARQUET = "it does not end as a Parquet file does; check that it was copied whole"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    for name in (FORGED, TURNED):
        write_reviews(tmp_path / f"in/{name}.parquet", some_texts(9))
    for name in (BROKEN, NO_UTF8):
        (tmp_path / f"in/{name}.parquet").write_text("no Parquet")
    return tmp_path / "in"


def test_text_has_a_line_a_file_whatever_their_names(dump: Path, tmp_path: Path) -> None:
    done = run_command("scorer", "run", dump, tmp_path / "out")
    assert done.returncode == 3
    scored = [line.split(": 9 rows")[0] for line in done.stdout.splitlines()]
    assert scored == [
        rf"scored   {tmp_path}/out/evil\nError: all fine.parquet",
        rf"scored   {tmp_path}/out/rtl\u202etxt.parquet",
        "4 files: 2 scored, 2 failed; 18 rows written",
    ]
    first, second, last = done.stderr.splitlines()
    assert first == rf"failed   reading {dump}/bad\x1b[31m\u2028name.parquet: {NO_PARQUET}"
    assert second.startswith(rf"failed   reading {dump}/caf\udce9.parquet: ")
    assert last == "Error: 2 of 4 files failed, each is named above; mend them and run again"


def test_the_json_log_and_the_report_keep_the_real_paths(dump: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ("run", dump, tmp_path / "out", "--log-format", "json", "--report", report)
    done = run_command("scorer", *words)
    *files, job, error = map(json.loads, done.stderr.splitlines())
    names = [BROKEN, NO_UTF8, FORGED, TURNED]
    expected = [f"{dump}/{name}.parquet" for name in names]
    assert [one["input"] for one in files] == expected
    assert [one["status"] for one in files] == ["failed", "failed", "scored", "scored"]
    assert [one["level"] for one in files] == ["error", "error", "info", "info"]
    assert files[2]["message"].startswith(rf"{tmp_path}/out/evil\nError: all fine.parquet: 9 rows")
    assert (job["scored"], job["failed"], job["rows"]) == (2, 2, 18)
    assert error["message"].startswith("2 of 4 files failed")
    stored = json.loads(report.read_text(encoding="utf-8"))
    assert [one["input"] for one in stored["files"]] == expected
    assert stored["model"]["name"] == "default"
    assert "\u202e" not in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (["run", "no\nfile", "out"], r"Error: planning the run: the input no\nfile does not exist"),
        (["run", "--no\nsuch"], r"Error: No such option '--no\nsuch'."),
        (["run", "\udce9\x1b", "out"], r"input \udce9\x1b does not exist"),
        (["inspect", "a\nb"], r"Error: loading the model a\nb: there is no such file; models"),
        (["run", "a", "b", "--model-sha256", "\u202e"], r"'\u202e' is not a SHA-256"),
    ],
)
def test_a_usage_error_is_one_line_whatever_was_typed(
    tmp_path: Path, words: list[str], last: str
) -> None:
    done = run_command("scorer", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert last in done.stderr.splitlines()[-1]


def test_a_text_is_shown_on_one_line() -> None:
    done = run_command("scorer", "text", "--model", "fast", "A delight.\x1b[2J\nTruly.")
    assert done.stdout.splitlines()[0].endswith(r"A delight.\x1b[2J\nTruly.")
    assert len(done.stdout.splitlines()) == 1


def test_a_page_keeps_its_lines_and_a_line_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    show("a\nb\x1b")
    tell("a\nb", "c")
    assert capsys.readouterr().out == "a\nb\\x1b\na\\nb\nc\n"


def test_a_line_that_stdout_has_no_letters_for_ends_no_job(tmp_path: Path) -> None:
    write_reviews(tmp_path / "映画.parquet", some_texts(3))
    env = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = run_command(
        "scorer", "run", tmp_path / "映画.parquet", tmp_path / "out.映画.parquet", env=env
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"out.\u6620\u753b.parquet: 3 rows" in done.stdout
