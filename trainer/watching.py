"""A line that moves while an epoch goes on; only on a terminal, only on stderr."""

from __future__ import annotations

import sys
from typing import Any

import click
import keras

from scorer.progress import CLEAR_LINE

STEPS_BETWEEN = 10


class StepLine(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no types
    """Shows epoch, step, loss and accuracy."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the epoch's number."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Show how far the epoch is."""
        if sys.stderr.isatty() and batch % STEPS_BETWEEN == 0:
            steps, logs = self.params.get("steps"), logs or {}
            figures = f"loss {logs.get('loss', 0):.4f}, accuracy {logs.get('accuracy', 0):.4f}"
            click.echo(f"{CLEAR_LINE}epoch {self._epoch}: step {batch + 1} of {steps}, {figures}", err=True, nl=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Clear the line: what the epoch reached is printed by the run."""
        if sys.stderr.isatty():
            click.echo(CLEAR_LINE, err=True, nl=False)
