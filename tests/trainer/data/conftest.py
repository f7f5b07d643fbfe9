"""Four made-up reviews in the original layout of the Large Movie Review Dataset."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Without punctuation, which the integers of Keras don't keep.
TEXTS = {
    "neg": ["an awful film", "i don't like it"],
    "pos": ["a great film", "i like it a lot"],
}


@pytest.fixture
def rows() -> list[tuple[str, int]]:
    """The text and the label of each review."""
    return [(text, int(name == "pos")) for name, texts in TEXTS.items() for text in texts]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "aclImdb"
    for name, texts in TEXTS.items():
        (root / "train" / name).mkdir(parents=True)
        for number, text in enumerate(texts):
            file_name = f"{number}_{8 if name == 'pos' else 2}.txt"
            (root / "train" / name / file_name).write_text(text)
    (root / "train/unsup").mkdir()
    (root / "train/unsup/0_0.txt").write_text("who knows")
    (root / "README").write_text("Large Movie Review Dataset")
    return root


@pytest.fixture
def pack(tmp_path: Path, folder: Path) -> Callable[[], Path]:
    """Packs the folder, as it is when called, into an archive."""

    def pack_folder() -> Path:
        with tarfile.open(tmp_path / "aclImdb_v1.tar.gz", "w:gz") as members:
            members.add(folder, arcname="aclImdb")
        return tmp_path / "aclImdb_v1.tar.gz"

    return pack_folder
