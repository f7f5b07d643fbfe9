from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from scorer.planning.seen import NAME, SEEN_VERSION, Seen, kept_promises, write_seen
from scorer.storage.identity import SETTLED_NS, FileIdentity
from scorer.storage.notes import write_note


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("in", "out"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path / "out", tmp_path / "in"


def seen_later(path: Path, promise: str) -> Seen:
    identity = FileIdentity.of(path.stat())
    return Seen.of(replace(identity, taken_ns=identity.taken_ns + 2 * SETTLED_NS), promise)


def test_a_promise_holds_until_its_input_changes(paths: tuple[Path, Path]) -> None:
    output, source = paths
    assert kept_promises(output, source) == set()
    write_seen(output, seen_later(source, "promise"))
    assert kept_promises(output, source) == {"promise"}
    os.utime(source, ns=(1, 1))
    assert kept_promises(output, source) == set()
    write_seen(output, seen_later(source, "again"))
    assert kept_promises(output, source) == {"again"}
    source.unlink()
    assert kept_promises(output, source) == set()


def test_a_promise_of_an_input_that_had_just_changed_does_not_hold(
    paths: tuple[Path, Path],
) -> None:
    output, source = paths
    write_seen(output, Seen.of(FileIdentity.of(source.stat()), "promise"))
    assert kept_promises(output, source) == set()


def test_a_record_of_another_version_is_left_out(paths: tuple[Path, Path]) -> None:
    output, source = paths
    write_seen(output, replace(seen_later(source, "promise"), version=SEEN_VERSION + 1))
    assert kept_promises(output, source) == set()


@pytest.mark.parametrize(
    "note",
    [b"", b"\xff", b"null", b"{}", b"[" * 30_000, b"9" * 9000, b'{"version": 1}',
     b'{"version": 1, "input": {"device": "1"}, "promise": "promise"}'],
)  # fmt: skip
def test_what_is_no_record_is_left_out(paths: tuple[Path, Path], note: bytes) -> None:
    output, source = paths
    write_note(output, NAME, note)
    assert kept_promises(output, source) == set()
