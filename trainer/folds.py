"""The weights of a wide branch as an LSTM is to read them in training: each review's from a fit that hasn't seen it.

Read in the reviews that they were fitted on, weights say more than they will ever say again, and the LSTM would learn to trust them too far
(stacked generalisation, Wolpert 1992, https://doi.org/10.1016/S0893-6080(05)80023-1).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.cores import available_cores
from trainer.wide_fit import SPREAD, Examples, WideWeights, look_up

FOLDS = 4
# A fit on 75,000 reviews takes 2 GB.
FITS_AT_ONCE = 2


@dataclass(frozen=True)
class FoldedWeights:
    """The weights of a wide branch, and those that its training reviews are read with.

    Attributes:
        whole: fitted on all of them: those that ship.
        tables: for each order ``float32[folds, size]``: fitted on the reviews outside a fold.
        fold_of: ``int64[reviews]``.
    """

    whole: WideWeights
    tables: tuple[npt.NDArray[np.float32], ...]
    fold_of: npt.NDArray[np.int64]

    def of_rows(self, rows: npt.NDArray[np.int64], token_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return ``float32[batch, length, order]``, what the training reviews ``rows`` are read with.

        Args:
            rows: ``int64[batch]``.
            token_ids: ``int32[batch, length]``, theirs, or some of them.
        """
        return look_up(self.tables, token_ids, self.fold_of[rows][:, None])


def fit_folds(examples: Examples, groups: npt.NDArray[np.int64], seed: int) -> FoldedWeights:
    """Fit a wide branch on all examples, and once without each fold; all in the measure in which an LSTM reads them.

    Args:
        examples: what it learns from.
        groups: ``int64[reviews]``, what each is about: reviews of one group are in one fold.
        seed: of the folds.
    """
    fold_of = np.random.default_rng(seed).integers(0, FOLDS, int(groups.max()) + 1)[groups]
    # Where there are few groups, what lies outside a fold may be of one side only: then nothing can be learned from it.
    kept = [outside if examples.has_both_sides(outside) else None for outside in (fold_of != fold for fold in range(FOLDS))]
    with ThreadPoolExecutor(min(FITS_AT_ONCE, available_cores())) as pool:  # liblinear gives the interpreter free
        whole, *parts = pool.map(examples.fit, [None, *kept])
    factors = [np.float32(SPREAD / spread) for spread in examples.spreads(whole)]
    tables = tuple(np.stack([part.tables[place] for part in parts]) * factor for place, factor in enumerate(factors))
    return FoldedWeights(WideWeights(tuple(table * factor for table, factor in zip(whole.tables, factors, strict=True))), tables, fold_of)
