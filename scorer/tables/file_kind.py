"""What a file is that isn't of its ending's format, by its first bytes, and what to do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 4096


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
        name: in words, as in "it is a CSV file".
        advice: what to do, so that its reviews can be scored.
    """

    name: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name}; {self.advice}"


CONVERT = "write it as Parquet first, as with pyarrow.{} and pyarrow.parquet.write_table"
AGAIN = "fetch the file again, and look at what was sent instead"
WHOLE = "check that it was copied whole"

EMPTY = FileKind("it is empty", WHOLE)
UNKNOWN = FileKind("it does not end as a Parquet file does", WHOLE)
TABLE = "write its table as Parquet first"
RENAME = "give it the ending {}, by which its format is told"
JSON = FileKind("it is a JSON file", f"if it holds an object a line, {RENAME.format('.jsonl')}")
CSV = FileKind("it is a CSV file, by its first line", RENAME.format(".csv"))
TEXT = FileKind("it is a text file", f"if it is a table, {RENAME.format('.csv or .tsv')}")
PARQUET = FileKind("it is a Parquet file", RENAME.format(".parquet"))


def _packed(codec: str, tool: str) -> FileKind:
    return FileKind(f"it is compressed with {codec} as a whole", f"unpack it first, with {tool}")


# First bytes → kind. The numbers: https://en.wikipedia.org/wiki/List_of_file_signatures
SIGNATURES = {
    b"\x1f\x8b": _packed("gzip", "gunzip"),
    b"\x28\xb5\x2f\xfd": _packed("zstd", "zstd -d"),
    b"BZh": _packed("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": _packed("xz", "unxz"),
    b"\x04\x22\x4d\x18": _packed("lz4", "lz4 -d"),
    b"PK\x03\x04": FileKind("it is a zip archive or an Excel file", "unpack or convert it first"),
    b"version https://git-lfs.github.com/spec/": FileKind(
        "it is a Git LFS pointer, not the file itself", "fetch that with: git lfs pull"
    ),
    b"/annex/objects/": FileKind(
        "it is a git-annex pointer, not the file itself", "fetch that with: git annex get"
    ),
    b"ORC": FileKind("it is an ORC file", CONVERT.format("orc.read_table")),
    b"Obj\x01": FileKind("it is an Avro file", "write it as Parquet first, as with Spark"),
    b"ARROW1": FileKind("it is an Arrow IPC (Feather) file", CONVERT.format("feather.read_table")),
    b"FEA1": FileKind("it is a Feather file", CONVERT.format("feather.read_table")),
    b"SQLite format 3\x00": FileKind("it is an SQLite database", TABLE),
    b"\x89HDF\r\n\x1a\n": FileKind("it is an HDF5 file", TABLE),
    b"\xff\xfe": TEXT,
    b"\xfe\xff": TEXT,
}
# What a file is whose name says that it is CSV or JSON Lines.
IN_TEXT = {
    b"\x1f\x8b": FileKind("it is compressed with gzip as a whole", "give it the ending .gz, too"),
    b"\x28\xb5\x2f\xfd": FileKind("it is compressed with zstd", "give it the ending .zst, too"),
    b"PAR1": PARQUET,
}
TEXT_SIGNATURES = (
    (re.compile(rb"(?i)<!doctype html|<html"), FileKind("it is a web page", AGAIN)),
    (re.compile(rb"<\?xml|<Error>"), FileKind("it is an XML file", AGAIN)),
    (re.compile(rb'[\[{]\s*(?:["\[{\]}]|$)'), JSON),
    # Two fields or more, and no control characters.
    (re.compile(rb"[^\x00-\x08\x0e-\x1f,;\t|\r\n]*[,;\t|][^\x00-\x08\x0e-\x1f\r\n]*\r?\n"), CSV),
    (re.compile(rb"[^\x00-\x08\x0e-\x1f]+\n[^\x00-\x08\x0e-\x1f]*\Z"), TEXT),
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TAR_MARK = slice(257, 262)
TAR = FileKind("it is a tar archive", "unpack it first, with tar -x")


def kind_of(head: bytes) -> FileKind:
    """Return what a file is that doesn't end as a Parquet file does.

    Args:
        head: its first bytes, up to 4,096.

    >>> str(kind_of(bytes.fromhex("1f8b08")))
    'it is compressed with gzip as a whole; unpack it first, with gunzip'
    """
    if not head:
        return EMPTY
    for start, kind in SIGNATURES.items():
        if head.startswith(start):
            return kind
    if head[TAR_MARK] == b"ustar":
        return TAR
    return _kind_of_text(head) or UNKNOWN


def kind_beside_text(head: bytes) -> FileKind | None:
    """Return what a file is whose name says that it is CSV or JSON Lines; None if it may be that.

    Args:
        head: its first bytes, up to 4,096.

    >>> str(kind_beside_text(b"PAR1" + bytes(4))), kind_beside_text(b"ORCID,review")
    ('it is a Parquet file; give it the ending .parquet, by which its format is told', None)
    """
    for start, kind in (SIGNATURES | IN_TEXT).items():
        # Some signatures are letters only, as the name of a column is.
        is_text = start.isalnum() and b"\0" not in head
        if head.startswith(start) and kind is not TEXT and not is_text:
            return kind
    if head[TAR_MARK] == b"ustar":
        return TAR
    kind_of_it = _kind_of_text(head)
    return None if kind_of_it in (JSON, CSV, TEXT) else kind_of_it


def is_json(head: bytes) -> bool:
    """Whether a text begins as JSON does."""
    return _kind_of_text(head) is JSON


def _kind_of_text(head: bytes) -> FileKind | None:
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    return next((kind for pattern, kind in TEXT_SIGNATURES if pattern.match(text)), None)


def kind_at(path: Path) -> FileKind:
    """Return what a file at a path is that doesn't end as a Parquet file does.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return kind_of(file.read(HEAD_BYTES))
