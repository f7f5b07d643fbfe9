"""Rows instead of files: what a worker does with the record batches of somebody's own pipeline.

The kernel is the local one, so the scores are the local ones to the bit; a worker loads the model
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from scorer.doubt.asked import Doubt
from scorer.engines.carried import CarriedModel
from scorer.engines.contract import detector_versions, driver_versions
from scorer.engines.worker import differing
from scorer.errors import UsageError
from scorer.kernel import Kernel
from scorer.model import SentimentModel

# Rows of a table that are scored together, so that their temporary arrays stay small.
ROWS_TOGETHER = 4096


@dataclass(frozen=True)
class Scorer:
    """Scores record batches on any worker; picklable, since the model travels with it.

    Attributes:
        model: what scores.
        versions: of the driver, which a worker must have, too.
        text_column: as :class:`scorer.Kernel` takes it.
        prefix: the same.
        keep: the same.
        drop: the same.
        doubt: the same.
    """

    model: CarriedModel
    versions: tuple[tuple[str, str], ...]
    text_column: str | None
    prefix: str
    keep: tuple[str, ...] | None
    drop: tuple[str, ...]
    doubt: Doubt

    @classmethod
    def of(
        cls,
        model: SentimentModel | str | Path | None,
        text_column: str | None,
        prefix: str,
        keep: Sequence[str] | None,
        drop: Sequence[str],
        doubt: Doubt,
    ) -> Scorer:
        """Return what scores rows on workers.

        Args:
            model: a loaded model, a model file of this machine, or the name of one that ships;
                ``default`` if None. Its bytes travel to the workers.
            text_column: the column with the reviews, or the field of a struct, as in
                ``data.review``; found by its usual names if None.
            prefix: put before the names of both new columns.
            keep: names of the columns carried into the answer; every column if None.
            drop: names of the columns left out of it; not with ``keep``.
            doubt: when a review isn't scored, or is uncertain, and what is told of it.

        Raises:
            UsageError: there is no such model.
            ModelRefused: the model is damaged, of another version, or not ours.
        """
        loaded = model if isinstance(model, SentimentModel) else SentimentModel.load(model)
        kept = None if keep is None else tuple(keep)
        found = driver_versions() | (detector_versions() if doubt.only_language else {})
        carried, versions = CarriedModel.of(loaded), tuple(found.items())
        return cls(carried, versions, text_column, prefix, kept, tuple(drop), doubt)

    def kernel(self, schema: pa.Schema) -> Kernel:
        """Return the kernel for the batches of a schema.

        Raises:
            ReviewsError: the columns don't fit.
            UsageError: this worker has other versions than the driver, or the model, or what is
                installed, doesn't give what ``doubt`` asks for.
        """
        return Kernel(
            _model(self),
            schema,
            self.text_column,
            prefix=self.prefix,
            keep=self.keep,
            drop=self.drop,
            doubt=self.doubt,
        )

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with the new columns."""
        return self.kernel(batch.schema)(batch)

    def score_table(self, table: pa.Table) -> pa.Table:
        """Return a table with the new columns, a table without rows too."""
        kernel = self.kernel(table.schema)
        batches = table.to_batches(max_chunksize=ROWS_TOGETHER)
        return pa.Table.from_batches(map(kernel, batches), schema=kernel.schema)


# The last model that this process scored rows with, by its SHA-256.
_loaded: dict[str, SentimentModel] = {}


def _model(scorer: Scorer) -> SentimentModel:
    key = scorer.model.sha256
    if key not in _loaded:
        refusal = differing(dict(scorer.versions), driver_versions() | detector_versions())
        if refusal is not None:
            raise UsageError(f"scoring rows: {refusal}")
        _loaded.clear()
        _loaded[key] = scorer.model.load()
    return _loaded[key]
