"""The encoding of CSV files: what isn't in it is refused by line and byte, never guessed."""

from __future__ import annotations

import codecs
from pathlib import Path

from scorer.errors import UsageError

# With or without a byte order mark.
UTF_8 = "utf-8-sig"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
READ_BYTES = 1 << 20


def check_encoding(name: str) -> None:
    """Refuse an encoding that Python doesn't know.

    Raises:
        UsageError: there is none of this name.
    """
    try:
        # Codecs that don't make text of bytes, such as base64, fail here.
        b"a".decode(name)
    except LookupError as error:
        raise UsageError(
            f"--encoding is {name!r}, which is none; give one such as utf-8, cp1252 or utf-16"
        ) from error
    except ValueError:  # of more than a byte
        return


def first_invalid(path: Path, encoding: str) -> str:
    """Return where a file isn't in an encoding, and what to do, as a message says it."""
    decoder, lines, read = codecs.getincrementaldecoder(encoding)(), 1, 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(READ_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                lines += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                line, offset = lines + before.count(b"\n"), read - pending + error.start
                byte = f"0x{error.object[error.start]:02x}"
                break
            if not chunk:
                return f"it isn't in {_shown(encoding)}; name its encoding with --encoding"
            read += len(chunk)
    with path.open("rb") as file:
        likely = "utf-16" if file.read(2) in UTF_16_MARKS else "cp1252"
    return (
        f"line {line} holds the byte {byte}, the file's byte {offset:,}, which isn't in "
        f"{_shown(encoding)}; name the file's encoding, such as --encoding {likely}"
    )


def _shown(encoding: str) -> str:
    return "UTF-8" if encoding == UTF_8 else encoding
