"""The history of a run: a line for each epoch."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Epoch:
    """A line of the history, measured after the epoch, without dropout.

    The loss is binary cross-entropy in nats; the accuracy is the fraction of reviews on the right
    side of 0.5. With ``--balance``, the held-out reviews count as much as reviews of their domain
    do in training.

    Attributes:
        epoch: number of the epoch, from 1.
        loss: loss of the network on labelled training reviews, about as many as are held out.
        accuracy: accuracy of the network on the same reviews.
        held_out_loss: loss of the network on the held-out reviews, as it is: neither calibrated nor
            with the wide branch's sum.
        held_out_accuracy: accuracy of the network on the held-out reviews, as it is.
        held_out_calibrated_loss: loss of network and wide branch together, calibrated by
            cross-fitting: what would ship after this epoch. The best epoch has the lowest.
        held_out_calibrated_accuracy: accuracy of the same.
        seconds: duration of the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    held_out_loss: float
    held_out_accuracy: float
    held_out_calibrated_loss: float
    held_out_calibrated_accuracy: float
    seconds: float


def write_history(path: Path, history: Iterable[Epoch]) -> None:
    """Write the history as CSV; the columns have the names of the fields of :class:`Epoch`."""
    with path.open("w", newline="") as file:
        names = [field.name for field in fields(Epoch)]
        writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)


def read_history(path: Path) -> tuple[Epoch, ...] | None:
    """Read what :func:`write_history` wrote.

    It is None where the columns are others: an earlier release measured the training reviews with
    dropout, and two models in one line.
    """
    names = [field.name for field in fields(Epoch)]
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames is None or list(reader.fieldnames) != names:
            return None
        return tuple(_epoch(line) for line in reader)


def _epoch(line: Mapping[str, str]) -> Epoch:
    figures = {name: float(value) for name, value in line.items() if name != "epoch"}
    return Epoch(epoch=int(line["epoch"]), **figures)
