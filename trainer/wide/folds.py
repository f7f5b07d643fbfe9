"""Folds of the wide branch: the weights with which the LSTM reads its training reviews.

On the reviews they were fitted on, the weights look better than on new text, and the LSTM would
over-trust them; so each review is read with a fit on the other folds (stacked generalisation,
Wolpert 1992, https://doi.org/10.1016/S0893-6080(05)80023-1).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.system.cores import available_cores
from trainer.wide.weights import SPREAD, Examples, WideWeights, look_up

FOLDS = 4
# A fit on 75,000 reviews takes 2 GB.
FITS_AT_ONCE = 2


@dataclass(frozen=True)
class FoldedWeights:
    """The weights of a wide branch, and the weights that its training reviews are read with.

    Attributes:
        whole: fitted on all reviews; these ship.
        tables: ``float32[folds, size]`` for each order, fitted on the reviews outside each fold.
        fold_of: ``int64[reviews]``, the fold of each review.
    """

    whole: WideWeights
    tables: tuple[npt.NDArray[np.float32], ...]
    fold_of: npt.NDArray[np.int64]

    def of_rows(
        self, rows: npt.NDArray[np.int64], token_ids: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        """Return the weights at each position, ``float32[batch, length, order]``.

        Args:
            rows: ``int64[batch]``, training reviews.
            token_ids: ``int32[batch, length]``, their tokens, whole or cropped.
        """
        return look_up(self.tables, token_ids, self.fold_of[rows])


def fit_folds(examples: Examples, groups: npt.NDArray[np.int64], seed: int) -> FoldedWeights:
    """Fit a wide branch on all examples, and once without each fold; scale all to :data:`SPREAD`.

    Args:
        examples: training examples.
        groups: ``int64[reviews]``, group of each review: the reviews of a group share a fold.
        seed: seed of the folds.
    """
    fold_of = np.random.default_rng(seed).integers(0, FOLDS, int(groups.max()) + 1)[groups]
    outsides = [fold_of != fold for fold in range(FOLDS)]
    # With few groups, all reviews outside a fold may have one label: then the fold is read with a
    # fit on all reviews.
    kept = [outside if examples.has_both_labels(outside) else None for outside in outsides]
    # liblinear releases the GIL.
    with ThreadPoolExecutor(min(FITS_AT_ONCE, available_cores())) as pool:
        whole, *parts = pool.map(examples.fit, [None, *kept])
    factors = [np.float32(SPREAD / spread) for spread in examples.spreads(whole)]
    scaled = [table * factor for table, factor in zip(whole.tables, factors, strict=True)]
    tables = [
        np.stack([part.tables[index] for part in parts]) * factor
        for index, factor in enumerate(factors)
    ]
    return FoldedWeights(WideWeights(tuple(scaled)), tuple(tables), fold_of)
