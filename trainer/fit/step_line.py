"""A line that follows the steps of an epoch; on stderr, and only on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from scorer.console import CLEAR_LINE, can_redraw, draw
from trainer.quiet import keras

STEPS_BETWEEN = 10


class StepLine(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no types
    """Shows epoch, step, loss and accuracy."""

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remember the number of the epoch."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Show the step."""
        if can_redraw() and batch % STEPS_BETWEEN == 0:
            steps, logs = self.params.get("steps"), logs or {}
            # Keras names the accuracy after its function.
            figures = f"loss {logs.get('loss', 0):.4f}, accuracy {logs.get('same_side', 0):.4f}"
            line = f"epoch {self._epoch}: step {batch + 1} of {steps}, {figures}"
            draw(f"{CLEAR_LINE}{line}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Clear the line: the run prints what the epoch reached."""
        if can_redraw():
            draw(CLEAR_LINE)
