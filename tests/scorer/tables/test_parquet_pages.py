from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import some_texts
from opened import reads_of
from scorer.tables.parquet_pages import (
    BadHeader,
    ChunkPlace,
    longest_value,
    page_headers,
    row_groups,
)

TEXTS = some_texts(3000)
CODECS = ("none", "snappy", "gzip", "brotli", "zstd", "lz4")


def place_of(path: Path) -> ChunkPlace:
    """Return where the only chunk of a file lies, after pyarrow said the same."""
    content = path.read_bytes()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    ((place,),) = row_groups(footer)
    chunk = pq.read_metadata(path).row_group(0).column(0)
    assert place.size == chunk.total_compressed_size
    assert place.start == (chunk.dictionary_page_offset or chunk.data_page_offset)
    assert place.codec.removesuffix("_RAW") == chunk.compression
    return place


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_headers_of_a_chunk_are_those_that_were_written(
    tmp_path: Path, codec: str, version: str
) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(
        pa.table({"review": TEXTS}),
        path,
        compression=codec,
        data_page_version=version,
        data_page_size=8 << 10,
        dictionary_pagesize_limit=64 << 10,
        write_batch_size=100,
    )
    place = place_of(path)
    with path.open("rb") as file:
        dictionary, *pages = page_headers(reads_of(file), place)
        longest = longest_value(reads_of(file), dictionary, place.codec)
    assert longest == max(map(len, TEXTS[: dictionary.values]))
    assert dictionary.is_dictionary
    assert len(pages) > 3
    assert sum(page.values for page in pages) == len(TEXTS)
    assert {page.rows is None for page in pages} == {version == "1.0"}


def test_a_header_with_long_statistics_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    text = "a" * 3000
    pq.write_table(pa.table({"review": [text]}), path, use_dictionary=False, compression="none")
    place = place_of(path)
    with path.open("rb") as file:
        (page,) = page_headers(reads_of(file), place)
    assert page.size == len(text) + 4 + 6
    assert page.offset > place.start + 2 * len(text)


@pytest.mark.parametrize(
    "damage",
    [
        *(b"\xff" * 64, b"\x00" * 64, b"", b"\x1c" * 64, b"\x15\x00\x15\x01"),
        *(b"\x19\xfc" * 9, b"\x19" * 4096, b"\x10\x00" * 64),
    ],
)
def test_bytes_that_are_no_header_are_told_apart(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(damage)
    with path.open("rb") as file, pytest.raises(BadHeader):
        list(page_headers(reads_of(file), ChunkPlace(0, max(64, len(damage)), "ZSTD")))


def test_a_dictionary_that_cannot_be_decompressed_counts_whole(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"review": TEXTS}), path, compression="zstd")
    place = place_of(path)
    with path.open("r+b") as file:
        dictionary = next(page_headers(reads_of(file), place))
        file.seek(dictionary.offset)
        file.write(bytes(dictionary.compressed))
        file.flush()
        for codec in ("ZSTD", "LZ4", "LZO"):
            assert longest_value(reads_of(file), dictionary, codec) == dictionary.size
