"""Write a finished run: every file, then the manifest; then the checkpoint is removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.card import Provenance
from scorer.system.records import to_json
from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.measure.evaluation import Calibrated
from trainer.models.kinds import Kind, Model
from trainer.run import files
from trainer.run.history import Epoch, write_history
from trainer.run.manifest import write_manifest
from trainer.run.run_metrics import RunMetrics
from trainer.run.stored_tokenizer import tokenizer_to_json


@dataclass(frozen=True)
class FinishedRun:
    """What a run folder is written from.

    Attributes:
        kind: the kind of the model.
        model: the model, calibrated.
        tokenizer: the tokenizer that it was trained with.
        provenance: data, command, settings, versions, date.
        metrics: metrics of the model.
        held_out: the held-out reviews.
        calibrated: the model measured on them.
        history: a line for each epoch; of a network only.
    """

    kind: Kind
    model: Model
    tokenizer: Tokenizer
    provenance: Provenance
    metrics: RunMetrics
    held_out: Reviews
    calibrated: Calibrated
    history: tuple[Epoch, ...] = ()


def write_run(path: Path, run: FinishedRun) -> None:
    """Write the folder of a finished run."""
    run.model.save(path / run.kind.file)
    files.write_json(path / files.TOKENIZER, tokenizer_to_json(run.tokenizer))
    files.write_json(path / files.CONFIG, to_json(run.provenance))
    files.write_json(path / files.METRICS, run.metrics.to_json())
    # pyarrow opens no path that isn't UTF-8.
    with (path / files.HELD_OUT).open("wb") as file:
        pq.write_table(_held_out(run), file, compression="zstd")
    names = [run.kind.file, files.TOKENIZER, files.CONFIG, files.METRICS, files.HELD_OUT]
    if run.history:
        write_history(path / files.HISTORY, run.history)
        names.append(files.HISTORY)
    write_manifest(path, names)
    shutil.rmtree(path / files.CHECKPOINT, ignore_errors=True)


def _held_out(run: FinishedRun) -> pa.Table:
    columns = {
        "review": run.held_out.texts,
        "label": run.held_out.labels,
        files.SCORE_COLUMN: run.calibrated.after.scores,
        files.BEFORE_COLUMN: run.calibrated.before.scores,
    }
    if run.calibrated.folds.count is not None:
        columns[files.FOLD_COLUMN] = run.calibrated.folds.of_review
    if run.held_out.domains is not None:
        columns[files.DOMAIN_COLUMN] = run.held_out.domains
    return pa.table(columns)
