"""Word vectors that the embedding starts from: word2vec (Mikolov et al. 2013, arXiv:1301.3781)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import FIRST_WORD_ID, Tokens

WINDOW = 8
NEGATIVES = 5
# The most frequent words teach little: some of their occurrences are skipped (section 2.3 of
# arXiv:1310.4546).
SUBSAMPLING = 1e-4
# Standard deviation of the numbers of an embedding: twice that of Keras' random start, the scale
# that dropout and the LSTM expect.
SPREAD = 0.06


def word_vectors(
    tokens: Tokens, words: int, size: int, epochs: int, seed: int
) -> npt.NDArray[np.float32]:
    """Return the word vectors, ``float32[words + 2, size]``, a row for each id.

    Padding, the unknown word and words without an occurrence have random vectors. On one thread:
    on several, gensim returns other vectors each time.

    Args:
        tokens: tokens of all reviews, with and without a label.
        words: words in the vocabulary.
        size: numbers in a vector.
        epochs: passes over the reviews.
        seed: seed of the vectors before the first pass.
    """
    from gensim.models import Word2Vec

    names = [str(token_id) for token_id in range(words + FIRST_WORD_ID)]
    sentences = [
        [names[token_id] for token_id in tokens.ids[start:stop]]
        for start, stop in pairwise(tokens.offsets)
    ]
    model = Word2Vec(
        sentences,
        vector_size=size,
        window=WINDOW,
        sample=SUBSAMPLING,
        min_count=1,
        epochs=epochs,
        seed=seed,
        workers=1,
        sg=0,
        negative=NEGATIVES,
    )
    shape = (words + FIRST_WORD_ID, size)
    vectors = np.random.default_rng(seed).normal(0, SPREAD, shape).astype(np.float32)
    ids = np.array([int(name) for name in model.wv.index_to_key])
    vectors[ids] = model.wv.vectors / model.wv.vectors.std() * SPREAD
    return vectors
