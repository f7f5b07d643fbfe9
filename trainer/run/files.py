"""The files of a run folder: their names, and one reader and one writer of JSON.

model.keras         the network, masked, calibrated, with its best weights
linear.npz          instead: the weights of a linear model, which can teach but not be exported
documents.npz       instead: the scores that document vectors give the unlabeled reviews; they can
                    teach these reviews and no others
tokenizer.json      the vocabulary, the rules and the token limit
config.json         data, command, settings, versions, date
metrics.json        metrics on the held-out reviews, before and after calibration, and on the test
                    reviews
history.csv         a line for each epoch; of a network only
held_out.parquet    the held-out reviews: review, label, their score, the score before calibration,
                    the fold that the score is cross-fitted by, and their domain if it is known
run.json            format, and the SHA-256 of each file above; written last: a folder without it is
                    unfinished
report.html         the page of the run, made of the files above
checkpoint/         the last finished epoch; only while the run is unfinished
soft_labels/        scores of unlabeled reviews, after the run has been a teacher

The file of the model is named in :mod:`trainer.models.kinds`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from scorer.errors import one_line
from scorer.system.records import Json, RecordError
from trainer.errors import RunFolderError

TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
METRICS = "metrics.json"
HISTORY = "history.csv"
REPORT = "report.html"
HELD_OUT = "held_out.parquet"
# Columns of the held-out reviews, beside those that every source has.
SCORE_COLUMN, BEFORE_COLUMN = "score", "score_before"
FOLD_COLUMN, DOMAIN_COLUMN = "fold", "domain"
MANIFEST = "run.json"
CHECKPOINT = "checkpoint"
SOFT_LABELS = "soft_labels"

Record = TypeVar("Record")


def read_json(run: Path, name: str, read: Callable[[object], Record]) -> Record:
    """Read a JSON file of a run folder.

    Args:
        run: the run folder.
        name: path of the file in it.
        read: turns the JSON value into a record; raises :class:`RecordError`.

    Raises:
        RunFolderError: the file can't be read, or a key is missing, unknown or wrong.
    """
    try:
        return read(json.loads((run / name).read_text(encoding="utf-8")))
    except RecordError as error:
        raise RunFolderError(
            f"opening the run folder {run}: {name}: {error}; train again"
        ) from error
    except OSError as error:
        raise RunFolderError(
            f"opening the run folder {run}: {name}: {one_line(error)}; make it readable"
        ) from error
    except ValueError as error:
        raise RunFolderError(
            f"opening the run folder {run}: {name} can't be read; train again"
        ) from error


def write_json(path: Path, content: Json) -> None:
    """Write a JSON file of a run folder, for people to read too."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
