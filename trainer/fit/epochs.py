"""One epoch of a network's training, and its measurement on the held-out reviews."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.data.crops import crop
from trainer.data.reviews import Reviews
from trainer.fit.training_set import TrainingSet
from trainer.measure.calibration import Line, cross_fit, logits_of
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.lengths import Lengths
from trainer.measure.metrics import loss_and_accuracy
from trainer.models.batches import TrainingBatches, predict
from trainer.quiet import keras
from trainer.run.history import Epoch
from trainer.wide.folds import FoldedWeights
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

    def lengths(self, network: Any) -> Lengths:
        """Return the lengths of the reviews, and of a crop of each, always the same, with logits.

        The crops of reviews of which none is short tell what the network makes of short texts.
        """
        short = replace(self, tokens=crop(self.tokens, 1.0, np.random.default_rng(0)))
        crop_logits = tuple(short.logits(network))
        return Lengths(self.tokens.lengths, short.tokens.lengths, crop_logits)

    @cached_property
    def folds(self) -> Folds:
        """The folds over which the calibration is measured."""
        return deal_folds(self.reviews)

    @cached_property
    def _wide_sums(self) -> list[npt.NDArray[np.float32]]:
        return [] if self.wide is None else list(self.wide.sums(self.tokens).T)


@dataclass(frozen=True)
class TrainingSample:
    """Labelled training reviews on which a network in training is measured, as on the held-out.

    Keras' own figures are averages over the epoch, with dropout, soft labels and penalties: beside
    a held-out loss they mean nothing.

    Attributes:
        rows: ``int64[reviews]``, their rows in the training set.
        labels: ``int8[reviews]``.
        tokens: tokens of the whole training set.
        wide: weights of the wide branch, each review's from a fit on other reviews.
    """

    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]
    tokens: Tokens
    wide: FoldedWeights | None

    @classmethod
    def draw(
        cls, training_set: TrainingSet, wide: FoldedWeights | None, count: int
    ) -> TrainingSample:
        """Draw ``count`` labelled reviews, always the same ones; all where there are fewer."""
        rows = np.sort(np.random.default_rng(0).permutation(training_set.labelled)[:count])
        labels = training_set.targets[rows].astype(np.int8)
        return cls(rows, labels, training_set.tokens, wide)

    def scores(self, network: Any) -> npt.NDArray[np.float32]:
        """Return the network's scores of these reviews, ``float32[reviews]``."""
        return predict(network, self.tokens, self.wide, self.rows)[self.rows]


def run_epoch(
    network: Any,
    batches: TrainingBatches,
    done: int,
    seed: int,
    sample: TrainingSample,
    held_out: HeldOut,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Epoch:
    """Train one epoch, and measure the network.

    Args:
        network: the ``keras.Model``.
        batches: batches of the epoch.
        done: number of epochs before it.
        seed: seed of the run.
        sample: the training reviews to measure on.
        held_out: the reviews to measure on.
        callbacks: Keras callbacks of the epoch.
    """
    started = time.monotonic()
    _reseed(network, seed, done)
    # A call of Keras' fit for each epoch: the order of the reviews, early stopping and the best
    # weights are decided here, between epochs, and kept on disk.
    network.fit(
        batches,
        initial_epoch=done,
        epochs=done + 1,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )
    # The line alone: a calibration by length changes few answers, and takes another pass.
    logits, labels = held_out.logits(network), held_out.reviews.labels
    training = loss_and_accuracy(sample.scores(network), sample.labels)
    raw = loss_and_accuracy(Line()(logits[0]), labels)
    calibrated = loss_and_accuracy(cross_fit(labels, held_out.folds, *logits), labels)
    return Epoch(
        done + 1,
        *training,
        *raw,
        *calibrated,
        seconds=round(time.monotonic() - started, 1),
    )


def epoch_line(epoch: Epoch, best_epoch: int) -> str:
    """Return a line that tells what an epoch reached."""
    parts = (
        ("", epoch.loss, epoch.accuracy),
        ("held out: ", epoch.held_out_loss, epoch.held_out_accuracy),
        ("calibrated: ", epoch.held_out_calibrated_loss, epoch.held_out_calibrated_accuracy),
    )
    told = "; ".join(f"{name}loss {loss:.4f}, accuracy {right:.4f}" for name, loss, right in parts)
    best = "  best so far" if epoch.epoch == best_epoch else ""
    return f"epoch {epoch.epoch}: {told}; {epoch.seconds:.0f} s{best}"


def _reseed(network: Any, seed: int, epoch: int) -> None:
    """Seed each dropout layer from (seed, epoch), so that a resumed run drops the same features."""
    for index, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
            generator.state.assign(state)
