"""Files that appear complete, under their final name, or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scorer.errors import OutputError
from scorer.storage.names import helper_path
from scorer.system.background import in_background

# Permissions of the owner of a file that is being written.
OWNER = 0o600
PARTIAL_SUFFIX = ".partial"
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# Runs a call that may take long, and returns when it is done.
Background = Callable[[Callable[[], None]], None]


class WholeFile:
    """A file that is written under a temporary name, then put in place or discarded.

    The temporary file is hidden and lies in the same folder, because a rename is atomic only within
    a file system.

    Args:
        path: the final name.
        temporary: the name to write under, an empty file of ours, whose permissions are the most
            that the file may have; by default one is created under a name of its own, and gets the
            permissions of the file that it replaces.

    Attributes:
        path: the final name.
        temporary: the name to write under.

    Raises:
        OSError: the temporary file can't be created.
    """

    def __init__(self, path: Path, temporary: Path | None = None) -> None:
        self.path = path
        self._keeps_mode = temporary is None
        self.temporary = temporary or _new_temporary(path)

    def open(self) -> int:
        """Open the temporary file to be written; return the handle.

        Raises:
            OSError: it can't be opened.
        """
        return os.open(self.temporary, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def put(self, background: Background = in_background) -> None:
        """Rename the temporary file to ``path``.

        The data are on the disk before the rename, so a power cut leaves the old file or the new.

        Args:
            background: waits for the disk. Gigabytes may be pending, and a signal must be answered.

        Raises:
            OutputError: something that isn't a regular file stands at ``path``.
        """
        self.make_ready()
        background(self.sync)
        self.rename()
        self.sync_name()

    def make_ready(self) -> None:
        """Check that the file may be put in place, and give it its permissions.

        Raises:
            OutputError: something that isn't a regular file stands at ``path``.
        """
        check_replaceable(self.path)
        self._set_mode()

    def sync(self) -> None:
        """Wait until the data are on the disk."""
        sync(self.temporary)

    def rename(self) -> None:
        """Put the file in place; its data are on the disk.

        Raises:
            OutputError: something that isn't a regular file stands at ``path``.
        """
        check_replaceable(self.path)
        self.temporary.replace(self.path)

    def sync_name(self) -> None:
        """Wait until the file's new name is on the disk."""
        sync(self.path.parent)

    def _set_mode(self) -> None:
        """Give the file the permissions of the one that it replaces, or fewer."""
        existing = _permissions(self.path)
        if existing is None:
            return
        handle = os.open(self.temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            own = stat.S_IMODE(os.fstat(handle).st_mode)
            mode = existing if self._keeps_mode else existing & own
            if mode != own:
                os.fchmod(handle, mode)
        finally:
            os.close(handle)

    def discard(self) -> None:
        """Remove the temporary file, if there is one."""
        with suppress(OSError):
            self.temporary.unlink()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield the name to write under; put the file in place if the block succeeds."""
    file = WholeFile(path)
    try:
        yield file.temporary
        file.put()
    except BaseException:
        file.discard()
        raise


def check_replaceable(path: Path) -> None:
    """Check that nothing but a regular file would be replaced: no link, no folder, no device.

    Raises:
        OutputError: something else stands there.
    """
    kind = other_kind(path)
    if kind is not None:
        raise OutputError(
            f"writing {path}: {kind} stands there; move it away or name another output"
        )


def stands(path: Path) -> bool:
    """Whether a regular file stands at a path.

    Raises:
        OutputError: something else does.
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        check_replaceable(path)
    return True


def holds_other(path: Path, start: bytes) -> bool:
    """Whether a file stands at a path that isn't empty and begins otherwise.

    Raises:
        OSError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(start)) not in (b"", start)
    except FileNotFoundError:
        return False


def other_kind(path: Path) -> str | None:
    """Return what stands at a path, in words; None for a regular file, or nothing."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if stat.S_ISREG(mode) else KINDS.get(stat.S_IFMT(mode), "something else")


def partial_path(path: Path) -> Path:
    """Return the temporary name of an unfinished output.

    It depends on the output alone, so that the next run finds what a killed one left.

    >>> partial_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.partial'
    """
    return helper_path(path, PARTIAL_SUFFIX)


def create(path: Path, mode: int) -> None:
    """Create an empty file; a link there is not followed.

    Args:
        path: of the file.
        mode: most of its permissions; the umask may leave fewer.

    Raises:
        OSError: it can't be created, or something stands there.
    """
    os.close(os.open(path, NEW_FILE, mode))


def mode_for(path: Path, most: int = 0o666) -> int:
    """Return the permissions to create a file with that will replace another, or nothing.

    Group and others get no more than on the file that is replaced.

    Args:
        path: the final name.
        most: permissions that group and others may get.
    """
    existing = _permissions(path)
    return OWNER | (most & 0o066 & (0o777 if existing is None else existing))


def write_all(handle: int, content: bytes | memoryview) -> None:
    """Write bytes to an open file, all of them.

    Raises:
        OSError: they can't be written.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def sync(path: Path) -> None:
    """Wait until a file's data, or a folder's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_each(folders: Iterable[Path]) -> None:
    """Wait until the entries of some folders are on the disk."""
    for folder in folders:
        sync(folder)


def _new_temporary(path: Path) -> Path:
    """Create an empty file under a name that nobody else has; a link there is not followed."""
    temporary = helper_path(path, f".{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    create(temporary, mode_for(path))
    return temporary


def _permissions(path: Path) -> int | None:
    """Return the permissions of a file; None if there is none."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return None
