"""Standard streams that are closed, full, or read by nobody: the job and its exit code stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import left_in, some_texts, write_reviews

UNREAD = 7  # a shell knows numbers of one digit

# What a shell does to the streams of a command. Python can't have them closed.
STREAMS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "both closed": ">&- 2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "nobody reads stdout": ">&7",
    "nobody reads stderr": "2>&7",
    "nobody reads either": ">&7 2>&7",
}
FORMATS = ["text", "json"]


def in_shell(streams: str, *command: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m …`` with its streams redirected; 7 is a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    python = [sys.executable, "-m", *map(str, command)]
    try:
        return subprocess.run(
            ["sh", "-c", f'exec "$@" {streams} 7>&-', "sh", *python],
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.dup2(writer, UNREAD),
            close_fds=False,
            check=False,
        )
    finally:
        os.close(writer)


def write_dump(folder: Path) -> Path:
    """Write two good files, and one between them that fails."""
    for name in ("a", "b", "c"):
        write_reviews(folder / f"{name}.parquet", some_texts(20))
    (folder / "b.parquet").write_text("no Parquet")
    return folder


@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("log_format", FORMATS)
def test_a_message_that_nobody_can_read_ends_no_job(
    tmp_path: Path, streams: str, log_format: str
) -> None:
    source = write_dump(tmp_path / "in")
    run = ["scorer", "run", source, "--log-format", log_format]
    expected = in_shell("", *run, tmp_path / "expected")
    assert expected.returncode == 3
    done = in_shell(streams, *run, tmp_path / "out")
    assert done.returncode == 3
    assert left_in(tmp_path / "out") == ["a.parquet", "c.parquet"]
    for name in left_in(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "expected" / name).read_bytes()
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    # The stream that is left says what it would have said.
    if "2>" not in streams:
        lines = done.stderr.splitlines()
        lost = ["No space left on device; the job goes on" in line for line in lines]
        assert sum(lost) == ("full" in streams)
        assert len(lines) - sum(lost) == len(expected.stderr.splitlines())
    if ">" not in streams.replace("2>", ""):
        assert len(done.stdout.splitlines()) == len(expected.stdout.splitlines())


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", "2>&7"])
def test_an_error_that_nobody_can_read_still_has_its_exit_code(
    tmp_path: Path, streams: str
) -> None:
    assert in_shell(streams, "scorer", "run", tmp_path / "none", tmp_path / "out").returncode == 2
    assert in_shell(streams, "scorer", "run", "--no-such-option").returncode == 2
    assert in_shell(streams, "scorer", "inspect", tmp_path).returncode == 4


def test_what_was_asked_for_and_cannot_be_printed_is_a_failure() -> None:
    done = in_shell(">/dev/full", "scorer", "text", "Good.")
    message = "Error: writing to stdout: No space left on device; send it to another place\n"
    assert (done.returncode, done.stderr) == (3, message)
    for words in (["scorer", "--help"], ["scorer", "run", "--help"], ["scorer", "--version"]):
        done = in_shell(">/dev/full", *words)
        assert (done.returncode, done.stderr) == (3, message)
    done = in_shell(">&7", "scorer", "text", "Good.")
    assert (done.returncode, done.stderr) == (1, "")
