"""Files that appear whole, under their final name, or not at all; and files that one process holds."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scorer.aside import aside

PARTIAL_SUFFIX = ".partial"


@contextmanager
def whole_file(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Give a name to write under; rename it to ``path`` when the block ends well, remove it when it doesn't.

    The bytes are on the disk before the name is: a power cut leaves the old file or the new one.
    The temporary name is hidden, in the same folder (a rename is only atomic within a file system) and always the
    same for a ``path``, so that what a killed run left behind is replaced by the next. Where several processes may write
    a ``shared`` path at once, each has a name of its own, and the last to end wins.
    """
    temporary = partial_path(path.with_name(f"{path.name}.{os.getpid()}") if shared else path)
    try:
        yield temporary
        # Gigabytes may wait to be written: aside, so that a signal is answered meanwhile.
        aside(lambda: _sync(temporary))
        temporary.replace(path)
        _sync(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def partial_path(path: Path) -> Path:
    """Return the name under which a file is written.

    >>> partial_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.partial'
    """
    return path.with_name(f".{path.name}{PARTIAL_SUFFIX}")


def hold_file(path: Path) -> int | None:
    """Open a file, made where it is missing, and lock it until its handle is closed or this process ends.

    Returns:
        The handle; None where another process, or this one by another handle, holds the file.

    Raises:
        OSError: it can't be opened, or its file system has no locks.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        # Whoever held it removed it between our opening and our locking: what we locked has no name any more.
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
