"""Bytes to text: unpacked, decoded, and cut into numbered lines of bounded size."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.storage.source_file import Source
from scorer.tables.encoding import UTF_8, encoding_of, first_invalid, unmarked_utf_16
from scorer.tables.endings import PACKINGS, packing_of
from scorer.tables.file_kind import EMPTY, HEAD_BYTES, kind_beside_text

BUFFER_BYTES = 256 << 10
CODEC_NAMES = {codec: ending for ending, codec in PACKINGS.items()}


class TextError(ReviewsError):
    """A text that can't be read; the message doesn't name the file."""


class TextSource:
    """A file of text. It is opened anew for each pass, and read from the first byte to the last.

    Args:
        source: the file, as it was when it was first looked at; its ending tells whether it is
            compressed.
        encoding: asked for; None for UTF-8. A byte order mark tells more.

    Attributes:
        size: bytes of the unpacked text; None for a compressed one.
        position: bytes of the file that were read in the present pass.
        encoding: in which the text is decoded.
        head: the first bytes of the unpacked text.

    Raises:
        ReviewsError: it is empty, or no text.
    """

    def __init__(self, source: Source, encoding: str | None) -> None:
        self.path, self._source = source.path, source
        self._codec = packing_of(source.path.name)
        self.size = None if self._codec else source.identity.size
        self.position = 0
        self.encoding = UTF_8
        with self.reading(), self._bytes() as unpacked:
            head = unpacked.read(HEAD_BYTES)
        kind = EMPTY if not head else kind_beside_text(head)
        if kind is not None:
            raise ReviewsError(f"reading {self.path}: {kind}")
        self.head = head
        self.encoding = encoding_of(head, encoding)
        unmarked = unmarked_utf_16(head) if self.encoding == UTF_8 else None
        if unmarked is not None:
            raise ReviewsError(
                f"reading {self.path}: it seems to be in UTF-16 without a byte order mark; say so "
                f"with --encoding {unmarked}"
            )

    @contextmanager
    def text(self, newline: str = "\n") -> Iterator[TextIO]:
        """Open the text for one pass.

        Args:
            newline: what ends a line. No line break is changed into another.
        """
        with (
            self._bytes() as unpacked,
            io.TextIOWrapper(unpacked, self.encoding, newline=newline) as text,
        ):
            yield text

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Name what goes wrong, by line where the text isn't in its encoding.

        Raises:
            ReviewsError: in place of what the codec or the operating system raises.
        """
        try:
            with self._source.reading():
                yield
        except TextError as error:
            raise ReviewsError(f"reading {self.path}: {error}") from error
        except ReviewsError as error:
            # It is a ValueError, and named as such by now.
            if isinstance(error.__cause__, UnicodeDecodeError):
                raise self._not_in_encoding() from error
            raise

    def _not_in_encoding(self) -> ReviewsError:
        with self._source.reading(), self._bytes() as unpacked:
            return ReviewsError(f"reading {self.path}: {first_invalid(unpacked, self.encoding)}")

    @contextmanager
    def _bytes(self) -> Iterator[BinaryIO]:
        """Open the unpacked bytes."""
        self.position = 0
        with self._source.open_bytes() as file:
            raw: io.RawIOBase = _Counted(file, self._advance)
            if self._codec is not None:
                raw = _Unpacked(raw, self._codec)
            with io.BufferedReader(raw, BUFFER_BYTES) as unpacked:
                yield unpacked

    def _advance(self, size: int) -> None:
        self.position += size


class Lines:
    """The lines of a text, numbered from 1, as an iterator.

    Args:
        text: opened.
        most: most bytes of UTF-8 between two calls of :meth:`begin`.

    Attributes:
        last: the last line.
        number: of that line.
        first: number of the first line since :meth:`begin`.
        position: bytes of UTF-8 of all lines so far.

    Raises:
        TextError: a line holds NUL, or is too long.
    """

    def __init__(self, text: TextIO, most: int) -> None:
        self._readline, self._most = text.readline, most
        self.last = ""
        self.number, self.first, self.position, self._begun = 0, 1, 0, 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._readline(self._most + 1)
        if not line:
            raise StopIteration
        self.last = line
        self.number += 1
        self.position += len(line) if line.isascii() else len(line.encode())
        if self.position - self._begun > self._most:
            raise self._too_long()
        if "\0" in line:
            raise TextError(
                f"line {self.number} holds NUL, which is no text; check that the file was copied "
                "whole, or remove it, as with tr -d '\\000'"
            )
        return line

    def begin(self) -> None:
        """Begin a record with the next line."""
        self.first, self._begun = self.number + 1, self.position

    def _too_long(self) -> TextError:
        if self.number > self.first:
            advice = "raise that, leave the row out, or mend a quote that is never closed"
        else:
            advice = "raise that, or leave the row out"
        return TextError(
            f"the row that begins in line {self.first} takes more than the {self._most:,} bytes of "
            f"--max-cell; {advice}"
        )


class _Counted(io.RawIOBase):
    """Raw bytes, counted as they are read."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file, self._advance = file, advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer is of 3.12
        content = self._file.read(len(buffer))
        self._advance(len(content))
        buffer[: len(content)] = content
        return len(content)


class _Unpacked(io.RawIOBase):
    """The bytes of a stream that is compressed as a whole."""

    def __init__(self, packed: io.RawIOBase, codec: str) -> None:
        self._codec = codec
        self._stream = pa.CompressedInputStream(packed, codec)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer is of 3.12
        try:
            content = self._stream.read(len(buffer))
        except OSError as error:
            if error.errno:
                raise
            raise TextError(
                f"its {self._codec} can't be unpacked to the end; check that it was copied whole, "
                f"and that its name rightly ends with {CODEC_NAMES[self._codec]}"
            ) from error
        buffer[: len(content)] = content
        return len(content)
