"""``scorer explain`` as a user meets it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_here, some_texts, write_reviews
from scorer.cli import cli


def explain(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "explain", *arguments)


def on_a_terminal(*arguments: str, **variables: str) -> str:
    """Run the command with a terminal as its stdout; return what it shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "scorer", "explain", *arguments]
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    subprocess.run(command, stdout=theirs, env=environment, check=True, timeout=60)
    os.close(theirs)
    return os.read(ours, 1 << 16).decode()


def test_what_is_typed_is_explained_with_plain_marks_where_there_is_no_terminal() -> None:
    done = explain("--model", "fast", "A wonderful film.", "<br>")
    first, marked, strongest, *_, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert " positive  logit +" in first
    assert "wonderful[+++]" in marked
    assert strongest.endswith("  wonderful")
    assert last == "    -  no text   <br>"
    assert "\x1b" not in done.stdout


def test_a_terminal_gets_colours_unless_they_are_not_wanted() -> None:
    assert "\x1b[30;48;5;114mwonderful\x1b[0m" in on_a_terminal("A wonderful film.", NO_COLOR="")
    assert "wonderful[+++]" in on_a_terminal("A wonderful film.", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("A wonderful film.", NO_COLOR="", TERM="dumb")


def test_json_is_an_object_a_line() -> None:
    done = explain("--json", "--leave-out", "Dull\u202e.", "Fine.")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["row"], first["text"], second["row"]) == (1, "Dull\u202e.", 2)
    assert second["words"][0]["token"] == "fine"  # noqa: S105
    assert "\u202e" not in done.stdout


def test_rows_of_a_file_go_into_a_page_and_a_table(tmp_path: Path) -> None:
    texts = some_texts(60)
    source = write_reviews(tmp_path / "in.parquet", texts)
    page, table = tmp_path / "why.html", tmp_path / "why.parquet"
    done = explain("--input", source, "--rows", "12,40-50", "--html", page, "--output", table)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote {page}: 12 reviews\nwrote {table}: 12 reviews\n"
    rows = pq.read_table(table)
    assert sorted(set(rows["row"].to_pylist())) == [12, *range(40, 51)]
    assert page.read_text().count("<div ") == 12
    again = explain("--input", source, "--where", "id=3", "--html", page, "--output", table)
    assert again.returncode == 0
    assert set(pq.read_table(table)["row"].to_pylist()) == {4}


def test_a_row_is_named_by_its_number(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", ["good", "bad"])
    done = explain("--input", source, "--where", "id=1")
    assert done.stdout.startswith("row 2  0.")


def test_wrong_usage_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3))
    other = tmp_path / "other.html"
    other.write_text("mine")
    before = left_in(tmp_path)
    cases = [
        ((), 2, "nothing is to be explained; give TEXT or --input"),
        (("good", "--rows", "1"), 2, "--rows chooses in a file; add --input FILE"),
        (("good", "--input", source), 2, "TEXT and --input are given; give one of them"),
        (("good", "--html", other), 2, "other.html is not a page of scorer's"),
        (("--input", source, "--html", source), 2, "are the same file; name another one"),
        (("--input", source, "--rows", "9", "--html", tmp_path / "a.html"), 2, "none of them"),
        (("--input", source, "--text-column", "id"), 3, "column 'id' is of type int64, not text"),
        (("good", "--html", tmp_path / "no/a.html"), 2, "there is no folder"),
    ]
    for arguments, code, message in cases:
        done = subprocess.run(
            [sys.executable, "-m", "scorer", "explain", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
        assert (done.stdout, "Traceback" in done.stderr) == ("", False)
        assert left_in(tmp_path) == before


def test_lines_of_stdin_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "scorer", "explain", "--json", "-"]
    done = subprocess.run(command, input=b"good\n\nbad \xff\n", capture_output=True, check=True)
    found = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [(one["row"], one["text"]) for one in found] == [(1, "good"), (2, ""), (3, "bad �")]
