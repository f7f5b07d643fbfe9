"""The script that a user would write for the same model file: pandas, a regular expression, batches of 128, onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pandas as pd

from competitors.frame import words_of, write_scored
from scorer import SentimentModel

BATCH = 128


class Script:
    """What such a script holds once it has loaded the model."""

    def __init__(self, model: SentimentModel) -> None:
        tokenizer = model.card.tokenizer
        self._session = onnxruntime.InferenceSession(model.file.content)
        self._ids = {word: place + 2 for place, word in enumerate(tokenizer.words)}
        self._most = tokenizer.max_tokens

    def _encode(self, text: str) -> list[int]:
        return [self._ids.get(word, 1) for word in words_of(text)][-self._most :] or [1]

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        ids = [self._encode(text) for text in table["review"]]
        scores = []
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            lengths = np.array([len(row) for row in part], np.int32)
            batch = np.zeros((len(part), lengths.max()), np.int32)
            for row, words in zip(batch, part, strict=True):
                row[: len(words)] = words
            scores.append(self._session.run(["score"], {"token_ids": batch, "lengths": lengths})[0])
        found = np.concatenate(scores)
        write_scored(table, found, out)
        return found
