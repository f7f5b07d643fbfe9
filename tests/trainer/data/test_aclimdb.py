from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scorer.errors import ReviewsError
from trainer.data.sources import read_reviews


def test_reviews_are_ordered_by_label_and_number(folder: Path) -> None:
    (folder / "train/neg/10_1.txt").write_text("the eleventh")
    reviews = read_reviews(folder)
    assert reviews.texts.to_pylist()[:3] == ["an awful film", "i don't like it", "the eleventh"]
    assert reviews.labels.tolist() == [0, 0, 0, 1, 1]


def test_a_cut_archive_is_named(tmp_path: Path, pack: Callable[[], Path]) -> None:
    whole = pack().read_bytes()
    for fraction in (0.0, 0.3, 0.7, 0.95):
        (tmp_path / "cut.tar.gz").write_bytes(whole[: int(len(whole) * fraction)])
        with pytest.raises(ReviewsError, match="cut.tar.gz: the archive is cut or damaged"):
            read_reviews(tmp_path / "cut.tar.gz")


def test_an_archive_of_something_else_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as members:
        info = tarfile.TarInfo("a/b/c.txt")
        members.addfile(info, io.BytesIO())
    with pytest.raises(ReviewsError, match="it holds no train/pos and train/neg reviews"):
        read_reviews(tmp_path / "other.tar.gz")


def test_a_file_that_is_no_review_is_named(folder: Path, pack: Callable[[], Path]) -> None:
    (folder / "train/pos/notes.txt").write_text("mine")
    message = "a review is named like 123_9.txt, its number and its rating; remove the file"
    with pytest.raises(ReviewsError, match=f"train/pos/notes.txt: {message}"):
        read_reviews(folder)
    within = "reading aclImdb/train/pos/notes.txt in .*aclImdb_v1.tar.gz"
    with pytest.raises(ReviewsError, match=f"{within}: {message}"):
        read_reviews(pack())


def test_a_file_that_cannot_be_read_is_one_sentence(folder: Path) -> None:
    (folder / "train/pos/5_9.txt").mkdir()
    with pytest.raises(ReviewsError) as caught:
        read_reviews(folder)
    assert str(caught.value) == f"reading {folder}/train: Is a directory"
