"""Every source, from small files made here in the exact original layout."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError
from scorer.tokenizer import Tokenizer
from trainer.sources import read_reviews

# No punctuation but what ends a sentence nowhere: Keras' integers keep none.
TEXTS = {"neg": ["an awful film", "i don't like it"], "pos": ["a great film", "i like it a lot"]}
WORDS = ("a", "film", "i", "it", "like", "an", "awful", "don't", "great", "lot", "br")
TOKENIZER = Tokenizer(WORDS)


def folder(root: Path, part: str = "train") -> Path:
    for kind, texts in TEXTS.items():
        (root / part / kind).mkdir(parents=True)
        for number, text in enumerate(texts):
            (root / part / kind / f"{number}_{8 if kind == 'pos' else 2}.txt").write_text(text)
    (root / part / "unsup").mkdir()
    (root / part / "unsup/0_0.txt").write_text("who knows")
    (root / "README").write_text("Large Movie Review Dataset")
    return root


def archive(path: Path, root: Path) -> Path:
    with tarfile.open(path, "w:gz") as members:
        members.add(root, arcname="aclImdb")
    return path


def kaggle(path: Path) -> Path:
    lines = ["review,sentiment"]
    lines += [f'"{text}",{"positive" if kind == "pos" else "negative"}' for kind, texts in TEXTS.items() for text in texts]
    path.write_text("\n".join(lines) + "\n")
    return path


def parquet(path: Path) -> Path:
    rows = [(text, int(kind == "pos")) for kind, texts in TEXTS.items() for text in texts]
    pq.write_table(pa.table({"review": [text for text, _ in rows], "label": pa.array([label for _, label in rows], pa.int8())}), path)
    return path


def downloaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay the two files where Keras looks; only its check of their hashes, which are those of the real ones, is stood in for."""
    index = {word: place for place, word in enumerate(WORDS, start=1)}
    ordered = [(text, int(kind == "pos")) for kind, texts in TEXTS.items() for text in texts]
    sequences = np.empty(len(ordered), object)
    sequences[:] = [[index[word] for word in f"{text} br br".split()] for text, _ in ordered]
    labels = np.array([label for _, label in ordered], np.int64)
    home.mkdir()
    np.savez(home / "imdb.npz", x_train=sequences, y_train=labels, x_test=sequences[:2], y_test=labels[:2])
    (home / "imdb_word_index.json").write_text(json.dumps(index))
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda fname, **rest: str(home / fname))


def ids(source: Path, part: str = "train") -> set[tuple[int, ...]]:
    """Return the label and the ids of each review."""
    reviews = read_reviews(source, part=part)
    tokens = TOKENIZER.encode(reviews.texts)
    return {
        (int(label), *tokens.ids[start:stop].tolist())
        for label, start, stop in zip(reviews.labels, tokens.offsets, tokens.offsets[1:], strict=False)
    }


def test_the_same_reviews_give_the_same_ids_by_each_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "aclImdb")
    downloaded(tmp_path / "keras", monkeypatch)
    monkeypatch.chdir(tmp_path)
    expected = ids(parquet(tmp_path / "r.parquet"))
    assert len(expected) == 4
    ways = [root, root / "train", archive(tmp_path / "aclImdb_v1.tar.gz", root), kaggle(tmp_path / "IMDB Dataset.csv"), Path("imdb")]
    for way in ways:
        assert ids(way) == expected, way


def test_order_and_fingerprint_of_folder_archive_and_table_are_the_same(tmp_path: Path) -> None:
    root = folder(tmp_path / "aclImdb")
    sources = [root, archive(tmp_path / "a.tar.gz", root), kaggle(tmp_path / "k.csv"), parquet(tmp_path / "r.parquet")]
    assert len({read_reviews(source).fingerprint() for source in sources}) == 1


def test_the_test_part_is_read_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "aclImdb")
    (root / "test/pos").mkdir(parents=True)
    (root / "test/neg").mkdir()
    (root / "test/pos/7_10.txt").write_text("a great lot")
    assert read_reviews(root, part="test").texts.to_pylist() == ["a great lot"]
    assert read_reviews(archive(tmp_path / "a.tar.gz", root), part="test").texts.to_pylist() == ["a great lot"]
    downloaded(tmp_path / "keras", monkeypatch)
    assert len(read_reviews(Path("imdb"), part="test")) == 2


def test_a_cut_archive_is_named(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.tar.gz", folder(tmp_path / "aclImdb")).read_bytes()
    for share in (0.0, 0.3, 0.7, 0.95):
        (tmp_path / "cut.tar.gz").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ReviewsError, match="cut.tar.gz: the archive is cut or damaged"):
            read_reviews(tmp_path / "cut.tar.gz")


def test_an_archive_of_something_else_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as members:
        info = tarfile.TarInfo("a/b/c.txt")
        members.addfile(info, io.BytesIO())
    with pytest.raises(ReviewsError, match="it holds no train/pos and train/neg reviews"):
        read_reviews(tmp_path / "other.tar.gz")


def test_a_file_that_is_no_review_is_named(tmp_path: Path) -> None:
    root = folder(tmp_path / "aclImdb")
    (root / "train/pos/notes.txt").write_text("mine")
    message = "a review is named like 123_9.txt, its number and its rating; remove the file"
    with pytest.raises(ReviewsError, match=f"train/pos/notes.txt: {message}"):
        read_reviews(root)
    with pytest.raises(ReviewsError, match=f"reading aclImdb/train/pos/notes.txt in .*a.tar.gz: {message}"):
        read_reviews(archive(tmp_path / "a.tar.gz", root))


def test_without_network_one_sentence_names_the_files_and_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(fname: str, **rest: object) -> str:
        raise Exception(f"URL fetch failure on {fname}: None -- [Errno -3]\nTemporary failure in name resolution")

    monkeypatch.setattr("keras.src.datasets.imdb.get_file", no_network)
    monkeypatch.setenv("KERAS_HOME", "/data/keras")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReviewsError) as caught:
        read_reviews(Path("imdb"))
    assert str(caught.value).endswith("; put imdb.npz and imdb_word_index.json into /data/keras/datasets")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('review,sentiment\n"he said "no" there",positive\n', "line 2: ',' expected after '\"'; write a quote within a quoted field twice"),
        ('review,sentiment\n"good,positive\n"bad",negative\n', "line 3: ',' expected after"),
        ('review,sentiment\n"x",negative\n"good,positive\n', "line 3: unexpected end of data"),
        ("review,sentiment\ngood, really,positive\n", "line 2 ends a row of 3 fields, the header has 2; mend its quotes"),
        ("review,sentiment\nfine,positive\nfine,meh\n", "the label of row 1 is 'meh'"),
        ("", "no text column was found among none at all"),
    ],
)
def test_a_csv_with_broken_quotes_or_rows_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "k.csv").write_text(content)
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "k.csv")
    assert str(caught.value).startswith(f"reading {tmp_path}/k.csv: ")
    assert message in str(caught.value)


def test_a_csv_may_hold_quotes_line_breaks_a_mark_of_order_and_bad_bytes(tmp_path: Path) -> None:
    long = "word " * 40_000
    content = (
        '\ufeffreview,sentiment\n"he said ""no""\nthere",positive\n'.encode() + b'"caf\xe9",negative\n' + f'"{long}",positive\n'.encode()
    )
    (tmp_path / "k.csv").write_bytes(content)
    reviews = read_reviews(tmp_path / "k.csv")
    assert reviews.texts.to_pylist() == ['he said "no"\nthere', "caf\ufffd", long]
    assert reviews.labels.tolist() == [1, 0, 1]
