"""The linear model that people would use instead: logistic regression over words, pairs and triples of words.

Two weightings of the same n-grams, averaged: TF-IDF, and presence times naive-Bayes log ratio (Wang & Manning 2012, ACL P12-2018).
It is the first teacher of the networks that ship, and what they have to beat.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.calibration import Line
from trainer.ngrams import log_ratios

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ORDER = 3
SLOTS = 1 << 22
FACTOR = 1_000_003
# Inverse strengths of the L2 penalty, chosen on reviews held out film by film; a third of each costs half a point.
TFIDF_C, BAYES_C = 30.0, 10.0


@dataclass(frozen=True)
class LinearModel:
    """The weights of a fitted model.

    Attributes:
        idf: ``float32[slots]``, inverse document frequency of each n-gram.
        tfidf_weights: ``float32[slots]``.
        bayes_weights: ``float32[slots]``, the log ratios multiplied in.
        intercepts: ``float32[2]``, of both.
        line: ``float32[2]``, slope and shift that calibrate their average.
    """

    idf: npt.NDArray[np.float32]
    tfidf_weights: npt.NDArray[np.float32]
    bayes_weights: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    line: npt.NDArray[np.float32]

    def predict(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """Return ``float32[reviews]``, the probability of positive; NaN for a review without a token."""
        counts = count_ngrams(tokens)
        tfidf = _unit_rows(_sublinear(counts).multiply(self.idf).tocsr()) @ self.tfidf_weights + self.intercepts[0]
        bayes = _unit_rows(_presence(counts)) @ self.bayes_weights + self.intercepts[1]
        score = Line((float(self.line[0]),), float(self.line[1]))((tfidf + bayes) / 2)
        score[np.diff(tokens.offsets) == 0] = np.nan
        return score

    def save(self, path: Path) -> None:
        """Write the weights as ``.npz``."""
        np.savez_compressed(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> LinearModel:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


def fit_weights(tokens: Tokens, labels: npt.NDArray[np.int8]) -> LinearModel:
    """Fit both weightings on ``int8[reviews]`` labels."""
    counts = count_ngrams(tokens)
    present = _presence(counts)
    idf = np.log((1 + len(labels)) / (1 + np.asarray(present.sum(0)).ravel())) + 1
    places = present.indices.astype(np.int64)
    targets = np.repeat(labels, np.diff(present.indptr)).astype(np.float32)
    ratios = log_ratios(places, targets, SLOTS)
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
    """Return how often each n-gram of up to three words stands in each review: ``float32[reviews, slots]``, hashed."""
    from scipy.sparse import csr_matrix

    ids = tokens.ids.astype(np.int64)
    rows = tokens.owners
    places, owners, hashed = [ids % SLOTS], [rows], ids
    for order in range(2, ORDER + 1):
        # A triple's code is made of its pair's; int64 has room for a factor of a million on 2²² slots.
        hashed = (hashed[:-1] % SLOTS * FACTOR + ids[order - 1 :] * 7 + order) % (1 << 40)
        whole = rows[: len(hashed)] == rows[order - 1 :]
        places.append((hashed[whole] ^ (hashed[whole] >> 17)) % SLOTS)
        owners.append(rows[: len(hashed)][whole])
    place, owner = np.concatenate(places), np.concatenate(owners)
    counts = csr_matrix((np.ones(len(place), np.float32), (owner, place)), shape=(len(tokens), SLOTS))
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


def _regression(features: csr_matrix, labels: npt.NDArray[np.int8], strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, solver="liblinear", tol=1e-3, max_iter=200).fit(features, labels)
