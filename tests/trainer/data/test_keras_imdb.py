from __future__ import annotations

from pathlib import Path

import pytest

from scorer.errors import ReviewsError
from trainer.data.sources import read_reviews


def test_without_network_one_sentence_names_the_files_and_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(fname: str, **rest: object) -> str:
        raise Exception(
            f"URL fetch failure on {fname}: None -- [Errno -3]\n"
            "Temporary failure in name resolution"
        )

    monkeypatch.setattr("keras.src.datasets.imdb.get_file", no_network)
    monkeypatch.setenv("KERAS_HOME", "/data/keras")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReviewsError) as caught:
        read_reviews(Path("imdb"))
    expected = "; put imdb.npz and imdb_word_index.json into /data/keras/datasets"
    assert str(caught.value).endswith(expected)
    assert "\n" not in str(caught.value)
