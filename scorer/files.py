"""Files that appear whole, under their final name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL_SUFFIX = ".partial"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write under; rename it to ``path`` when the block ends well, remove it when it doesn't.

    The bytes are on the disk before the name is: a power cut leaves the old file or the new one.
    The temporary name is hidden, in the same folder (a rename is only atomic within a file system) and always the
    same for a ``path``, so that what a killed run left behind is replaced by the next.
    """
    temporary = path.with_name(f".{path.name}{PARTIAL_SUFFIX}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
