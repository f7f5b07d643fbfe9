"""The IMDB reviews that Keras downloads: integers, turned back into words for the one tokenizer.

Keras numbers words from 1, the commonest first, and adds ``index_from``; 1 marks the start of a
review and 2 a word that was left out (https://keras.io/api/datasets/imdb/). The integers lack
punctuation, and the ``br`` of HTML line breaks counts as a word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from scorer.console import import_quietly
from scorer.errors import ReviewsError, one_line
from trainer.data.reviews import Reviews

NAME = "imdb"
FILES = ("imdb.npz", "imdb_word_index.json")

INDEX_FROM = 3
START, LEFT_OUT = 1, 2
# More words than the data set has: with None, Keras leaves out the rarest word.
ALL_WORDS = 1 << 30
LINE_BREAK = "br"


def read(part: str) -> Reviews:
    """Return the reviews of one part, ``train`` or ``test``; Keras downloads them on first use.

    Raises:
        ReviewsError: they can't be downloaded, or the files aren't what Keras expects.
    """
    import_quietly("trainer.quiet")
    from keras.datasets import imdb

    from trainer.quiet import keras_datasets, own_home

    folder = keras_datasets()
    try:
        # Keras makes the folder only where it is no link; see `trainer.quiet`.
        folder.mkdir(parents=True, exist_ok=True)
        with own_home():
            train, test = imdb.load_data(
                num_words=ALL_WORDS, start_char=START, oov_char=LEFT_OUT, index_from=INDEX_FROM
            )
            index: dict[str, int] = imdb.get_word_index()
    except Exception as error:  # the errors of Keras' download have no common base
        raise ReviewsError(
            f"reading imdb: Keras could not get it ({one_line(error)}); "
            f"put {' and '.join(FILES)} into {folder}"
        ) from error
    sequences, labels = train if part == "train" else test
    return Reviews(_texts(sequences, index), np.asarray(labels, np.int8), NAME)


def _texts(sequences: Sequence[Sequence[int]], index: dict[str, int]) -> pa.LargeStringArray:
    words = {number + INDEX_FROM: word for word, number in index.items() if word != LINE_BREAK}
    texts = [
        " ".join(words[number] for number in sequence if number in words) for sequence in sequences
    ]
    return pa.array(texts, pa.large_string())
