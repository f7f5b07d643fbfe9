from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scorer.storage import identity
from scorer.storage.identity import SETTLED_NS, FileIdentity, hash_file

CONTENT = bytes(range(256)) * 5000


def written(path: Path, content: bytes = CONTENT) -> FileIdentity:
    path.write_bytes(content)
    return FileIdentity.of(path.stat())


@pytest.mark.parametrize("content", [b"", b"x", CONTENT, bytes(1 << 20), bytes((2 << 20) + 1)])
def test_the_hash_is_that_of_the_whole_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    assert hash_file(path, written(path, content)) == hashlib.sha256(content).hexdigest()


def edit_in_place(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_another(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"\xff" + CONTENT[1:])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


CHANGES = [edit_in_place, replace_by_another, append]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_it_was_looked_at_has_no_hash(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    before = written(path)
    change(path)
    assert FileIdentity.of(path.stat()) != before
    assert hash_file(path, before) is None


@pytest.mark.parametrize("change", [edit_in_place, append])
def test_a_file_that_changes_while_it_is_hashed_has_no_hash(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path, rest = tmp_path / "file", []
    before = written(path)

    def change_once() -> None:
        if not rest:
            rest.append(change(path))

    assert hash_file(path, before, change_once) is None


def test_hashing_ends_when_it_is_told_to_and_takes_steps_of_a_mebibyte(tmp_path: Path) -> None:
    path, steps = tmp_path / "file", []

    def end() -> None:
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hash_file(path, written(path, bytes(10 << 20)), end)
    assert len(steps) == 3


def test_another_device_or_ctime_is_another_file_and_the_time_of_looking_is_not(
    tmp_path: Path,
) -> None:
    one = written(tmp_path / "file")
    for name in ("device", "inode", "size", "mtime_ns", "ctime_ns"):
        assert replace(one, **{name: getattr(one, name) + 1}) != one
    assert replace(one, taken_ns=one.taken_ns + 1) == one


@pytest.mark.parametrize("newest", ["mtime_ns", "ctime_ns"])
def test_a_file_is_settled_two_seconds_after_both_its_times(
    monkeypatch: pytest.MonkeyPatch, newest: str
) -> None:
    monkeypatch.setattr(identity, "time_ns", lambda: 10 * SETTLED_NS)
    times = {"mtime_ns": 0, "ctime_ns": 0}
    for age, is_settled in ((0, False), (SETTLED_NS, False), (SETTLED_NS + 1, True)):
        one = FileIdentity(1, 1, 1, **(times | {newest: 0}), taken_ns=age)
        assert one.is_settled is is_settled
    # A clock that is behind that of the file server trusts nothing.
    assert not FileIdentity(1, 1, 1, **(times | {newest: 9}), taken_ns=1).is_settled
