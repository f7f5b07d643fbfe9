"""Word vectors that an embedding starts from: word2vec on one's own reviews (Mikolov et al. 2013, arXiv:1301.3781)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import FIRST_WORD_ID, Tokens

WINDOW = 8
# Words that stand everywhere teach little: some of them are left out (section 2.3 of arXiv:1310.4546).
SUBSAMPLING = 1e-4
# The spread of the numbers of an embedding that Keras starts from chance with, doubled: what dropout and the LSTM are used to.
SPREAD = 0.06


def word_vectors(tokens: Tokens, words: int, size: int, epochs: int, seed: int) -> npt.NDArray[np.float32]:
    """Return ``float32[words + 2, size]``: a row for each id; those of padding, unknown and never-met words are by chance or zero.

    On one thread: with more, gensim gives other vectors each time.

    Args:
        tokens: of all reviews, unlabeled ones too.
        words: in the vocabulary.
        size: numbers a word.
        epochs: passes over the reviews.
        seed: of the vectors before the first pass.
    """
    from gensim.models import Word2Vec

    spelled = [str(one) for one in range(words + FIRST_WORD_ID)]
    sentences = [[spelled[one] for one in tokens.ids[start:stop]] for start, stop in pairwise(tokens.offsets)]
    model = Word2Vec(
        sentences, vector_size=size, window=WINDOW, sample=SUBSAMPLING, min_count=1, epochs=epochs, seed=seed, workers=1, sg=0, negative=5
    )
    vectors = np.random.default_rng(seed).normal(0, SPREAD, (words + FIRST_WORD_ID, size)).astype(np.float32)
    met = np.array([int(word) for word in model.wv.index_to_key])
    vectors[met] = model.wv.vectors / model.wv.vectors.std() * SPREAD
    return vectors
