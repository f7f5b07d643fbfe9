"""Advice that follows the cause, for every error of the system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest

from scorer.errors import OutputError, ReviewsError
from scorer.storage.failures import reading, writing

PATH = Path("out/a.parquet")
DAMAGED = "check that it is a complete Parquet file"


def read_message(error: Exception) -> str:
    with pytest.raises(ReviewsError) as caught, reading(PATH):
        raise error
    return str(caught.value)


def written_message(error: Exception) -> str:
    with pytest.raises(OutputError) as caught, writing(PATH):
        raise error
    return str(caught.value)


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_an_error_of_the_system_is_never_blamed_on_the_file(number: int) -> None:
    said = os.strerror(number)
    read, written = read_message(OSError(number, said)), written_message(OSError(number, said))
    assert read.startswith(f"reading {PATH}: {said}; ")
    assert "Parquet" not in read
    for message in (read, written):
        assert not message.endswith("; ")
        assert "nothing was left" not in message
    assert written.startswith(f"writing {PATH}: {said}{',' if number == errno.ENOENT else ';'} ")


@pytest.mark.parametrize(
    ("number", "read", "written"),
    [
        (errno.EACCES, "let this user read it, and enter", "let this user write in its folder"),
        (errno.EPERM, "let this user read it, and enter", "let this user write in its folder"),
        (errno.EIO, "check the disk", "check the disk"),
        (errno.ESTALE, "run again when its file system is", "run again when its file system is"),
        (errno.EMFILE, "raise the limit on open files", "raise the limit on open files"),
        (errno.ENOSPC, "run again when the system can", "make room there and run again"),
        (errno.EDQUOT, "run again when the system can", "make room in this user's quota"),
        (errno.EROFS, "run again when the system can", "name an output on a file system that can"),
        (errno.ENOLCK, "run again when the system can", "name an output on a file system that has"),
    ],
)
def test_the_advice_follows_the_cause(number: int, read: str, written: str) -> None:
    error = OSError(number, os.strerror(number))
    assert f"; {read}" in read_message(error)
    assert f"; {written}" in written_message(error)


@pytest.mark.parametrize(
    "error", [OSError("Corrupt data."), pa.ArrowInvalid("Bad:"), ValueError("no"), OverflowError()]
)
def test_what_pyarrow_says_of_the_bytes_is_damage(error: Exception) -> None:
    assert read_message(error).endswith(f"; {DAMAGED}")
    assert ".;" not in read_message(error)


def test_a_lack_of_memory_may_be_damage_or_a_limit() -> None:
    message = read_message(pa.ArrowMemoryError("malloc of size 99 failed"))
    assert DAMAGED in message
    assert "raise its limits (ulimit -v" in message
