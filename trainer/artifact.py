"""The run folder: what a training run leaves, and the only thing that the exporter reads.

model.keras         the network, masked, calibrated, with its best weights
linear.npz          in its place: the weights of a linear model, which can teach but not be exported
documents.npz       in its place: what document vectors say of their unlabeled reviews, which can teach these and nothing else
tokenizer.json      the vocabulary, the rules and the token limit
config.json         settings, data, versions, command, date
metrics.json        figures on held-out reviews, before and after calibration
history.csv         a line an epoch; of a network only
history.png         loss and accuracy over the epochs; of a network only
roc.png             ROC on the held-out reviews
calibration.png     share of positives over the score, on the held-out reviews
held_out.parquet    the held-out reviews: review, label
run.json            format and the SHA-256 of each file above; written last: a folder without it is unfinished
checkpoint/         the last finished epoch; only while the run is unfinished
soft_labels/        what the run said of unlabeled reviews, once it has been a teacher
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.errors import RunFolderError
from scorer.files import whole_file
from scorer.tokenizer import Rules, Tokenizer
from trainer.history import Epoch, write_history
from trainer.metrics import Evaluation
from trainer.plots import draw_calibration, draw_history, draw_roc
from trainer.reviews import Reviews
from trainer.sources import read_reviews

FORMAT = "review-sentiment-run/1"

MODEL = "model.keras"
LINEAR = "linear.npz"
DOCUMENTS = "documents.npz"
TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
METRICS = "metrics.json"
HISTORY = "history.csv"
HISTORY_PICTURE = "history.png"
ROC_PICTURE = "roc.png"
CALIBRATION_PICTURE = "calibration.png"
HELD_OUT = "held_out.parquet"
MANIFEST = "run.json"
CHECKPOINT = "checkpoint"
SOFT_LABELS = "soft_labels"


@dataclass(frozen=True)
class RunFolder:
    """A finished run, read back.

    Attributes:
        path: the folder.
        tokenizer: what the network was trained with.
        config: settings, data, versions, command, date.
        metrics: figures on the held-out reviews, and on test reviews where there were any.
    """

    path: Path
    tokenizer: Tokenizer
    config: dict[str, Any]
    metrics: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a finished run folder, after comparing each file with the manifest.

        Raises:
            RunFolderError: there is none, it is unfinished, of another version, or a file isn't what the run wrote.
        """
        manifest = _manifest(path)
        for name, digest in manifest["files"].items():
            if not (path / name).is_file():
                raise RunFolderError(f"opening the run folder {path}: {name} is missing; train again")
            if _sha256(path / name) != digest:
                raise RunFolderError(f"opening the run folder {path}: {name} isn't the file that the run wrote; train again")
        stored = json.loads((path / TOKENIZER).read_text())
        tokenizer = Tokenizer(tuple(stored["words"]), Rules.from_dict(stored["rules"]), stored["max_tokens"])
        return cls(path, tokenizer, json.loads((path / CONFIG).read_text()), json.loads((path / METRICS).read_text()))

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the manifest, in hex: the run's identity."""
        return _sha256(self.path / MANIFEST)

    def describe(self) -> dict[str, Any]:
        """Return what a student tells of this run: its name, command and fingerprint, as JSON types."""
        return {"name": self.path.name, "command": self.config["command"], "sha256": self.fingerprint}

    @property
    def is_network(self) -> bool:
        """Whether the run trained a network, which alone can be exported."""
        return (self.path / MODEL).is_file()

    def network(self) -> Any:
        """Return the trained ``keras.Model``.

        Raises:
            RunFolderError: its layers aren't those of this release.
        """
        from trainer.network import load_network

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # Keras warns before it raises
                return load_network(self.path / MODEL, training=False)
        except ValueError as error:  # what Keras raises where a layer has other weights
            raise RunFolderError(
                f"opening the run folder {self.path}: {MODEL} has other layers than this release makes; train again"
            ) from error

    def predict(self, texts: pa.Array) -> npt.NDArray[np.float32]:
        """Return ``float32[reviews]``, the probability of positive; NaN where a review has no token."""
        if self.is_network:
            from trainer.batches import predict

            return predict(self.network(), self.tokenizer.encode(texts))
        if (self.path / LINEAR).is_file():
            from trainer.linear import LinearModel

            return LinearModel.load(self.path / LINEAR).predict(self.tokenizer.encode(texts))
        from trainer.documents import DocumentModel

        return DocumentModel.load(self.path / DOCUMENTS).predict(texts)

    def held_out(self) -> Reviews:
        """Return the reviews that the run held out."""
        return read_reviews(self.path / HELD_OUT)


