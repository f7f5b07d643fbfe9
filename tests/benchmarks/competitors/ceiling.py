"""The ceiling: onnxruntime alone, on the same graph and all cores.

Token ids are prepared and packed beforehand; nothing is read, tokenized or written.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from scorer import SentimentModel
from scorer.system.cores import available_cores
from scorer.system.memory import keep_for_reuse
from scorer.tokenizer import Tokens


class Ceiling:
    """Scores micro-batches that are packed over all reviews, not over a window at a time.

    Args:
        model: the model.
        tokens: of all reviews.
        threads: number of threads that score; all cores if None.
    """

    def __init__(self, model: SentimentModel, tokens: Tokens, threads: int | None = None) -> None:
        keep_for_reuse()  # as scorer run does
        self._model = model
        self._scores = np.full(len(tokens), np.nan, np.float32)
        # Longest reviews first, so that no thread is left alone with a long batch at the end.
        self._rows = list(model.batches(tokens.lengths))[::-1]
        self._batches = [
            (tokens.padded(rows), tokens.lengths[rows].astype(np.int32)) for rows in self._rows
        ]
        self._threads = threads or available_cores()

    def score(self) -> npt.NDArray[np.float32]:
        """Score all reviews, ``float32[reviews]``."""
        with ThreadPoolExecutor(self._threads) as pool:
            answers = pool.map(lambda batch: self._model.run(*batch), self._batches)
            for rows, scores in zip(self._rows, answers, strict=True):
                self._scores[rows] = scores
        return self._scores
