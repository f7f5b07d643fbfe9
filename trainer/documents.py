"""Document vectors: what a review is like, learned from all reviews together, labelled or not.

A vector a review that predicts the review's words, pairs and triples of words (Li et al. 2015, "Learning Document Embeddings by
Predicting N-grams for Sentiment Classification of Long Movie Reviews", arXiv:1512.08183), through gensim's Doc2Vec without
word vectors. It reads unlabeled reviews too, so it can tell what a linear model can't; a new review has no vector, so it can only teach.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.cores import available_cores
from scorer.errors import RunFolderError
from scorer.files import whole_file
from scorer.tokenizer import Tokens
from trainer.reviews import fingerprint_of_texts

if TYPE_CHECKING:
    from gensim.models.doc2vec import Doc2Vec

ORDER = 3
# Below so many occurrences an n-gram says next to nothing, and most n-grams lie below.
FEWEST = 5
SIZE = 300
NEGATIVES = 5
# Falls over all passes from the one to the other; gensim takes 0 for no wish.
LEARNING_RATE, LEAST_RATE = 0.05, 1e-4
# Inverse strength of the L2 penalty on a vector's weights; a third or thrice as much costs 0.1 to 0.4 points on held-out reviews.
C = 0.1
# Keeping the state takes some seconds, a pass most of a minute.
PASSES_BETWEEN = 4


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


@dataclass(frozen=True)
class Passes:
    """The state of unfinished vectors on disk: some thousand times larger than they are, so it is kept once in a few passes.

    Attributes:
        path: where it is kept.
        settings: of the run.
        fingerprint: of its reviews.
    """

    path: Path
    settings: dict[str, Any]
    fingerprint: str

    def kept(self) -> tuple[dict[str, Any], str] | None:
        """Return settings and fingerprint of the passes that are kept; None where none are."""
        if not self.path.is_file():
            return None
        with np.load(self.path, allow_pickle=False) as stored:
            return json.loads(str(stored["settings"])), str(stored["fingerprint"])

    def restore(self, model: Doc2Vec) -> int:
        """Put what is kept into a model; return how many passes that were."""
        if not self.path.is_file():
            return 0
        with np.load(self.path, allow_pickle=False) as stored:
            model.dv.vectors[:], model.syn1neg[:] = stored["vectors"], stored["weights"]
            return int(stored["done"])

    def keep(self, model: Doc2Vec, done: int) -> None:
        """Keep a model that so many passes are done of."""
        self.path.parent.mkdir(exist_ok=True)
        with whole_file(self.path) as temporary, temporary.open("wb") as file:
            np.savez(
                file, vectors=model.dv.vectors, weights=model.syn1neg, done=done,
                settings=json.dumps(self.settings), fingerprint=self.fingerprint,
            )  # fmt: skip


def document_vectors(
    tokens: Tokens, epochs: int, seed: int, corpus: Path, passes: Passes, say: Callable[[str], None] = lambda line: None
) -> npt.NDArray[np.float32]:
    """Return ``float32[reviews, size]``, unit rows.

    On more than one thread gensim gives other vectors each time, though as good ones.

    Args:
        tokens: of all reviews.
        epochs: passes over them.
        seed: of the vectors before the first pass.
        corpus: a file to write the n-grams to; gensim is fastest from one. It is removed.
        passes: those that are kept are not done again.
        say: is given a line when some passes are done.
    """
    from gensim.models.doc2vec import Doc2Vec

    write_ngrams(tokens, corpus)
    source = os.fspath(corpus)
    try:
        model = Doc2Vec(
            dm=0, vector_size=SIZE, negative=NEGATIVES, min_count=1, sample=0, alpha=LEARNING_RATE, seed=seed, workers=available_cores()
        )
        model.build_vocab(corpus_file=source)
        for done in range(passes.restore(model), epochs):
            first, last = (max(LEAST_RATE, LEARNING_RATE * (1 - at / epochs)) for at in (done, done + 1))
            model.train(
                corpus_file=source, total_examples=model.corpus_count, total_words=model.corpus_total_words,
                epochs=1, start_alpha=first, end_alpha=last,
            )  # fmt: skip
            if (done + 1) % PASSES_BETWEEN == 0 and done + 1 < epochs:
                passes.keep(model, done + 1)
                say(f"pass {done + 1} of {epochs}")
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
    owners = tokens.owners
    words = tokens.ids.astype(np.int64)
    keys, rows, key = [words], [owners], words
    for order in range(2, ORDER + 1):
        # Ids are below 2²⁰, so that three of them fit; a shorter n-gram begins with 0, which no word has.
        key = key[:-1] * base + words[order - 1 :]
        inside = owners[: len(key)] == owners[order - 1 :]
        keys.append(key[inside])
        rows.append(owners[: len(key)][inside])
    return np.concatenate(keys), np.concatenate(rows)
