"""The script that a user would write for the same model file.

It uses pandas, a regular expression, batches of 128 and onnxruntime.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pandas as pd

from competitors.frame import words_of, write_scored
from scorer import SentimentModel
from scorer.tokenizer import FIRST_WORD_ID, UNKNOWN_ID

BATCH = 128


class Script:
    """The script after it has loaded the model."""

    def __init__(self, model: SentimentModel) -> None:
        tokenizer = model.card.tokenizer
        self._session = onnxruntime.InferenceSession(model.file.content)
        self._ids = {word: token_id for token_id, word in enumerate(tokenizer.words, FIRST_WORD_ID)}
        self._max_tokens = tokenizer.max_tokens

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        ids = [self._encode(text) for text in table["review"]]
        starts = range(0, len(ids), BATCH)
        scores = np.concatenate([self._score_batch(ids[start : start + BATCH]) for start in starts])
        write_scored(table, scores, out)
        return scores

    def _encode(self, text: str) -> list[int]:
        ids = [self._ids.get(word, UNKNOWN_ID) for word in words_of(text)]
        return ids[-self._max_tokens :] or [UNKNOWN_ID]

    def _score_batch(self, ids: list[list[int]]) -> npt.NDArray[np.float32]:
        lengths = np.array([len(row) for row in ids], np.int32)
        token_ids = np.zeros((len(ids), lengths.max()), np.int32)
        for padded, row in zip(token_ids, ids, strict=True):
            padded[: len(row)] = row
        feed = {"token_ids": token_ids, "lengths": lengths}
        return np.asarray(self._session.run(["score"], feed)[0])
