"""Archives (.tar.gz) of small text files, read as a stream within bounds.

An archive says how large its members are, and a few bytes of it can claim gigabytes: a sparse
member, a header of a header, a gzip stream of zeros. So what is read is bounded, not what is
claimed: a member, all members together, a header, and how far gzip expands.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from scorer.errors import ReviewsError, one_line

MIB = 1 << 20
# The largest file of the data set that people have has 41 MB, the largest review 14 KB.
LARGEST_MEMBER = 64 * MIB
# All reviews together are held in memory. Those of IMDB are 33 MB.
LARGEST_CONTENT = 2048 * MIB
# Text is a fifth of its size in gzip; zeros are a thousandth. Small archives may expand freely.
MOST_EXPANSION = 100
FREE_EXPANSION = 16 * MIB
# Of the headers of one member, which tarfile holds in memory.
LARGEST_HEADER = MIB
READ_BYTES = MIB


class Expanded:
    """The bytes that a gzip file expands to, for tarfile to read; they are bounded.

    Args:
        file: the gzip file, open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._content = gzip.GzipFile(fileobj=file)
        self._given = 0
        self._allowed = LARGEST_HEADER

    def allow(self, count: int) -> None:
        """Let so many more bytes be read, and another header behind them."""
        self._allowed = self._given + count + LARGEST_HEADER

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end.

        Raises:
            ReviewsError: they are more than is allowed, or the file expands too much.
        """
        if self._given + size > self._allowed:
            raise ReviewsError(f"a header in it is larger than {LARGEST_HEADER:,} bytes")
        content = self._content.read(size)
        self._given += len(content)
        taken = self._file.tell()
        if self._given > FREE_EXPANSION + MOST_EXPANSION * taken:
            raise ReviewsError(
                f"{taken:,} bytes of it expand to more than {self._given:,}, which no text does"
            )
        return content


def read_members(
    archive: Path, is_wanted: Callable[[tarfile.TarInfo], bool]
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield the wanted files of an archive, and their content, as a stream.

    Args:
        archive: a ``.tar.gz`` file.
        is_wanted: whether a member is read.

    Raises:
        ReviewsError: the archive is cut or damaged, or holds a sparse or too large file.
    """
    try:
        with archive.open("rb") as file:
            yield from _members(Expanded(file), is_wanted)
    except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError, zlib.error) as error:
        raise ReviewsError(
            f"reading {archive}: the archive is cut or damaged ({one_line(error)}); "
            "download it again"
        ) from error
    except ReviewsError as error:
        raise ReviewsError(
            f"reading {archive}: {error}; unpack it yourself, and name the folder if it is sound"
        ) from error


def _members(
    content: Expanded, is_wanted: Callable[[tarfile.TarInfo], bool]
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    total = 0
    # Of a stream that it reads, tarfile calls nothing but `read`.
    with tarfile.open(fileobj=content, mode="r|") as members:  # type: ignore[call-overload]
        for member in members:
            if member.issparse():
                raise ReviewsError(f"its member {member.name[:200]!r} is a sparse file")
            if not 0 <= member.size <= LARGEST_MEMBER:
                raise ReviewsError(
                    f"its member {member.name[:200]!r} claims {member.size:,} bytes, "
                    f"more than {LARGEST_MEMBER:,}"
                )
            content.allow(member.size + tarfile.RECORDSIZE)
            if not (member.isfile() and is_wanted(member)):
                continue
            total += member.size
            if total > LARGEST_CONTENT:
                raise ReviewsError(
                    f"its reviews up to {member.name[:200]!r} are larger than "
                    f"{LARGEST_CONTENT:,} bytes together"
                )
            file = members.extractfile(member)
            yield member, file.read() if file else b""
        # tarfile stops at its end mark; gzip reports a cut or a wrong checksum only at the end.
        content.allow(READ_BYTES)
        while content.read(READ_BYTES):
            content.allow(READ_BYTES)
