"""Fit a network: reviews and settings in, a finished run folder out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokens
from trainer import artifact, checkpoint
from trainer.artifact import RunFolder
from trainer.batches import TrainingBatches, predict
from trainer.calibration import Line, fit_line, logits_of
from trainer.checkpoint import Progress
from trainer.evaluation import evaluate
from trainer.folds import FoldedWeights, fit_folds
from trainer.history import Epoch
from trainer.lesson import Lesson, prepare_lesson, split, with_tokens
from trainer.metrics import Evaluation, measure
from trainer.network import build_network, finish_network
from trainer.origin import Origin
from trainer.reviews import Reviews, check_both_kinds
from trainer.settings import Settings
from trainer.vectors import word_vectors
from trainer.wide_fit import Examples, WideWeights

Say = Callable[[str], None]


def fit(
    reviews: Reviews,
    settings: Settings,
    out: Path,
    *,
    unlabeled: pa.LargeStringArray | None = None,
    teachers: Sequence[RunFolder] = (),
    test: Reviews | None = None,
    resume: bool = False,
    say: Say = lambda line: None,
    callbacks: list[keras.callbacks.Callback] | None = None,
) -> RunFolder:
    """Train a network on labelled reviews.

    Args:
        reviews: of both kinds; a share of them is held out.
        settings: what to train, and how.
        out: the run folder to make.
        unlabeled: ``large_string[n]``, further reviews, to learn from with the labels that the teachers give them.
        teachers: finished runs; there are some where there are unlabeled reviews.
        test: labelled reviews of both kinds to report on, and for nothing else.
        resume: go on after the last finished epoch of an interrupted run in ``out``.
        say: is given a line of progress now and then.
        callbacks: Keras callbacks that watch each epoch.

    Raises:
        ReviewsError: too few reviews, or all of one kind.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    check_both_kinds(reviews)
    origin = Origin.of(reviews, unlabeled, teachers)
    kept = checkpoint.load(out)
    artifact.prepare_folder(out, settings.to_dict(), origin.fingerprint, kept and kept[1:], resume=resume)
    progress = kept[0] if kept else Progress()

    training, held_out = split(reviews, settings.held_out)
    lesson = prepare_lesson(training, unlabeled, teachers, settings, say)
    held_out, held_out_tokens = with_tokens(held_out, lesson.tokenizer)
    say(f"{len(lesson.tokens)} reviews to train on, {len(held_out)} held out, {len(lesson.tokenizer.words)} words")

    folded = _fit_wide(settings, lesson, say)
    judge = _Judge(held_out, held_out_tokens, None if folded is None else folded.whole)
    network = checkpoint.kept_network(out, checkpoint.LAST) if progress.history else _new_network(settings, lesson, say)
    while not progress.is_over(settings.epochs, settings.patience):
        batches = TrainingBatches(lesson.tokens, lesson.targets, settings, len(progress.history), folded)
        epoch = _one_epoch(network, batches, progress, settings, judge, callbacks)
        progress = progress.after(epoch)
        checkpoint.save(out, progress, network, settings.to_dict(), origin.fingerprint)
        say(_epoch_line(epoch, progress))

    network, metrics, evaluation = _finish(checkpoint.kept_network(out, checkpoint.BEST), settings, judge)
    metrics["epoch"] = progress.best_epoch
    if test is not None:
        say(f"scoring {len(test)} test reviews")
        scores = predict(network, lesson.tokenizer.encode(test.texts))
        metrics |= {"test": evaluate(scores, test).metrics.to_dict(), "test_data": test.describe()}
    artifact.write_run(
        out,
        model=network,
        name=artifact.MODEL,
        tokenizer=lesson.tokenizer,
        config=origin.to_config("fit", settings.to_dict(), settings.options(), held_out, ("keras", keras.backend.backend())),
        metrics=metrics,
        history=progress.history,
        held_out=held_out,
        evaluation=evaluation,
    )
    return RunFolder.open(out)


