"""A finished run folder, read back: the only thing that the exporter reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.card import Provenance, Teacher
from scorer.system.escape import escaped
from scorer.system.records import from_json
from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.errors import RunFolderError
from trainer.measure.folds import Folds
from trainer.models.kinds import NETWORK, Kind, kind_of
from trainer.run.files import (
    BEFORE_COLUMN,
    CONFIG,
    DOMAIN_COLUMN,
    FOLD_COLUMN,
    HELD_OUT,
    HISTORY,
    MANIFEST,
    METRICS,
    SCORE_COLUMN,
    TOKENIZER,
    read_json,
    sha256,
)
from trainer.run.history import Epoch, read_history
from trainer.run.manifest import read_manifest
from trainer.run.run_metrics import RunMetrics
from trainer.run.stored_tokenizer import tokenizer_from_json


@dataclass(frozen=True)
class RunFolder:
    """A finished run.

    Attributes:
        path: the folder.
        kind: the kind of its model.
        tokenizer: the tokenizer that the model was trained with.
        provenance: data, command, settings, versions, date.
        metrics: metrics on the held-out reviews, and on test reviews if there were any.
    """

    path: Path
    kind: Kind
    tokenizer: Tokenizer
    provenance: Provenance
    metrics: RunMetrics

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a finished run folder, after comparing each file with the manifest.

        Raises:
            RunFolderError: there is none, it is unfinished or of another format, a file isn't the
                one that the run wrote, or a key is missing or wrong.
        """
        kind = kind_of(read_manifest(path).files)
        if kind is None:
            raise RunFolderError(
                f"opening the run folder {path}: it holds no model that this release reads; "
                "train again"
            )
        return cls(
            path,
            kind,
            read_json(path, TOKENIZER, tokenizer_from_json),
            read_json(path, CONFIG, partial(from_json, Provenance)),
            read_json(path, METRICS, RunMetrics.from_json),
        )

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the manifest, in hex: the identity of the run."""
        return sha256(self.path / MANIFEST)

    def describe(self) -> Teacher:
        """Return what a student records of this run: name, command and fingerprint."""
        return Teacher(escaped(self.path.name), self.provenance.command, self.fingerprint)

    @property
    def is_network(self) -> bool:
        """Whether the run trained a network; only a network can be exported."""
        return self.kind is NETWORK

    def network(self) -> Any:
        """Return the trained ``keras.Model``.

        Raises:
            RunFolderError: its layers aren't those of this release.
        """
        from trainer.models.network import Network

        return Network.load(self.path / NETWORK.file).network

    def predict(self, texts: pa.LargeStringArray) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token.

        Raises:
            RunFolderError: the model has no scores for these reviews, or isn't of this release.
        """
        return self.kind.load(self.path / self.kind.file).predict(texts, self.tokenizer)

    def held_out(self) -> Reviews:
        """Return the reviews that the run held out."""
        table = self._held_out_table("review", "label", DOMAIN_COLUMN)
        domains = None
        if DOMAIN_COLUMN in table.column_names:
            domains = table[DOMAIN_COLUMN].combine_chunks()
        return Reviews(
            table["review"].combine_chunks().cast(pa.large_string()),
            table["label"].to_numpy().astype(np.int8),
            HELD_OUT,
            domains=domains,
        )

    def held_out_scores(self) -> npt.NDArray[np.float32] | None:
        """Return the scores by which the run was measured on these reviews, ``float32[reviews]``.

        A run of an earlier release doesn't keep them.
        """
        return self._held_out_column(SCORE_COLUMN)

    def held_out_scores_before(self) -> npt.NDArray[np.float32] | None:
        """Return their scores before calibration, ``float32[reviews]``.

        A run of an earlier release doesn't keep them.
        """
        return self._held_out_column(BEFORE_COLUMN)

    def history(self) -> tuple[Epoch, ...] | None:
        """Return a line for each epoch; none of a run that isn't trained in epochs.

        It is None where an earlier release measured the epochs in another way.
        """
        path = self.path / HISTORY
        return read_history(path) if path.exists() else ()

    def folds(self) -> Folds:
        """Return the folds over which the figures on these reviews are cross-fitted."""
        count = self.metrics.held_out_folds
        if count is None:
            return Folds(np.zeros(len(self._held_out_table("label")), np.int8), None)
        return Folds(self._held_out_table(FOLD_COLUMN)[FOLD_COLUMN].to_numpy(), count)

    def _held_out_column(self, name: str) -> npt.NDArray[Any] | None:
        table = self._held_out_table(name)
        return table[name].to_numpy() if name in table.column_names else None

    def _held_out_table(self, *columns: str) -> pa.Table:
        """Return those of some columns that there are."""
        # pyarrow opens no path that isn't UTF-8.
        with (self.path / HELD_OUT).open("rb") as file, pq.ParquetFile(file) as reviews:
            there = set(reviews.schema_arrow.names)
            return reviews.read([name for name in columns if name in there])
