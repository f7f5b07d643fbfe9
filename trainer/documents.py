"""Document vectors: what a review is like, learned from all reviews together, labelled or not.

A vector a review that predicts the review's words, pairs and triples of words (Li et al. 2015, "Learning Document Embeddings by
Predicting N-grams for Sentiment Classification of Long Movie Reviews", arXiv:1512.08183), through gensim's Doc2Vec without
word vectors. It reads unlabeled reviews too, so it can tell what a linear model can't; a new review has no vector, so it can only teach.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.cores import available_cores
from scorer.errors import RunFolderError
from scorer.tokenizer import Tokens
from trainer.reviews import fingerprint_of_texts

ORDER = 3
# Below so many occurrences an n-gram says next to nothing, and most n-grams lie below.
FEWEST = 5
SIZE = 300
NEGATIVES = 5
LEARNING_RATE = 0.05
# Inverse strength of the L2 penalty on a vector's weights; a third or thrice as much costs 0.1 to 0.4 points on held-out reviews.
C = 0.1


@dataclass(frozen=True)
class DocumentModel:
    """What document vectors say of the unlabeled reviews that they were trained with.

    Attributes:
        fingerprint: SHA-256 of those reviews, in hex.
        scores: ``float32[reviews]``, the probability of positive.
    """

    fingerprint: str
    scores: npt.NDArray[np.float32]

    def predict(self, texts: pa.LargeStringArray) -> npt.NDArray[np.float32]:
        """Return the scores of the reviews that the vectors were trained with.

        Raises:
            RunFolderError: the texts are others.
        """
        if fingerprint_of_texts(texts) != self.fingerprint:
            raise RunFolderError("labelling with document vectors: they were trained with other reviews than these; train anew")
        return self.scores

    def save(self, path: Path) -> None:
        """Write the scores as ``.npz``."""
        np.savez_compressed(path, fingerprint=self.fingerprint, scores=self.scores)

    @classmethod
    def load(cls, path: Path) -> DocumentModel:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(str(stored["fingerprint"]), stored["scores"])


def document_vectors(tokens: Tokens, epochs: int, seed: int, corpus: Path) -> npt.NDArray[np.float32]:
    """Return ``float32[reviews, size]``, unit rows.

    On more than one thread gensim gives other vectors each time, though as good ones.

    Args:
        tokens: of all reviews.
        epochs: passes over them.
        seed: of the vectors before the first pass.
        corpus: a file to write the n-grams to; gensim is fastest from one. It is removed.
    """
    from gensim.models.doc2vec import Doc2Vec

    write_ngrams(tokens, corpus)
    try:
        model = Doc2Vec(
            corpus_file=os.fspath(corpus), dm=0, vector_size=SIZE, negative=NEGATIVES, min_count=1, sample=0,
            alpha=LEARNING_RATE, epochs=epochs, seed=seed, workers=available_cores(),
        )  # fmt: skip
    finally:
        corpus.unlink()
    vectors = model.dv.vectors[: len(tokens)]
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def write_ngrams(tokens: Tokens, corpus: Path) -> None:
    """Write a line a review: the numbers of its n-grams of up to three words that are met at least five times."""
    keys, rows = _ngrams(tokens)
    _, numbers, counts = np.unique(keys, return_inverse=True, return_counts=True)
    common = counts[numbers] >= FEWEST
    numbers, rows = numbers[common], rows[common]
    order = np.argsort(rows, kind="stable")
    numbers = numbers[order]
    bounds = np.searchsorted(rows[order], np.arange(len(tokens) + 1))
    with corpus.open("w") as file:
        for start, stop in pairwise(bounds):
            file.write(" ".join(map(str, numbers[start:stop].tolist())) + "\n")


def _ngrams(tokens: Tokens) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a number for each n-gram met, by its words, and the row that it stands in."""
    base = int(tokens.ids.max(initial=0)) + 1
    owners = np.repeat(np.arange(len(tokens)), np.diff(tokens.offsets))
    words = tokens.ids.astype(np.int64)
    keys, rows, key = [words], [owners], words
    for order in range(2, ORDER + 1):
        # Ids are below 2²⁰, so that three of them fit; a shorter n-gram begins with 0, which no word has.
        key = key[:-1] * base + words[order - 1 :]
        inside = owners[: len(key)] == owners[order - 1 :]
        keys.append(key[inside])
        rows.append(owners[: len(key)][inside])
    return np.concatenate(keys), np.concatenate(rows)