def _new_network(settings: Settings, lesson: Lesson, say: Say) -> keras.Model:
    keras.utils.set_random_seed(settings.seed)
    words = len(lesson.tokenizer.words)
    steps = settings.epochs * -(-len(lesson.tokens) // settings.batch_size)
    network = build_network(settings, words, steps)
    if settings.vector_epochs:
        say(f"word2vec on {len(lesson.tokens.ids):,} words, {settings.vector_epochs} times")
        vectors = word_vectors(lesson.tokens, words, settings.embedding, settings.vector_epochs, settings.seed)
        network.get_layer("embedding").set_weights([vectors])
    return network


def _fit_wide(settings: Settings, lesson: Lesson, say: Say) -> FoldedWeights | None:
    if not settings.wide_order:
        return None
    say("fitting the wide branch")
    words, crops = len(lesson.tokenizer.words), settings.seed if settings.crops else None
    examples = Examples.of(lesson.tokens, lesson.targets, words, settings.wide_order, settings.wide_slots, crops)
    return fit_folds(examples, lesson.groups, settings.seed)


@dataclass(frozen=True)
class _Judge:
    """The held-out reviews, and what the wide branch says of them."""

    reviews: Reviews
    tokens: Tokens
    wide: WideWeights | None

    def logits(self, network: Any) -> list[npt.NDArray[np.floating]]:
        """Return the logits of a network in training, and of each order of the wide branch where there is one."""
        return [logits_of(predict(network, self.tokens, self.wide)), *self._sums]

    @cached_property
    def _sums(self) -> list[npt.NDArray[np.float32]]:
        return [] if self.wide is None else list(self.wide.sums(self.tokens).T)


def _finish(trained: keras.Model, settings: Settings, judge: _Judge) -> tuple[keras.Model, dict[str, Any], Evaluation]:
    """Put all voices together, calibrated; return the network that ships, and how it does on the held-out reviews."""
    lstm, *sums = judge.logits(trained)
    line = fit_line(judge.reviews.labels, lstm, *sums)
    network = finish_network(trained, settings, line, judge.wide)
    after = evaluate(predict(network, judge.tokens), judge.reviews)
    # Before: what the LSTM says by itself.
    before = evaluate(Line()(lstm), judge.reviews)
    metrics = {
        "calibration": line.to_dict("lstm", *(f"wide_{order}" for order in range(1, len(sums) + 1))),
        "held_out": after.metrics.to_dict(),
        "held_out_before_calibration": before.metrics.to_dict(),
    }
    return network, metrics, after


def _one_epoch(
    network: Any,
    batches: TrainingBatches,
    progress: Progress,
    settings: Settings,
    judge: _Judge,
    callbacks: list[keras.callbacks.Callback] | None,
) -> Epoch:
    started = time.monotonic()
    done = len(progress.history)
    _reseed(network, settings.seed, done)
    # One `fit` an epoch: what happens between epochs (the order, early stopping, the best weights) is ours, on disk.
    fitted = network.fit(batches, initial_epoch=done, epochs=done + 1, shuffle=False, verbose=0, callbacks=callbacks)
    logits, labels = judge.logits(network), judge.reviews.labels
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


def _reseed(network: Any, seed: int, epoch: int) -> None:
    """Draw each dropout layer's chance from (seed, epoch): a resumed run then drops what an undisturbed one drops."""
    for place, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.random.SeedSequence([seed, epoch, place]).generate_state(2))


def _epoch_line(epoch: Epoch, progress: Progress) -> str:
    training = f"loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.4f}"
    held_out = f"loss {epoch.held_out_loss:.4f}, calibrated {epoch.held_out_calibrated_loss:.4f}, accuracy {epoch.held_out_accuracy:.4f}"
    best = "  best so far" if progress.best_epoch == epoch.epoch else ""
    return f"epoch {epoch.epoch}: {training}; held out: {held_out}; {epoch.seconds:.0f} s{best}"
