"""Which content a file has: what the system says of it, and the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns

from scorer.system.records import optional

CHUNK_BYTES = 1 << 20

# A file system may keep times to two seconds only (FAT), or to a tick of its clock. Two changes
# within one such step leave the same times, so times this new don't tell whether another follows:
# https://git-scm.com/docs/racy-git
SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class FileIdentity:
    """What the system says of a file without reading it.

    Every change of the content moves ``ctime_ns``, which no program can set; another file under the
    same name has another inode or device.

    Attributes:
        device: of the file system.
        inode: of the file.
        size: in bytes.
        mtime_ns: time of the last change of the content, which programs may set.
        ctime_ns: time of the last change of the content, the name or the rights.
        taken_ns: the time now. It is not compared.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    taken_ns: int = field(compare=False)

    @classmethod
    def of(cls, found: os.stat_result) -> FileIdentity:
        """Return the identity of a file that was looked at just now."""
        return cls(
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            ctime_ns=found.st_ctime_ns,
            taken_ns=time_ns(),
        )

    @property
    def is_settled(self) -> bool:
        """Whether a later change would have moved one of the times."""
        return self.taken_ns - max(self.mtime_ns, self.ctime_ns) > SETTLED_NS


@dataclass(frozen=True)
class InputId:
    """What tells one input from another.

    Attributes:
        sha256: of the whole file, in hex; empty for an object.
        etag: of an object, the tag that its store gave to this version; empty for a file.
        size: of an object, in bytes.
    """

    sha256: str = optional("")
    etag: str = optional("")
    size: int = optional(0)


def hash_file(
    path: Path, identity: FileIdentity, check: Callable[[], None] = lambda: None
) -> str | None:
    """Return the SHA-256 of a file, in hex; None if it isn't what it was, or changes meanwhile.

    Args:
        path: the file.
        identity: what was seen before.
        check: called before each MiB; it ends the reading by raising.

    Raises:
        OSError: the file can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        is_same = FileIdentity.of(os.fstat(file.fileno())) == identity
        buffer = memoryview(bytearray(min(CHUNK_BYTES, identity.size + 1)))
        while is_same and (size := file.readinto(buffer)):
            check()
            digest.update(buffer[:size])
        is_same = is_same and FileIdentity.of(os.fstat(file.fileno())) == identity
    return digest.hexdigest() if is_same else None


def read_file(path: Path, identity: FileIdentity) -> bytes | None:
    """Return the bytes of a file; None if it isn't what it was, or changes meanwhile.

    Args:
        path: the file.
        identity: what was seen before.

    Raises:
        OSError: the file can't be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if FileIdentity.of(os.fstat(handle)) != identity:
            return None
        content = os.read(handle, identity.size)
        is_same = FileIdentity.of(os.fstat(handle)) == identity
    finally:
        os.close(handle)
    return content if is_same and len(content) == identity.size else None
