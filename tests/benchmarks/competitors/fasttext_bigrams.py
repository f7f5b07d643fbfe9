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
from trainer.data.reviews import Reviews

SETTINGS = {
    "wordNgrams": 2,
    "epoch": 10,
    "lr": 0.5,
    "dim": 10,
    "minCount": 2,
    "seed": 0,
    "thread": 1,
}


class FastText:
    """A model trained on labelled reviews.

    Attributes:
        size: size of its file, in bytes.
    """

    def __init__(self, train: Reviews) -> None:
        with tempfile.TemporaryDirectory() as name:
            source, model = Path(name) / "train.txt", Path(name) / "model.bin"
            source.write_text(_training_text(train))
            self._model = fasttext.train_supervised(str(source), verbose=0, **SETTINGS)
            self._model.save_model(str(model))
            self.size = model.stat().st_size

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        labels, probabilities = self._model.predict(_plain(table["review"]))
        # For each review, a list of its best label, and one of that label's probability.
        best = zip(labels, probabilities, strict=True)
        scores = [value[0] if label[0].endswith("1") else 1 - value[0] for label, value in best]
        values = np.array(scores, np.float32)
        write_scored(table, values, out)
        return values


def _training_text(train: Reviews) -> str:
    lines = zip(train.labels, _plain(train.texts.to_pylist()), strict=True)
    return "".join(f"__label__{label} {text}\n" for label, text in lines)


def _plain(texts: Iterable[str]) -> list[str]:
    """Return the words of each text on a line: fastText itself only splits at white space."""
    return [" ".join(words_of(text)) for text in texts]
