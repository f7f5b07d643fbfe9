"""The checkpoint of an unfinished run: its last finished epoch, on disk whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scorer.system.records import from_json, to_json
from trainer.models.network import load_network
from trainer.run.files import CHECKPOINT, read_json
from trainer.run.history import Epoch
from trainer.run.new_folder import RunId
from trainer.settings import SettingValue

LAST = "last.keras"
BEST = "best.keras"
STATE = "state.json"


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        history: a line for each finished epoch.
        best_epoch: number of the epoch with the lowest held-out loss of what would ship, which is
            calibrated; 0 before the first.
    """

    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0

    def after(self, epoch: Epoch) -> Progress:
        """Return the progress after one more epoch."""
        return Progress.of((*self.history, epoch))

    @classmethod
    def of(cls, history: tuple[Epoch, ...]) -> Progress:
        """Return the progress after the epochs of a history."""
        best = min(history, key=lambda line: line.held_out_calibrated_loss, default=None)
        return cls(history, 0 if best is None else best.epoch)

    def is_over(self, epochs: int, patience: int) -> bool:
        """Whether all epochs are done, or ``patience`` have passed without a lower loss."""
        done = len(self.history)
        return done >= epochs or bool(patience and done - self.best_epoch >= patience)


@dataclass(frozen=True)
class State:
    """What a checkpoint holds besides the networks.

    Attributes:
        settings: settings of the run.
        fingerprint: SHA-256 of its data, in hex.
        history: a line for each finished epoch; none while the first one runs.
    """

    settings: Mapping[str, SettingValue]
    fingerprint: str
    history: tuple[Epoch, ...]

    @property
    def run(self) -> RunId:
        """The run that was interrupted."""
        return RunId(self.settings, self.fingerprint)

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress.of(self.history)


def begin(out: Path, run: RunId) -> None:
    """Write down which run begins, unless one was begun: from now on it can be resumed."""
    if load(out) is None:
        temporary = _new_folder(out, 0)
        _put(temporary, out, 0, State(run.settings, run.fingerprint, ()))


def save(out: Path, run: RunId, progress: Progress, network: Any) -> None:
    """Keep the epoch that just ended: the network with its optimizer, the best one, the history.

    Args:
        out: the run folder.
        run: settings and data of the run.
        progress: progress after the epoch.
        network: the ``keras.Model`` after the epoch.
    """
    epoch = len(progress.history)
    temporary = _new_folder(out, epoch)
    network.save(temporary / LAST)
    is_best = progress.best_epoch == epoch
    best = temporary / LAST if is_best else _folder(out, epoch - 1) / BEST
    shutil.copyfile(best, temporary / BEST)
    _put(temporary, out, epoch, State(run.settings, run.fingerprint, progress.history))
    shutil.rmtree(_folder(out, epoch - 1), ignore_errors=True)


def load(out: Path) -> State | None:
    """Return the state of the last finished epoch, or of a run that was begun; None if neither is.

    Raises:
        RunFolderError: it can't be read, or a key is missing or wrong.
    """
    newest = _newest(out / CHECKPOINT)
    if newest is None:
        return None
    name = (newest / STATE).relative_to(out).as_posix()
    return read_json(out, name, partial(from_json, State))


def kept_network(out: Path, name: str) -> Any:
    """Return the ``keras.Model`` kept as :data:`LAST` or :data:`BEST`, with its optimizer."""
    newest = _newest(out / CHECKPOINT)
    assert newest is not None, "asked for a network before an epoch was kept"  # noqa: S101  # a bug here, not an input
    return load_network(newest / name, training=True)


def _newest(folder: Path) -> Path | None:
    epochs = folder.glob("epoch-*")
    return max(epochs, key=lambda path: int(path.name.split("-")[1]), default=None)


def _new_folder(out: Path, epoch: int) -> Path:
    temporary = out / CHECKPOINT / f".epoch-{epoch}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    return temporary


def _put(temporary: Path, out: Path, epoch: int, state: State) -> None:
    (temporary / STATE).write_text(json.dumps(to_json(state)), encoding="utf-8")
    temporary.rename(_folder(out, epoch))


def _folder(out: Path, epoch: int) -> Path:
    return out / CHECKPOINT / f"epoch-{epoch}"
