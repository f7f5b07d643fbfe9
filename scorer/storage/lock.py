"""A file that one process holds: an advisory lock that ends with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def hold_file(path: Path, mode: int = 0o666) -> int | None:
    """Open a file, creating it if it is missing, and lock it until the handle is closed.

    The lock ends with the process, however the process ends.

    Args:
        path: of the file.
        mode: most of its permissions, if it is created.

    Returns:
        The open handle; None if another process holds the lock, or this one does by another handle.

    Raises:
        OSError: the file can't be opened, is a link, or its file system has no locks.
    """
    while True:
        # A link is not followed, and a pipe is not waited for.
        handle = os.open(path, LOCK_FLAGS, mode)
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
        # The previous holder removed the file after we opened it: our lock has no name any more.
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
