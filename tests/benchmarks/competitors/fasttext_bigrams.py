"""fastText, supervised, words and pairs: https://fasttext.cc/docs/en/supervised-tutorial.html."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import fasttext
import numpy as np
import numpy.typing as npt
import pandas as pd

from competitors.frame import words_of, write_scored
from trainer.reviews import Reviews

SETTINGS = {"wordNgrams": 2, "epoch": 10, "lr": 0.5, "dim": 10, "minCount": 2, "seed": 0, "thread": 1}


class FastText:
    """A model trained on labelled reviews.

    Attributes:
        size: bytes of its file.
    """

    def __init__(self, train: Reviews) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lines = (f"__label__{label} {text}\n" for label, text in zip(train.labels, _plain(train.texts.to_pylist()), strict=True))
            path = Path(folder) / "train.txt"
            path.write_text("".join(lines))
            self._model = fasttext.train_supervised(str(path), verbose=0, **SETTINGS)
            self._model.save_model(f"{folder}/model.bin")
            self.size = Path(f"{folder}/model.bin").stat().st_size

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        labels, shares = self._model.predict(_plain(table["review"]))
        scores = np.array(
            [share[0] if label[0].endswith("1") else 1 - share[0] for label, share in zip(labels, shares, strict=True)], np.float32
        )
        write_scored(table, scores, out)
        return scores


def _plain(texts: Iterable[str]) -> list[str]:
    """Return a line of words a text: fastText itself only splits at white space."""
    return [" ".join(words_of(text)) for text in texts]
