"""The linear model that people would use instead: logistic regression over n-grams of 1 to 3 words.

It averages two weightings of the same n-grams: TF-IDF, and presence times naive-Bayes log ratio
(Wang & Manning 2012, ACL P12-2018). It is the first teacher of the networks that ship, and the
model that they have to beat.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokenizer, Tokens
from trainer.measure.calibration import Line
from trainer.wide.ngrams import hash_slots, hash_step, log_ratios, row_ngram_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

ORDER = 3
SLOTS = 1 << 22
# Inverse strengths of the L2 penalty, chosen on reviews of held-out films.
# Measured: tests/benchmarks/README.md.
TFIDF_C, BAYES_C = 30.0, 10.0


@dataclass(frozen=True)
class LinearModel:
    """The weights of a fitted model.

    Attributes:
        idf: ``float32[slots]``, inverse document frequency of each n-gram.
        tfidf_weights: ``float32[slots]``, weights of the TF-IDF features.
        bayes_weights: ``float32[slots]``, weights of the n-grams present, log ratios included.
        intercepts: ``float32[2]``, of both weightings.
        line: ``float32[2]``, slope and shift that calibrate their average.
    """

    idf: npt.NDArray[np.float32]
    tfidf_weights: npt.NDArray[np.float32]
    bayes_weights: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    line: npt.NDArray[np.float32]

    def predict(self, texts: pa.LargeStringArray, tokenizer: Tokenizer) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token.

        Args:
            texts: ``large_string[reviews]``.
            tokenizer: the tokenizer that the model was trained with.
        """
        return self.scores(tokenizer.encode(texts))

    def scores(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token."""
        counts = count_ngrams(tokens)
        weighted = _unit_rows(_sublinear(counts).multiply(self.idf).tocsr())
        tfidf = weighted @ self.tfidf_weights + self.intercepts[0]
        bayes = _unit_rows(_presence(counts)) @ self.bayes_weights + self.intercepts[1]
        scores = Line((float(self.line[0]),), float(self.line[1]))((tfidf + bayes) / 2)
        scores[np.diff(tokens.offsets) == 0] = np.nan
        return scores

    def save(self, path: Path) -> None:
        """Write the weights as ``.npz``."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> LinearModel:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


def fit_weights(tokens: Tokens, labels: npt.NDArray[np.int8]) -> LinearModel:
    """Fit both weightings, uncalibrated.

    Args:
        tokens: tokens of the training reviews.
        labels: ``int8[reviews]``.
    """
    counts = count_ngrams(tokens)
    present = _presence(counts)
    idf = np.log((1 + len(labels)) / (1 + np.asarray(present.sum(0)).ravel())) + 1
    targets = np.repeat(labels, np.diff(present.indptr)).astype(np.float32)
    ratios = log_ratios(present.indices.astype(np.int64), targets, SLOTS)
    tfidf = _regression(_unit_rows(_sublinear(counts).multiply(idf).tocsr()), labels, TFIDF_C)
    bayes = _regression(_unit_rows(present).multiply(ratios).tocsr(), labels, BAYES_C)
    return LinearModel(
        idf=idf.astype(np.float32),
        tfidf_weights=tfidf.coef_[0].astype(np.float32),
        bayes_weights=(bayes.coef_[0] * ratios).astype(np.float32),
        intercepts=np.array([tfidf.intercept_[0], bayes.intercept_[0]], np.float32),
        line=np.array([1, 0], np.float32),
    )


def count_ngrams(tokens: Tokens) -> csr_matrix:
    """Return how often each n-gram of 1 to 3 words occurs, hashed: ``float32[reviews, slots]``."""
    from scipy.sparse import csr_matrix

    keys = row_ngram_keys(tokens, ORDER, partial(hash_step, slots=SLOTS))
    words, *hashes = (key for key, _ in keys)
    columns = np.concatenate([words % SLOTS, *(hash_slots(hashed, SLOTS) for hashed in hashes)])
    rows = np.concatenate([rows for _, rows in keys])
    ones = np.ones(len(columns), np.float32)
    counts = csr_matrix((ones, (rows, columns)), shape=(len(tokens), SLOTS))
    counts.sum_duplicates()
    return counts


def _presence(counts: csr_matrix) -> csr_matrix:
    present = counts.copy()
    present.data[:] = 1
    return present


def _sublinear(counts: csr_matrix) -> csr_matrix:
    dampened = counts.copy()
    dampened.data = 1 + np.log(dampened.data)
    return dampened


def _unit_rows(features: csr_matrix) -> csr_matrix:
    from sklearn.preprocessing import normalize

    return normalize(features, norm="l2")


def _regression(
    features: csr_matrix, labels: npt.NDArray[np.int8], inverse_penalty: float
) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=inverse_penalty, solver="liblinear", tol=1e-3, max_iter=200)
    return model.fit(features, labels)
