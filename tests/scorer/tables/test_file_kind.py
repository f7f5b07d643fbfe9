"""What a file is that isn't a Parquet file: told by its first bytes, with a next step."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pytest

from helpers import some_texts, write_reviews
from scorer.errors import ReviewsError
from scorer.tables.file_kind import kind_of
from scorer.tables.parquet_reader import ParquetReviews

TABLE = pa.table({"id": [1], "review": ["good"]})
CUT = "it does not end as a Parquet file does; check that it was copied whole"
RENAME = "give it the ending {}, by which its format is told"
CSV = f"it is a CSV file, by its first line; {RENAME.format('.csv')}"
TEXT = f"it is a text file; if it is a table, {RENAME.format('.csv or .tsv')}"
JSON = f"it is a JSON file; if it holds an object a line, {RENAME.format('.jsonl')}"
FETCH = "fetch the file again, and look at what was sent instead"
CONTENTS = [
    (b"", "it is empty; check that it was copied whole"),
    (b"id,review\n1,good\n", CSV),
    (b"\xef\xbb\xbfid;review\r\n1;good\r\n", CSV),
    ('"größe"\t"text"\n'.encode("latin-1"), CSV),
    (b"review\ngood, very good\n", TEXT),
    ("review\ngood\n".encode("utf-16"), TEXT),
    (b'{"review": "good"}\n{"review": "bad"}\n', JSON),
    (b'[\n  {"review": "good"}\n]', JSON),
    (
        gzip.compress(b"PAR1", mtime=0),
        "it is compressed with gzip as a whole; unpack it first, with gunzip",
    ),
    (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n",
        "it is a Git LFS pointer, not the file itself; fetch that with: git lfs pull",
    ),
    (b"<!DOCTYPE html>\n<html>Sign in</html>", f"it is a web page; {FETCH}"),
    (b'<?xml version="1.0"?>\n<Error><Code>NoSuchKey', f"it is an XML file; {FETCH}"),
    (b"Obj\x01\x04\x14avro.codec", "it is an Avro file; write it as Parquet first, as with Spark"),
    (b"PAR1 and so on", CUT),
    (b"no parquet at all", CUT),
    (bytes(range(256)) * 20, CUT),
]


def message_of(path: Path) -> str:
    with pytest.raises(ReviewsError) as caught:
        ParquetReviews(path)
    return str(caught.value)


@pytest.mark.parametrize(("content", "message"), CONTENTS)
def test_what_is_no_parquet_file_is_told_by_its_first_bytes(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(content)
    assert message_of(path) == f"reading {path}: {message}"


def test_other_formats_are_told_by_files_that_their_own_writers_made(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    orc.write_table(TABLE, path)
    assert "it is an ORC file; write it as Parquet first, as with pyarrow.orc" in message_of(path)
    feather.write_feather(TABLE, path)
    assert "it is an Arrow IPC (Feather) file; write it as Parquet first" in message_of(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.csv", "x")
    assert message_of(path).endswith(
        "it is a zip archive or an Excel file; unpack or convert it first"
    )
    with tarfile.open(path, "w") as packed:
        packed.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    assert message_of(path).endswith("it is a tar archive; unpack it first, with tar -x")


def test_the_kind_is_told_from_a_beginning_however_long_the_file_is() -> None:
    line = b'{"review": "' + b"good " * 2000
    assert kind_of(line[:4096]).name == "it is a JSON file"
    assert kind_of((b"id,review\n" + b"1,good\n" * 2000)[:4096]).name.startswith("it is a CSV file")


def test_a_file_whose_name_is_no_utf8_is_named_with_the_reason(tmp_path: Path) -> None:
    whole = write_reviews(tmp_path / "in.parquet", some_texts(3)).read_bytes()
    path = tmp_path / "caf\udce9.parquet"
    path.write_bytes(whole)
    assert message_of(path) == (
        f"reading {path}: its name is not UTF-8, and Parquet files of such names can't be opened; "
        "rename it"
    )
