"""The base of an adapted model: a model file or a finished run, made a Keras network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.card import Base, ByLength, Provenance
from scorer.model import SHIPPED, SentimentModel
from scorer.system.escape import escaped
from scorer.tokenizer import Tokenizer
from trainer.errors import RunFolderError
from trainer.models.network import Network
from trainer.models.rebuilt import network_settings, rebuild_network, settings_of_file
from trainer.quiet import keras
from trainer.run.folder import RunFolder
from trainer.run.run_metrics import NamedLine
from trainer.settings import Settings


@dataclass(frozen=True)
class BaseModel:
    """A network that is to be adapted.

    Attributes:
        network: the masked, calibrated ``keras.Model``.
        tokenizer: the tokenizer that it was trained with.
        settings: the settings that it was built with.
        line: its calibration, which its weights hold already.
        by_length: what follows the line, if anything does; it stays.
        described: what the adapted model tells of it.
    """

    network: keras.Model
    tokenizer: Tokenizer
    settings: Settings
    line: NamedLine
    by_length: ByLength | None
    described: Base

    def predict(self, texts: pa.LargeStringArray) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token."""
        return Network(self.network).predict(texts, self.tokenizer)


def open_base(path: Path) -> BaseModel:
    """Open the run folder or the model file at ``path``, or the model that ships by that name.

    Raises:
        UsageError: there is none of these.
        RunFolderError: the run is unfinished or damaged, or trained no network.
        ModelRefused: the model file is damaged, or its network can't be rebuilt.
    """
    if path.is_dir() and not (SHIPPED / f"{path}.onnx").is_file():
        return _of_run(RunFolder.open(path))
    return _of_file(SentimentModel.load(path))


def _of_file(model: SentimentModel) -> BaseModel:
    card = model.card
    return BaseModel(
        rebuild_network(model),
        card.tokenizer,
        settings_of_file(model),
        NamedLine(card.calibration.slopes, card.calibration.shift),
        card.calibration.by_length,
        _described(Path(model.name).name, model.file.sha256, card.provenance),
    )


def _of_run(run: RunFolder) -> BaseModel:
    settings = network_settings(run.provenance.settings)
    if not run.is_network or settings is None:
        raise RunFolderError(
            f"adapting {run.path}: it holds no network that can be adapted; "
            "name a run of trainer fit or trainer adapt, or a model file"
        )
    return BaseModel(
        run.network(),
        run.tokenizer,
        settings,
        run.metrics.calibration,
        run.metrics.by_length,
        _described(run.path.resolve().name, run.fingerprint, run.provenance),
    )


def _described(name: str, sha256: str, of: Provenance) -> Base:
    return Base(escaped(name), sha256, of.command, of.data, of.base)
