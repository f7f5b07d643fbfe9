"""Every source, read from small files in its original layout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError, UsageError
from scorer.tokenizer import Tokenizer
from trainer.data.sources import read_reviews, read_texts
from trainer.data.tables import Layout

WORDS = ("a", "film", "i", "it", "like", "an", "awful", "don't", "great", "lot", "br")
TOKENIZER = Tokenizer(WORDS)

CHECKOUT = Path(__file__).parents[3]

Rows = list[tuple[str, int]]


def write_kaggle(path: Path, rows: Rows) -> Path:
    lines = [f'"{text}",{"positive" if label else "negative"}' for text, label in rows]
    path.write_text("\n".join(["review,sentiment", *lines]) + "\n")
    return path


def write_parquet(path: Path, rows: Rows) -> Path:
    texts, labels = zip(*rows, strict=True)
    pq.write_table(pa.table({"review": texts, "label": pa.array(labels, pa.int8())}), path)
    return path


def write_keras(home: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the two files that Keras downloads, and let Keras find them.

    Only Keras' check of the files' hashes, which are those of the real ones, is replaced.
    """
    index = {word: number for number, word in enumerate(WORDS, start=1)}
    sequences = np.empty(len(rows), object)
    sequences[:] = [[index[word] for word in f"{text} br br".split()] for text, _ in rows]
    labels = np.array([label for _, label in rows], np.int64)
    home.mkdir()
    parts = {"x_train": sequences, "y_train": labels, "x_test": sequences[:2], "y_test": labels[:2]}
    np.savez(home / "imdb.npz", **parts)
    (home / "imdb_word_index.json").write_text(json.dumps(index))
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda fname, **rest: str(home / fname))


def ids(source: Path, part: str = "train") -> set[tuple[int, ...]]:
    """Return the label and the ids of each review."""
    reviews = read_reviews(source, part=part)
    tokens = TOKENIZER.encode(reviews.texts)
    return {
        (int(label), *tokens.ids[start:stop].tolist())
        for label, start, stop in zip(
            reviews.labels, tokens.offsets, tokens.offsets[1:], strict=False
        )
    }


def test_the_same_reviews_have_the_same_ids_from_every_source(
    tmp_path: Path,
    folder: Path,
    pack: Callable[[], Path],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_keras(tmp_path / "keras", rows, monkeypatch)
    monkeypatch.chdir(tmp_path)
    expected = ids(write_parquet(tmp_path / "r.parquet", rows))
    assert len(expected) == 4
    kaggle = write_kaggle(tmp_path / "IMDB Dataset.csv", rows)
    for source in (folder, folder / "train", pack(), kaggle, Path("imdb")):
        assert ids(source) == expected, source


def test_folder_archive_and_tables_have_the_same_order_and_fingerprint(
    tmp_path: Path, folder: Path, pack: Callable[[], Path], rows: Rows
) -> None:
    tables = write_kaggle(tmp_path / "k.csv", rows), write_parquet(tmp_path / "r.parquet", rows)
    sources = [folder, pack(), *tables]
    assert len({read_reviews(source).fingerprint() for source in sources}) == 1


def test_the_test_part_is_read_where_it_is_asked_for(
    tmp_path: Path,
    folder: Path,
    pack: Callable[[], Path],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "test/pos").mkdir(parents=True)
    (folder / "test/neg").mkdir()
    (folder / "test/pos/7_10.txt").write_text("a great lot")
    assert read_reviews(folder, part="test").texts.to_pylist() == ["a great lot"]
    assert read_reviews(pack(), part="test").texts.to_pylist() == ["a great lot"]
    write_keras(tmp_path / "keras", rows, monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert len(read_reviews(Path("imdb"), part="test")) == 2


def test_a_source_that_is_missing_empty_foreign_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none.parquet does not exist"):
        read_reviews(tmp_path / "none.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReviewsError, match="holds no .parquet, no .csv and no .jsonl file"):
        read_reviews(tmp_path / "empty")
    (tmp_path / "r.txt").write_text("x")
    with pytest.raises(ReviewsError, match="only Parquet, CSV and JSON Lines, aclImdb"):
        read_reviews(tmp_path / "r.txt")
    (tmp_path / "r.parquet").write_bytes(b"PAR1")
    with pytest.raises(ReviewsError, match="reading .*r.parquet: "):
        read_reviews(tmp_path / "r.parquet")
    empty = {"review": pa.array([], pa.string()), "label": pa.array([], pa.int8())}
    pq.write_table(pa.table(empty), tmp_path / "none.parquet")
    with pytest.raises(ReviewsError, match="there are no reviews in it"):
        read_reviews(tmp_path / "none.parquet")


def test_tables_are_read_without_keras(tmp_path: Path, rows: Rows) -> None:
    path = write_parquet(tmp_path / "r.parquet", rows)
    code = (
        "import sys; from pathlib import Path; from trainer.data.sources import read_reviews; "
        f"read_reviews(Path({str(path)!r})); "
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=True)
    assert done.stdout == "[]\n"


def test_a_source_without_columns_has_none_to_group_by(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_reviews(folder, Layout(group_column="film"))
    assert str(caught.value) == (
        f"reading {folder}: it has no columns, and so none to group by; leave out --group-column"
    )


def test_texts_are_read_without_labels(tmp_path: Path) -> None:
    pq.write_table(pa.table({"review": ["a", None, "b"]}), tmp_path / "r.parquet")
    assert read_texts(tmp_path / "r.parquet").to_pylist() == ["a", None, "b"]
    pq.write_table(pa.table({"review": pa.array([], pa.string())}), tmp_path / "none.parquet")
    with pytest.raises(ReviewsError, match="there are no reviews in it"):
        read_texts(tmp_path / "none.parquet")
    with pytest.raises(UsageError, match="absent.parquet does not exist"):
        read_texts(tmp_path / "absent.parquet")
