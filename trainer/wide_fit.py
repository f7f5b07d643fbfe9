"""The weights of a wide branch: a linear model over words and hashed n-grams, fitted by itself.

Beside the network it is a second opinion: both are fitted apart, and held-out reviews tell what each is to be trusted. Learned
together by Adam they were worse, each alone and in sum: it moves a rare n-gram as far as a common one, and what the wide branch
explains the LSTM doesn't learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import PAD_ID, Tokens
from trainer.crops import crop
from trainer.ngrams import LENGTH_SMOOTHING, log_ratios, ngram_slots

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Reviews padded together: what bounds memory.
ROWS_AT_ONCE = 256

# Inverse strength of the L2 penalty; four times as much fits the training reviews closer and held-out ones no better.
C = 10.0

# What a crop counts beside its whole review. Log loss of held-out reviews and of sentences cut from them: at 0, 0.2223 and 0.547;
# at 0.1, 0.2215 and 0.543; at 0.3, 0.2214 and 0.539; at 1, 0.2245 and 0.535.
CROP_WEIGHT = 0.3


@dataclass(frozen=True)
class WideWeights:
    """The weights of one linear model.

    Attributes:
        tables: ``float32[words + 2]``, and ``float32[slots]`` for each number of words from 2 on; the first weight is padding's, 0.
        intercept: added to the sum.
    """

    tables: tuple[npt.NDArray[np.float32], ...]
    intercept: float

    def logits(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """Return ``float32[reviews]``: what ``trainer.wide.WideBranch`` adds up, and the intercept."""
        found = np.zeros(len(tokens), np.float32)
        for start in range(0, len(tokens), ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, len(tokens)))
            found[rows] = self._of_padded(tokens.padded(rows))
        return found

    def _of_padded(self, token_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        kept = (token_ids != PAD_ID).astype(np.float32)
        total = (self.tables[0][token_ids] * kept).sum(axis=1)
        for shift, table in enumerate(self.tables[1:], 1):
            places = ngram_slots(token_ids, shift + 1, len(table))[-1]
            total += (table[places] * kept[:, shift:]).sum(axis=1)
        return np.asarray(total / np.sqrt(kept.sum(axis=1) + LENGTH_SMOOTHING) + self.intercept, np.float32)


def fit_wide(tokens: Tokens, targets: npt.NDArray[np.float32], words: int, order: int, slots: int, crops: int | None = None) -> WideWeights:
    """Fit logistic regression on features scaled by their log ratios; a target between 0 and 1 counts for both sides.

    Args:
        tokens: of the training reviews.
        targets: ``float32[reviews]``, the probability of positive of each.
        words: in the vocabulary.
        order: words of the longest n-grams.
        slots: of the table of each number of words from 2 on.
        crops: the seed of a crop of each review, that the branch learns from too; no crops where None.
    """
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    features, counted = _features(tokens, words, order, slots), np.ones(len(tokens))
    if crops is not None:
        short = crop(tokens, 1.0, np.random.default_rng(crops))
        features = vstack([features, _features(short, words, order, slots)]).tocsr()
        targets, counted = np.tile(targets, 2), np.repeat([1.0, CROP_WEIGHT], len(tokens))
    ratios = log_ratios(features.indices, np.repeat(targets, np.diff(features.indptr)), features.shape[1])
    scaled = features.multiply(ratios).tocsr()
    sided = np.concatenate([targets, 1 - targets]).astype(np.float64)
    kept = sided > 1e-3  # a side that hardly counts costs as much time as one that does
    weights = sided * np.tile(counted, 2)
    both = vstack([scaled, scaled]).tocsr()[kept]
    sides = np.repeat([1, 0], len(targets))[kept]
    fitted = LogisticRegression(C=C, solver="liblinear", tol=1e-2, max_iter=100, random_state=0).fit(
        both, sides, sample_weight=weights[kept]
    )
    learned = (fitted.coef_[0] * ratios).astype(np.float32)
    tables = np.split(learned, [words + 2 + slots * place for place in range(order - 1)])
    for table in tables:
        table[PAD_ID] = 0
    return WideWeights(tuple(tables), float(fitted.intercept_[0]))


def _features(tokens: Tokens, words: int, order: int, slots: int) -> csr_matrix:
    """Return ``float32[reviews, words + 2 + (order - 1) · slots]``: what each review adds to the sum."""
    from scipy.sparse import csr_matrix

    rows = tokens.owners
    places, owners, size = [tokens.ids], [rows], words + 2
    for shift, found in enumerate(ngram_slots(tokens.ids, order, slots), 1):
        whole = rows[:-shift] == rows[shift:]
        places.append(found[whole] + size)
        owners.append(rows[shift:][whole])
        size += slots
    owner = np.concatenate(owners)
    values = (1 / np.sqrt(np.diff(tokens.offsets) + LENGTH_SMOOTHING)).astype(np.float32)[owner]
    return csr_matrix((values, (owner, np.concatenate(places))), shape=(len(tokens), size))
