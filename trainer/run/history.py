"""The history of a run: a line for each epoch."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Epoch:
    """A line of the history.

    Attributes:
        epoch: number of the epoch, from 1.
        loss: binary cross-entropy on the training reviews, in nats, with dropout.
        accuracy: fraction of the training reviews on the right side of 0.5, with dropout.
        held_out_loss: binary cross-entropy of the network alone on the held-out reviews, in nats.
        held_out_calibrated_loss: the same of network and wide branch together, calibrated. The best
            epoch has the lowest: this is what ships, and without calibration a sharper epoch would
            lose to a weaker one.
        held_out_accuracy: fraction of the held-out reviews on the right side of 0.5, of network and
            wide branch together, calibrated.
        seconds: duration of the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    held_out_loss: float
    held_out_calibrated_loss: float
    held_out_accuracy: float
    seconds: float


def write_history(path: Path, history: Iterable[Epoch]) -> None:
    """Write the history as CSV; the columns have the names of the fields of :class:`Epoch`."""
    with path.open("w", newline="") as file:
        names = [field.name for field in fields(Epoch)]
        writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)
