"""Files that appear complete, under their final name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scorer.system.background import in_background

PARTIAL_SUFFIX = ".partial"

# Runs a call that may take long, and returns when it is done.
Background = Callable[[Callable[[], None]], None]


class WholeFile:
    """A file that is written under a temporary name, then put in place or discarded.

    The temporary file is hidden and lies in the same folder, because a rename is atomic only within
    a file system. Its name depends on ``path`` alone: the next run replaces what a killed one left.

    Args:
        path: the final name.
        shared: whether several processes may write ``path`` at once. Each then has a temporary name
            of its own, and the last one to finish wins.

    Attributes:
        path: the final name.
        temporary: the name to write under.
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        name = f"{path.name}.{os.getpid()}" if shared else path.name
        self.temporary = partial_path(path.with_name(name))

    def put(self, background: Background = in_background) -> None:
        """Rename the temporary file to ``path``.

        The data are on the disk before the rename, so a power cut leaves the old file or the new.

        Args:
            background: waits for the disk. Gigabytes may be pending, and a signal must be answered.
        """
        background(lambda: sync(self.temporary))
        self.temporary.replace(self.path)
        sync(self.path.parent)

    def discard(self) -> None:
        """Remove the temporary file, if there is one."""
        with suppress(OSError):
            self.temporary.unlink()


@contextmanager
def whole_file(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Yield the name to write under; put the file in place if the block succeeds."""
    file = WholeFile(path, shared=shared)
    try:
        yield file.temporary
        file.put()
    except BaseException:
        file.discard()
        raise


def partial_path(path: Path) -> Path:
    """Return the temporary name of an unfinished file.

    >>> partial_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.partial'
    """
    return path.with_name(f".{path.name}{PARTIAL_SUFFIX}")


def sync(path: Path) -> None:
    """Wait until a file's data, or a folder's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
