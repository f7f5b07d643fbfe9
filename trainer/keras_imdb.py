"""The IMDB reviews that Keras downloads: integers, turned back into words for the one tokenizer.

Keras numbers words by falling count from 1 and shifts them by ``index_from``; 1 marks a review's start, 2 a word left out:
https://keras.io/api/datasets/imdb/. Punctuation is lost there, and the ``br`` of HTML line breaks counts as a word.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.command import import_quietly
from scorer.errors import ReviewsError
from trainer.reviews import Reviews

NAME = "imdb"
FILES = ("imdb.npz", "imdb_word_index.json")

INDEX_FROM = 3
START, LEFT_OUT = 1, 2
ALL_WORDS = 1 << 30  # Keras leaves out its rarest word unless a larger number than it has is asked for
LINE_BREAK = "br"


def read(part: str) -> Reviews:
    """Return the reviews of one part, ``train`` or ``test``, downloaded where they aren't there yet.

    Raises:
        ReviewsError: they can't be downloaded, or what is there isn't what Keras expects.
    """
    import_quietly("keras")
    from keras.datasets import imdb

    try:
        train, test = imdb.load_data(num_words=ALL_WORDS, start_char=START, oov_char=LEFT_OUT, index_from=INDEX_FROM)
        index: dict[str, int] = imdb.get_word_index()
    except Exception as error:  # Keras raises whatever its download met, without a common base
        place = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "datasets"
        found = " ".join(str(error).split())
        raise ReviewsError(f"reading imdb: Keras could not get it ({found}); put {' and '.join(FILES)} into {place}") from error
    sequences, labels = train if part == "train" else test
    return Reviews(_texts(sequences, index), np.asarray(labels, np.int8), NAME)


def _texts(sequences: Sequence[Sequence[int]], index: dict[str, int]) -> pa.LargeStringArray:
    words: dict[int, Any] = {place + INDEX_FROM: word for word, place in index.items() if word != LINE_BREAK}
    return pa.array([" ".join(words[place] for place in sequence if place in words) for sequence in sequences], pa.large_string())
