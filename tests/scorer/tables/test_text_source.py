"""Texts that are compressed as a whole."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pyarrow as pa
import pytest

from helpers import some_texts
from scorer.errors import ReviewsError
from scorer.storage.source_file import SourceFile
from scorer.tables.formats import open_reviews
from scorer.tables.text_options import TextOptions
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
            hashes.add(reviews.input_id().sha256)
    assert len(hashes) == 2


SOUND = {
    "a.csv": 'id,review,n\n1,"good, ""film""\nx",5\n2,größer つ,7.5\n3,"a\\"b",2024-01-01\n',
    "a.jsonl": '{"id":1,"review":"gö\\u00e9 \\ud83d\\ude00","x":[1,{"a":2.5}],"n":1.5}\n{"n":3}\n',
}
PIECES = (
    b'"',
    b"\\",
    b"\r",
    b",",
    b"\0",
    b"{",
    b"\xff",
    b"e9999999999999999999",
    b"\\ud800",
    b"NaN",
)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a text in which some bytes are changed, added or cut off."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(found) + 1)
        found[place : place + chance.randint(0, 9)] = chance.choice(PIECES)
    return bytes(found[: chance.choice((len(found), chance.randint(1, len(found))))])


@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_text_is_read_or_named_in_one_sentence(tmp_path: Path, seed: int) -> None:
    chance, named = random.Random(seed), 0  # noqa: S311  # test data
    for _ in range(60):
        name, text = chance.choice(list(SOUND.items()))
        encoding = chance.choice(("utf-8", "utf-16", "cp1252"))
        content = damaged(text.encode(encoding, "replace"), chance)
        path = tmp_path / name
        path.write_bytes(content)
        options = TextOptions(escape=chance.random() < 0.5, infer_types=chance.random() < 0.5)
        try:
            with open_reviews(path, 1 << 16, options) as reviews:
                rows = [len(batch) for window in reviews.windows() for batch in window]
            assert sum(rows) == reviews.rows
        except ReviewsError as error:
            message = str(error)
            assert message.startswith(f"reading {path}: ")
            assert (message.count("reading "), message.count("\n")) == (1, 0)
            named += 1
    assert 0 < named < 60
