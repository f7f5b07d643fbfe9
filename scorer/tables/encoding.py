"""The encoding of a text: what isn't in it is refused by line and byte, never guessed."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from scorer.errors import UsageError

UTF_8 = "utf-8-sig"  # with or without a byte order mark
# The longer ones first: the mark of UTF-16 begins that of UTF-32.
MARKS = {
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
USUAL_ELSE = "cp1252"
READ_BYTES = 1 << 20
# Bytes beside an invalid one that tell whether the rest is UTF-8.
NEIGHBOURS = 4096


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


def encoding_of(head: bytes, asked: str | None) -> str:
    """Return the encoding of a text: by its byte order mark, else the one asked for, else UTF-8.

    >>> encoding_of(b"\\xff\\xfea\\x00", "cp1252"), encoding_of(b"a", None)
    ('utf-16', 'utf-8-sig')
    """
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if asked is None or codecs.lookup(asked).name == "utf-8":
        return UTF_8
    return asked


def unmarked_utf_16(head: bytes) -> str | None:
    """Return which UTF-16 a text without a byte order mark seems to be in; None for another one.

    >>> unmarked_utf_16("id,review".encode("utf-16-le")), unmarked_utf_16(b"id,review")
    ('utf-16-le', None)
    """
    pairs = len(head) // 2
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if pairs and zeros.count(0) > pairs // 2:
            return name
    return None


def first_invalid(stream: BinaryIO, encoding: str) -> str:
    """Return where a text isn't in an encoding, and what to do, as a message says it.

    Args:
        stream: the text's bytes, from the first on.
        encoding: in which it can't be decoded.
    """
    decoder, lines, read = codecs.getincrementaldecoder(encoding)(), 1, 0
    while True:
        chunk = stream.read(READ_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            lines += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            break_off, content = error.start, error.object
            break
        if not chunk:
            return f"it isn't in {_shown(encoding)}; name its encoding with --encoding"
        read += len(chunk)
    line = lines + content[:break_off].count(b"\n")
    where = f"line {line} holds the byte 0x{content[break_off]:02x}, the file's byte"
    found = f"{where} {read - pending + break_off:,}, which isn't in {_shown(encoding)}"
    return f"{found}; {_advice(content, break_off, encoding)}"


def _advice(content: bytes, start: int, encoding: str) -> str:
    if encoding != UTF_8:
        return "mend it, or name another encoding with --encoding"
    before = content[max(0, start - NEIGHBOURS) : start]
    after = content[start + 1 : start + NEIGHBOURS]
    rest = before.decode("utf-8", "ignore") + after.decode("utf-8", "ignore")
    if not rest.isascii():
        return "the text beside it is, so mend that byte"
    return f"name the file's encoding, such as --encoding {USUAL_ELSE}"


def _shown(encoding: str) -> str:
    return "UTF-8" if encoding == UTF_8 else encoding
