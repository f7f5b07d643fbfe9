from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from scorer.storage.notes import ATTRIBUTE, note_path, read_notes, state_folder, write_note


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path / "file"


@pytest.fixture
def no_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*rest: object, **others: object) -> bytes:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    for name in ("setxattr", "getxattr"):
        monkeypatch.setattr(os, name, refuse, raising=False)


def test_a_note_is_an_attribute_and_no_byte_of_its_file(file: Path) -> None:
    write_note(file, "seen", b"first")
    write_note(file, "seen", b"second")
    if not hasattr(os, "getxattr") or note_path(file, "seen").exists():
        pytest.skip("needs a file system with extended attributes")
    assert os.getxattr(file, ATTRIBUTE.format("seen")) == b"second"
    assert list(read_notes(file, "seen")) == [b"second"]
    assert list(read_notes(file, "other")) == []
    assert file.read_bytes() == b"content"
    assert not (file.parent / "state").exists()


@pytest.mark.usefixtures("no_attributes")
def test_where_there_are_no_attributes_it_is_a_file_that_only_the_user_reads(file: Path) -> None:
    write_note(file, "seen", b"first, which is longer")
    write_note(file, "seen", b"second")
    path = note_path(file, "seen")
    assert path.parent == file.parent / "state/review-sentiment/seen"
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(read_notes(file, "seen")) == [b"second"]
    # However the path is spelled.
    (file.parent / "link").symlink_to(file.parent)
    assert list(read_notes(file.parent / "link/file", "seen")) == [b"second"]
    assert list(read_notes(file.parent / "other", "seen")) == []


def test_both_are_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's file has an attribute that can be read, and not written."""
    write_note(file, "seen", b"theirs")

    def refuse(*rest: object, **others: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "setxattr", refuse, raising=False)
    write_note(file, "seen", b"ours")
    assert b"ours" in list(read_notes(file, "seen"))


@pytest.mark.usefixtures("no_attributes")
@pytest.mark.parametrize("trouble", ["no home", "a file", "a folder", "a pipe", "a link"])
def test_what_can_not_be_kept_or_read_is_no_error(
    file: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    path = note_path(file, "seen")
    if trouble == "no home":
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.setenv("HOME", "/proc/none")
    elif trouble == "a file":
        (file.parent / "state").write_bytes(b"")
    else:
        path.parent.mkdir(parents=True)
        (file.parent / "mine").write_bytes(b"mine")
        {"a folder": Path.mkdir, "a pipe": os.mkfifo}.get(
            trouble, lambda path: path.symlink_to(file.parent / "mine")
        )(path)
    write_note(file, "seen", b"note")
    assert list(read_notes(file, "seen")) in ([], [b""])
    if trouble == "a link":
        assert (file.parent / "mine").read_bytes() == b"mine"


def test_the_state_folder_is_the_users_choice_if_it_is_an_absolute_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder() == Path("/state")
    for ignored in ("", "state"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert state_folder() == tmp_path / ".local/state"
    monkeypatch.setattr("sys.platform", "darwin")
    assert state_folder() == tmp_path / "Library/Application Support"
