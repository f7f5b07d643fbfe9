"""The state of an unfinished run on disk: the last finished epoch, whole or not at all."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.artifact import CHECKPOINT
from trainer.history import Epoch
from trainer.network import load_network

LAST = "last.keras"
BEST = "best.keras"
STATE = "state.json"


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        history: a line for each finished epoch.
        best_epoch: the epoch, counted from 1, with the lowest calibrated held-out loss; 0 before the first.
    """

    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0

    def after(self, epoch: Epoch) -> Progress:
        """Return the progress with one more epoch."""
        history = (*self.history, epoch)
        return Progress(history, min(history, key=lambda line: line.held_out_calibrated_loss).epoch)

    def is_over(self, epochs: int, patience: int) -> bool:
        """Whether all epochs are done, or so many have passed without a better held-out loss."""
        done = len(self.history)
        return done >= epochs or bool(patience and done - self.best_epoch >= patience)


def save(run: Path, progress: Progress, network: Any, settings: dict[str, Any], fingerprint: str) -> None:
    """Keep the epoch that just ended: the network with its optimizer, the best one so far, the history."""
    folder = run / CHECKPOINT
    epoch = len(progress.history)
    temporary = folder / f".epoch-{epoch}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    network.save(temporary / LAST)
    best = temporary / LAST if progress.best_epoch == epoch else _folder(folder, epoch - 1) / BEST
    shutil.copyfile(best, temporary / BEST)
    state = {"settings": settings, "fingerprint": fingerprint, "history": [asdict(line) for line in progress.history]}
    (temporary / STATE).write_text(json.dumps(state))
    temporary.rename(_folder(folder, epoch))
    shutil.rmtree(_folder(folder, epoch - 1), ignore_errors=True)


def load(run: Path) -> tuple[Progress, dict[str, Any], str] | None:
    """Return progress, settings and data fingerprint of the last finished epoch; None where there is none."""
    found = _newest(run / CHECKPOINT)
    if found is None:
        return None
    state = json.loads((found / STATE).read_text())
    progress = Progress()
    for line in state["history"]:
        progress = progress.after(Epoch(**line))
    return progress, state["settings"], state["fingerprint"]


def kept_network(run: Path, name: str) -> Any:
    """Return the network kept as :data:`LAST` or :data:`BEST`."""
    found = _newest(run / CHECKPOINT)
    assert found is not None, "asked for a network before an epoch was kept"  # noqa: S101  # a bug here, not an input
    return load_network(found / name, training=True)


def _newest(folder: Path) -> Path | None:
    return max(folder.glob("epoch-*"), key=lambda path: int(path.name.split("-")[1]), default=None)


def _folder(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch}"
