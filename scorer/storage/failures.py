"""Failures of reading and writing, turned into one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from scorer.errors import OutputError, ReviewsError, one_line

# What pyarrow raises on damaged bytes. A name that isn't UTF-8 is a ValueError.
DAMAGE = (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file that can't be read.

    Raises:
        ReviewsError: in place of what pyarrow or the operating system raises.
    """
    try:
        yield
    except DAMAGE as error:
        raise ReviewsError(
            f"reading {path}: {one_line(error)}; check that it is a complete Parquet file"
        ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file that can't be written.

    Raises:
        OutputError: in place of what pyarrow or the operating system raises.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"writing {path}: {one_line(error)}; nothing was left there") from error


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
