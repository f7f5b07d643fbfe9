"""Document vectors: a vector for each review, learned from all reviews together, labelled or not.

A review's vector predicts its words, pairs and triples of words (Li et al. 2015, "Learning Document
Embeddings by Predicting N-grams for Sentiment Classification of Long Movie Reviews",
arXiv:1512.08183). The implementation is gensim's Doc2Vec, without word vectors. Unlike a linear
model, it learns from unlabeled reviews too. A review outside the training set has no vector, so
this model can only teach.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import one_line
from scorer.storage.whole_file import whole_file
from scorer.system.cores import available_cores
from scorer.system.records import from_json, to_json
from scorer.tokenizer import Tokenizer, Tokens
from trainer.data.reviews import fingerprint_of_texts
from trainer.errors import RunFolderError
from trainer.settings import SettingValue
from trainer.wide.ngrams import exact_step, row_ngram_keys

if TYPE_CHECKING:
    from gensim.models.doc2vec import Doc2Vec

ORDER = 3
# Most n-grams occur less often than this, and say next to nothing.
FEWEST = 5
SIZE = 300
NEGATIVES = 5
# The learning rate falls from the first to the second over all passes; gensim takes 0 as "not set".
LEARNING_RATE, LEAST_RATE = 0.05, 1e-4
# Inverse strength of the L2 penalty on the weights of a vector; a third or three times of it is
# worse. Measured: tests/benchmarks/README.md.
C = 0.1
# Saving the state takes some seconds, a pass most of a minute.
PASSES_BETWEEN = 4


@dataclass(frozen=True)
class DocumentModel:
    """The scores of the unlabeled reviews that the vectors were trained with.

    Attributes:
        fingerprint: SHA-256 of those reviews, in hex.
        scores: ``float32[reviews]``, the probability of positive.
    """

    fingerprint: str
    scores: npt.NDArray[np.float32]

    def predict(self, texts: pa.LargeStringArray, tokenizer: Tokenizer) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token.

        Args:
            texts: ``large_string[reviews]``, the reviews that the vectors were trained with.
            tokenizer: not used, since the scores are stored.

        Raises:
            RunFolderError: the vectors were trained with other reviews.
        """
        if fingerprint_of_texts(texts) != self.fingerprint:
            raise RunFolderError(
                "labelling with document vectors: they were trained with other reviews than these; "
                "train anew"
            )
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
class PassesState:
    """What the checkpoint holds beside the vectors, stored as JSON.

    Attributes:
        settings: settings of the run.
        fingerprint: SHA-256 of its reviews, in hex.
        done: number of finished passes.
    """

    settings: Mapping[str, SettingValue]
    fingerprint: str
    done: int


@dataclass(frozen=True)
class Passes:
    """The checkpoint of unfinished vectors.

    It is some thousand times as large as the finished model, so it is written every few passes.

    Attributes:
        path: file of the checkpoint.
        settings: settings of the run.
        fingerprint: SHA-256 of its reviews, in hex.
    """

    path: Path
    settings: Mapping[str, SettingValue]
    fingerprint: str

    def kept(self) -> PassesState | None:
        """Return the state of the kept passes; None where none are.

        Raises:
            RunFolderError: the checkpoint is damaged, or of another release.
        """
        if not self.path.is_file():
            return None
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return from_json(PassesState, json.loads(str(stored["state"])), "state")
        except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
            raise RunFolderError(
                f"reading the checkpoint {self.path}: it can't be taken up ({one_line(error)}); "
                "train without --resume into another folder"
            ) from error

    def restore(self, model: Doc2Vec) -> int:
        """Put the kept passes into a model; return how many there are."""
        state = self.kept()
        if state is None:
            return 0
        with np.load(self.path, allow_pickle=False) as stored:
            model.dv.vectors[:], model.syn1neg[:] = stored["vectors"], stored["weights"]
        return state.done

    def keep(self, model: Doc2Vec, done: int) -> None:
        """Write the checkpoint of a model after ``done`` passes."""
        state = json.dumps(to_json(PassesState(self.settings, self.fingerprint, done)))
        self.path.parent.mkdir(exist_ok=True)
        with whole_file(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, vectors=model.dv.vectors, weights=model.syn1neg, state=state)


def document_vectors(
    tokens: Tokens,
    epochs: int,
    seed: int,
    corpus: Path,
    passes: Passes,
    say: Callable[[str], None] = lambda line: None,
) -> npt.NDArray[np.float32]:
    """Train the vectors: ``float32[reviews, size]``, rows of length 1.

    With more than one thread, gensim gives different vectors each time; their quality is the same.

    Args:
        tokens: tokens of all reviews.
        epochs: passes over them.
        seed: seed of the vectors before the first pass.
        corpus: file for the n-grams, which gensim reads fastest from a file; removed at the end.
        passes: the checkpoint; passes that it holds are not repeated.
        say: receives a line of progress after every few passes.
    """
    write_ngrams(tokens, corpus)
    try:
        model = _new_model(corpus, seed)
        for done in range(passes.restore(model), epochs):
            _train_pass(model, corpus, done, epochs)
            if (done + 1) % PASSES_BETWEEN == 0 and done + 1 < epochs:
                passes.keep(model, done + 1)
                say(f"pass {done + 1} of {epochs}")
    finally:
        corpus.unlink()
    vectors = model.dv.vectors[: len(tokens)]
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)


def write_ngrams(tokens: Tokens, corpus: Path) -> None:
    """Write a line for each review: the numbers of its n-grams of 1 to 3 words.

    N-grams that occur less than five times in all reviews are left out.
    """
    keys, rows = _ngrams(tokens)
    _, numbers, counts = np.unique(keys, return_inverse=True, return_counts=True)
    frequent = counts[numbers] >= FEWEST
    numbers, rows = numbers[frequent], rows[frequent]
    order = np.argsort(rows, kind="stable")
    numbers = numbers[order]
    bounds = np.searchsorted(rows[order], np.arange(len(tokens) + 1))
    with corpus.open("w") as file:
        for start, stop in pairwise(bounds):
            file.write(" ".join(map(str, numbers[start:stop].tolist())) + "\n")


def _ngrams(tokens: Tokens) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the key and the row of every n-gram, ``int64[n-grams]`` each."""
    base = int(tokens.ids.max(initial=0)) + 1
    found = row_ngram_keys(tokens, ORDER, partial(exact_step, base=base))
    return np.concatenate([keys for keys, _ in found]), np.concatenate([rows for _, rows in found])


def _new_model(corpus: Path, seed: int) -> Doc2Vec:
    from gensim.models.doc2vec import Doc2Vec

    model = Doc2Vec(
        dm=0,
        vector_size=SIZE,
        negative=NEGATIVES,
        min_count=1,
        sample=0,
        alpha=LEARNING_RATE,
        seed=seed,
        workers=available_cores(),
    )
    model.build_vocab(corpus_file=os.fspath(corpus))
    return model


def _train_pass(model: Doc2Vec, corpus: Path, done: int, epochs: int) -> None:
    start, end = (
        max(LEAST_RATE, LEARNING_RATE * (1 - finished / epochs)) for finished in (done, done + 1)
    )
    model.train(
        corpus_file=os.fspath(corpus),
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=1,
        start_alpha=start,
        end_alpha=end,
    )
