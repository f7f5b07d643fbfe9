"""What was seen of an input when its output was done, so that a rerun need not read the input.

It is a cache: without it, or with an older one, the input is hashed, and the answer is the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scorer.storage.identity import FileIdentity
from scorer.storage.notes import read_notes, write_note
from scorer.storage.stores import ObjectIdentity
from scorer.system.records import from_json, to_json

SEEN_VERSION = 1
NAME = "seen"


@dataclass(frozen=True)
class Seen:
    """An input as it was when its output was done.

    Attributes:
        version: of this record.
        input: what the system said of the input before it was hashed.
        promise: SHA-256 of what was asked for, and of the output's stamp; see ``promise_of``.
    """

    version: int
    input: FileIdentity
    promise: str

    @classmethod
    def of(cls, identity: FileIdentity | ObjectIdentity, promise: str) -> Seen | None:
        """Return the record of an input that was hashed; an object's needs none, it has a tag."""
        if isinstance(identity, ObjectIdentity):
            return None
        return cls(SEEN_VERSION, identity, promise)


def write_seen(output: Path, seen: Seen | None) -> None:
    """Keep what was seen with an output; outside its bytes, which must not depend on it.

    Args:
        output: the file; of an object the stand-in, which needn't be there.
        seen: the record, if there is one.
    """
    if seen is not None:
        write_note(output, NAME, json.dumps(to_json(seen)).encode())


def kept_promises(output: Path, source: Path) -> set[str]:
    """Return the promises kept with an output, as far as its input hasn't changed since.

    The input is looked at once, and not opened. What was seen too soon after a change isn't
    trusted.
    """
    records = [seen for seen in map(_read, read_notes(output, NAME)) if seen is not None]
    if not records:
        return set()
    try:
        now = FileIdentity.of(source.stat())
    except OSError:
        return set()
    return {seen.promise for seen in records if seen.input.is_settled and seen.input == now}


def _read(note: bytes) -> Seen | None:
    """Read a record; None if it isn't one of this version."""
    try:
        seen = from_json(Seen, json.loads(note))
    except (ValueError, RecursionError):
        return None
    return seen if seen.version == SEEN_VERSION else None
