"""One epoch of a network's training, and its measurement on the held-out reviews."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.data.reviews import Reviews
from trainer.measure.calibration import Line, fit_line, logits_of
from trainer.measure.metrics import measure
from trainer.models.batches import TrainingBatches, predict
from trainer.quiet import keras
from trainer.run.history import Epoch
from trainer.wide.weights import WideWeights


@dataclass(frozen=True)
class HeldOut:
    """The held-out reviews, as a network in training is measured on them.

    Attributes:
        reviews: reviews that have a token.
        tokens: their tokens.
        wide: weights of the wide branch, if there is one.
    """

    reviews: Reviews
    tokens: Tokens
    wide: WideWeights | None

    def logits(self, network: Any) -> list[npt.NDArray[np.floating]]:
        """Return the logits of the parts, each ``float[reviews]``.

        The network in training comes first, then each order of the wide branch.
        """
        return [logits_of(predict(network, self.tokens, self.wide)), *self._wide_sums]

    @cached_property
    def _wide_sums(self) -> list[npt.NDArray[np.float32]]:
        return [] if self.wide is None else list(self.wide.sums(self.tokens).T)


def run_epoch(
    network: Any,
    batches: TrainingBatches,
    done: int,
    seed: int,
    held_out: HeldOut,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Epoch:
    """Train one epoch, and measure the network.

    Args:
        network: the ``keras.Model``.
        batches: batches of the epoch.
        done: number of epochs before it.
        seed: seed of the run.
        held_out: the reviews to measure on.
        callbacks: Keras callbacks of the epoch.
    """
    started = time.monotonic()
    _reseed(network, seed, done)
    # A call of Keras' fit for each epoch: the order of the reviews, early stopping and the best
    # weights are decided here, between epochs, and kept on disk.
    fitted = network.fit(
        batches,
        initial_epoch=done,
        epochs=done + 1,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )
    logits, labels = held_out.logits(network), held_out.reviews.labels
    alone = measure(Line()(logits[0]), labels)
    together = measure(fit_line(labels, *logits)(*logits), labels)
    return Epoch(
        epoch=done + 1,
        loss=float(fitted.history["loss"][0]),
        accuracy=float(fitted.history["same_side"][0]),
        held_out_loss=alone.log_loss,
        held_out_calibrated_loss=together.log_loss,
        held_out_accuracy=together.accuracy,
        seconds=round(time.monotonic() - started, 1),
    )


def epoch_line(epoch: Epoch, best_epoch: int) -> str:
    """Return a line that tells what an epoch reached."""
    training = f"loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.4f}"
    loss = f"loss {epoch.held_out_loss:.4f}, calibrated {epoch.held_out_calibrated_loss:.4f}"
    held_out = f"{loss}, accuracy {epoch.held_out_accuracy:.4f}"
    best = "  best so far" if epoch.epoch == best_epoch else ""
    return f"epoch {epoch.epoch}: {training}; held out: {held_out}; {epoch.seconds:.0f} s{best}"


def _reseed(network: Any, seed: int, epoch: int) -> None:
    """Seed each dropout layer from (seed, epoch), so that a resumed run drops the same features."""
    for index, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
            generator.state.assign(state)