def write_run(
    path: Path,
    *,
    model: Any,
    name: str,
    tokenizer: Tokenizer,
    config: dict[str, Any],
    metrics: dict[str, Any],
    held_out: Reviews,
    evaluation: Evaluation,
    history: Sequence[Epoch] = (),
) -> None:
    """Write a finished run: every file, then the manifest that makes them one, then the checkpoint goes.

    ``model`` saves itself as ``name``; a network has a history. ``evaluation`` is that of the model on the held-out reviews.
    """
    names = [name, TOKENIZER, CONFIG, METRICS, HELD_OUT, ROC_PICTURE, CALIBRATION_PICTURE]
    model.save(path / name)
    stored = {"rules": tokenizer.rules.to_dict(), "max_tokens": tokenizer.max_tokens, "words": tokenizer.words}
    _write_json(path / TOKENIZER, stored)
    _write_json(path / CONFIG, config)
    _write_json(path / METRICS, metrics)
    pq.write_table(pa.table({"review": held_out.texts, "label": held_out.labels}), path / HELD_OUT, compression="zstd")
    draw_roc(path / ROC_PICTURE, evaluation)
    draw_calibration(path / CALIBRATION_PICTURE, evaluation)
    if history:
        names += [HISTORY, HISTORY_PICTURE]
        write_history(path / HISTORY, history)
        draw_history(path / HISTORY_PICTURE, history)
    manifest = {"format": FORMAT, "files": {name: _sha256(path / name) for name in names}}
    with whole_file(path / MANIFEST) as temporary:
        _write_json(temporary, manifest)
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)


def prepare_empty(path: Path) -> None:
    """Make the folder of a run.

    Raises:
        RunFolderError: it holds something.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunFolderError(f"training into {path}: it exists and isn't an empty folder; name another folder")
    path.mkdir(parents=True, exist_ok=True)


def prepare_folder(
    path: Path, settings: dict[str, Any], fingerprint: str, kept: tuple[dict[str, Any], str] | None, *, resume: bool
) -> None:
    """Make the folder of a run that can be interrupted, or see whether the one that was can go on.

    Args:
        path: the folder.
        settings: of the run.
        fingerprint: of its reviews.
        kept: both, of the interrupted run that the folder holds; None where it holds none.
        resume: whether that one is to go on.

    Raises:
        RunFolderError: the folder is taken, or can't be resumed with these settings and reviews.
    """
    if is_finished(path):
        raise RunFolderError(f"training into {path}: it holds a finished run; name another folder")
    if not resume:
        if kept is not None:
            raise RunFolderError(f"training into {path}: it holds an interrupted run; add --resume, or name another folder")
        prepare_empty(path)
        return
    if kept is None:
        raise RunFolderError(f"resuming in {path}: nothing was finished there that could be taken up; train without --resume")
    its_settings, its_fingerprint = kept
    if its_fingerprint != fingerprint:
        raise RunFolderError(f"resuming in {path}: it was trained on other reviews; give the same")
    differing = [name for name, value in settings.items() if its_settings.get(name) != value]
    if differing:
        raise RunFolderError(f"resuming in {path}: other settings were used ({', '.join(differing)}); give the same")


def is_finished(path: Path) -> bool:
    """Whether the folder holds a run that ended well."""
    return (path / MANIFEST).is_file()


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise RunFolderError(f"opening the run folder {path}: it does not exist")
    if not is_finished(path):
        raise RunFolderError(f"opening the run folder {path}: it holds no finished run; train it to its end first")
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
    except ValueError as error:
        raise RunFolderError(f"opening the run folder {path}: {MANIFEST} can't be read; train again") from error
    if manifest.get("format") != FORMAT:
        raise RunFolderError(f"opening the run folder {path}: its format is {manifest.get('format')!r}, this release reads {FORMAT!r}")
    return manifest


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
