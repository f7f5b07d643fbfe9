"""Failures of reading and writing, each in one sentence: the file, the cause, what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from scorer.errors import (
    MORE_MEMORY,
    OutputError,
    OutputUnreachable,
    ReviewsError,
    ReviewsUnreachable,
    lacks_memory,
    one_line,
)
from scorer.storage.place import Place
from scorer.storage.retries import RequestFailed

# What pyarrow raises on damaged bytes.
DAMAGE = (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError)

NO_RIGHT = (errno.EACCES, errno.EPERM)
DISK = "check the disk or the network folder that it lies on"
GONE = "run again when its file system is back"
ADVICE = {
    errno.EIO: DISK,
    errno.ENXIO: DISK,
    errno.ENODEV: GONE,
    errno.ESTALE: GONE,
    errno.ENOTCONN: GONE,
    errno.EHOSTDOWN: GONE,
    errno.ETIMEDOUT: GONE,
    errno.ELOOP: "remove the link that leads back to itself",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENOMEM: MORE_MEMORY,
    errno.ENFILE: "raise the system's limit on open files",
}
READING_ADVICE = ADVICE | {
    **dict.fromkeys(NO_RIGHT, "let this user read it, and enter the folders above it"),
    errno.ENOENT: "run again when it is back",
    errno.ENOTDIR: "run again when it is back",
}
WRITING_ADVICE = ADVICE | {
    **dict.fromkeys(NO_RIGHT, "let this user write in its folder"),
    errno.ENOSPC: "make room there and run again",
    errno.EDQUOT: "make room in this user's quota and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or name another output",
    errno.EROFS: "name an output on a file system that can be written",
    errno.ENOLCK: "name an output on a file system that has locks",
    errno.EOPNOTSUPP: "name an output on a file system that has locks",
    errno.ENOSYS: "name an output on a file system that has locks",
    errno.ENOTDIR: "name another output",
}
NO_UTF8 = "its name is not UTF-8, and Parquet files of such names can't be opened"


@contextmanager
def reading(path: Place) -> Iterator[None]:
    """Name the file that can't be read.

    Raises:
        ReviewsError: in place of what pyarrow, the operating system or a store raises.
    """
    try:
        yield
    except RequestFailed as error:
        kind = ReviewsUnreachable if error.is_transient else ReviewsError
        raise kind(f"reading {path}: {error}") from error
    except UnicodeEncodeError as error:
        raise ReviewsError(f"reading {path}: {NO_UTF8}; rename it") from error
    except DAMAGE as error:
        raise ReviewsError(f"reading {path}: {unreadable(error)}") from error


def unreadable(error: BaseException) -> str:
    """Return why something can't be read, and what to do.

    >>> unreadable(PermissionError(13, "Permission denied", "a.parquet"))
    'Permission denied; let this user read it, and enter the folders above it'
    >>> unreadable(OSError("Corrupt snappy compressed data."))
    'Corrupt snappy compressed data; check that it is a complete Parquet file'
    """
    if isinstance(error, OSError) and error.errno:
        advice = READING_ADVICE.get(error.errno, "run again when the system can read it")
    elif lacks_memory(error):
        # A damaged length may ask for any amount.
        advice = f"check that it is a complete Parquet file; if it is, {MORE_MEMORY}"
    else:
        advice = "check that it is a complete Parquet file"
    return f"{_said(error)}; {advice}"


@contextmanager
def writing(path: Place) -> Iterator[None]:
    """Name the file that can't be written.

    Raises:
        OutputError: in place of what pyarrow, the operating system or a store raises.
    """
    try:
        yield
    except RequestFailed as error:
        raise OutputUnreachable(f"writing {path}: {error}") from error
    except UnicodeEncodeError as error:
        raise OutputError(f"writing {path}: {NO_UTF8}; name another output") from error
    except FileNotFoundError as error:
        raise OutputError(
            f"writing {path}: {_said(error)}, so its folder or the unfinished output was moved or "
            "removed; run again, and if the folder was moved, remove what begins with "
            f".{path.name}. from it"
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"writing {path}: {unwritable(error)}") from error


def unwritable(error: BaseException) -> str:
    """Return why something can't be written, and what to do.

    >>> unwritable(OSError(28, "No space left on device", "a.parquet"))
    'No space left on device; make room there and run again'
    """
    number = error.errno if isinstance(error, OSError) else None
    advice = WRITING_ADVICE.get(number or 0, "name another output, or run again")
    return f"{_said(error)}; {advice}"


def _said(error: BaseException) -> str:
    return one_line(error).rstrip(" .:")


def make_folder(path: Path) -> None:
    """Create the folder that a file will stand in.

    Raises:
        OutputError: it can't be created.
    """
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OutputError(
                f"writing {path}: a file stands where its folder should be; name another output"
            ) from error
