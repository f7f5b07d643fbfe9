"""The history of a run: a line an epoch."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Epoch:
    """A line of the history.

    Attributes:
        epoch: counted from 1.
        loss: binary cross-entropy on the training reviews, in nats, dropout included.
        accuracy: share of the training reviews on the right side, dropout included.
        held_out_loss: binary cross-entropy on the held-out reviews, in nats, of the network alone.
        held_out_calibrated_loss: the same of the network and its wide branch together, calibrated. Epochs are judged by it: that is
            what ships, and without calibration a sharper epoch would lose to a weaker one.
        held_out_accuracy: share of the held-out reviews on the right side, so too.
        seconds: how long the epoch took.
    """

    epoch: int
    loss: float
    accuracy: float
    held_out_loss: float
    held_out_calibrated_loss: float
    held_out_accuracy: float
    seconds: float


def write_history(path: Path, history: Iterable[Epoch]) -> None:
    """Write a line an epoch as CSV, under the names of :class:`Epoch`."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=[field.name for field in fields(Epoch)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)
