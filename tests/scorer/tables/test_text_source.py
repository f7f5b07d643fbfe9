"""Texts that are compressed as a whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from helpers import some_texts
from scorer.errors import ReviewsError
from scorer.storage.source_file import SourceFile
from scorer.tables.formats import open_reviews
from scorer.tables.text_source import TextSource

CONTENT = ("review\n" + "".join(f"{text}\n" for text in some_texts(3000))).encode()
WRITERS = {
    ".gz": gzip.compress,
    ".zst": lambda content: pa.compress(content, codec="zstd", asbytes=True),
}


def texts_of(path: Path) -> list[str]:
    with open_reviews(path) as reviews:
        batches = [batch for window in reviews.windows() for batch in window]
        return [text for batch in batches for text in batch["review"].to_pylist()]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_compressed_text_is_read_part_by_part(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"in.csv{ending}"
    path.write_bytes(WRITERS[ending](CONTENT))
    assert texts_of(path) == some_texts(3000)
    # Several streams one after another are one text.
    path.write_bytes(WRITERS[ending](CONTENT[:5000]) + WRITERS[ending](CONTENT[5000:]))
    assert texts_of(path) == some_texts(3000)


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("left", [10, 10_000, -1])
def test_a_compressed_text_that_was_cut_off_is_told(tmp_path: Path, ending: str, left: int) -> None:
    path = tmp_path / f"in.csv{ending}"
    path.write_bytes(WRITERS[ending](CONTENT)[:left])
    with pytest.raises(ReviewsError) as caught:
        texts_of(path)
    assert str(caught.value).startswith(f"reading {path}: its ")
    assert str(caught.value).endswith(
        " can't be unpacked to the end; check that it was copied whole, and that its name rightly "
        f"ends with {ending}"
    )


@pytest.mark.parametrize("ending", WRITERS)
def test_a_name_that_promises_another_codec_is_told(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"in.jsonl{ending}"
    path.write_bytes(CONTENT)
    with pytest.raises(ReviewsError, match=f"and that its name rightly ends with {ending}"):
        open_reviews(path)


def test_the_size_of_a_compressed_text_is_not_known(tmp_path: Path) -> None:
    for name, content in (("a.csv", CONTENT), ("a.csv.gz", gzip.compress(CONTENT))):
        (tmp_path / name).write_bytes(content)
    sizes = [TextSource(SourceFile(tmp_path / name), None).size for name in ("a.csv", "a.csv.gz")]
    assert sizes == [len(CONTENT), None]


def test_the_hash_of_an_input_is_of_the_bytes_as_they_lie(tmp_path: Path) -> None:
    hashes = set()
    for level in (1, 9):
        path = tmp_path / "in.csv.gz"
        path.write_bytes(gzip.compress(CONTENT, level))
        with open_reviews(path) as reviews:
            hashes.add(reviews.sha256())
    assert len(hashes) == 2
