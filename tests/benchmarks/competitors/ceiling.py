"""The ceiling: the same graph on token ids prepared beforehand, ideally packed, all cores. No reading, no tokenizing, no writing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from scorer import SentimentModel
from scorer.cores import available_cores
from scorer.memory import keep_for_reuse
from scorer.model import micro_batches
from scorer.tokenizer import Tokens


class Ceiling:
    """Scores tokens that are packed already: all reviews sorted by length, not a window at a time."""

    def __init__(self, model: SentimentModel, tokens: Tokens, threads: int | None = None) -> None:
        keep_for_reuse()  # as scorer run does
        self._model = model
        self._scores = np.full(len(tokens), np.nan, np.float32)
        # The longest first, so that no thread is left alone with one of them.
        self._rows = list(reversed(list(micro_batches(tokens.lengths))))
        self._batches = [(tokens.padded(rows), tokens.lengths[rows].astype(np.int32)) for rows in self._rows]
        self._threads = threads or available_cores()

    def score(self) -> npt.NDArray[np.float32]:
        """Score all of them."""
        with ThreadPoolExecutor(self._threads) as pool:
            for rows, found in zip(self._rows, pool.map(lambda batch: self._model.run(*batch), self._batches), strict=True):
                self._scores[rows] = found
        return self._scores
