"""Fit a network: reviews and settings in, a finished run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.data.soft_reviews import SoftReviews
from trainer.fit import checkpoint
from trainer.fit.checkpoint import Progress
from trainer.fit.epochs import HeldOut, TrainingSample, epoch_line, run_epoch
from trainer.fit.learner import Learned, Say, Task, silent
from trainer.fit.run import fit_run
from trainer.fit.training_set import TrainingSet, make_training_set
from trainer.measure.evaluation import calibrate
from trainer.measure.lengths import LEAST_REVIEWS
from trainer.models.batches import TrainingBatches
from trainer.models.kinds import NETWORK, Kind
from trainer.models.network import Network, build_network, finish_network
from trainer.models.word_vectors import word_vectors
from trainer.quiet import keras
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_folder
from trainer.settings import Settings
from trainer.wide.folds import FoldedWeights, fit_folds
from trainer.wide.weights import Examples


def fit(
    reviews: Reviews,
    settings: Settings,
    out: Path,
    *,
    unlabeled: pa.LargeStringArray | None = None,
    unlabeled_ids: pa.LargeStringArray | None = None,
    teachers: Sequence[RunFolder] = (),
    soft: SoftReviews | None = None,
    test: Reviews | None = None,
    resume: bool = False,
    say: Say = silent,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> RunFolder:
    """Train a network on labelled reviews.

    Args:
        reviews: labelled reviews; some of them are held out of training.
        settings: settings of the run.
        out: the run folder to make.
        unlabeled: ``large_string[n]``, reviews to learn from with the labels of the teachers.
        unlabeled_ids: ``large_string[n]``, their ids, which ``soft`` may name as groups.
        teachers: finished runs that label them; at least one if there are unlabeled reviews.
        soft: texts to learn from, each with its probability.
        test: labelled reviews to report on; nothing is learned from them.
        resume: whether the interrupted run in ``out`` goes on after its last finished epoch.
        say: takes lines of progress.
        callbacks: Keras callbacks of each epoch.

    Raises:
        ReviewsError: there are too few reviews, or all have one label; or no soft review is left to
            learn from.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    return fit_run(
        NetworkLearner(settings, tuple(callbacks)),
        reviews,
        out,
        unlabeled=unlabeled,
        unlabeled_ids=unlabeled_ids,
        teachers=teachers,
        soft=soft,
        test=test,
        resume=resume,
        say=say,
    )


@dataclass(frozen=True)
class NetworkLearner:
    """Fits a network.

    Attributes:
        settings: settings of the run.
        callbacks: Keras callbacks of each epoch.
    """

    settings: Settings
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    command: ClassVar[str] = "fit"
    kind: ClassVar[Kind] = NETWORK

    @property
    def packages(self) -> tuple[str, ...]:
        """Keras and its backend."""
        return ("keras", keras.backend.backend())

    def prepare(self, out: Path, run: RunId, *, resume: bool) -> None:
        """Create the run folder, or check that the interrupted run in it can go on."""
        kept = checkpoint.load(out)
        prepare_folder(out, run, None if kept is None else kept.run, resume=resume)

    def learn(self, task: Task) -> Learned:
        """Fit the wide branch, train the network beside it, and calibrate both together."""
        training_set = make_training_set(
            task.training,
            task.inputs.unlabeled,
            task.inputs.unlabeled_ids,
            task.teachers,
            task.soft,
            self.settings,
            task.say,
        )
        tokenizer = training_set.tokenizer
        reviews = task.held_out
        counts = f"{len(training_set.tokens)} reviews to train on, {len(reviews)} held out"
        task.say(f"{counts}, {len(tokenizer.words)} words")

        wide = _fit_wide(self.settings, training_set, task.say)
        whole = None if wide is None else wide.whole
        held_out = HeldOut(reviews, tokenizer.encode(reviews.texts), whole)
        progress = self._train(task, training_set, wide, held_out)
        best = checkpoint.kept_network(task.out, checkpoint.BEST)
        return self._calibrate(best, tokenizer, held_out, progress, task.say)

    def _train(
        self,
        task: Task,
        training_set: TrainingSet,
        wide: FoldedWeights | None,
        held_out: HeldOut,
    ) -> Progress:
        """Train the epochs that are left, and keep each when it ends."""
        settings = self.settings
        sample = TrainingSample.draw(training_set, wide, len(held_out.reviews))
        kept = checkpoint.load(task.out)
        if kept is None:
            progress, network = Progress(), _new_network(settings, training_set, task.say)
        else:
            progress = kept.progress
            network = checkpoint.kept_network(task.out, checkpoint.LAST)
        while not progress.is_over(settings.epochs, settings.patience):
            done = len(progress.history)
            batches = TrainingBatches(
                training_set.tokens, training_set.targets, settings, done, wide
            )
            epoch = run_epoch(
                network, batches, done, settings.seed, sample, held_out, self.callbacks
            )
            progress = progress.after(epoch)
            checkpoint.save(task.out, task.run, progress, network)
            task.say(epoch_line(epoch, progress.best_epoch))
        return progress

    def _calibrate(
        self, best: Any, tokenizer: Tokenizer, held_out: HeldOut, progress: Progress, say: Say
    ) -> Learned:
        """Calibrate the network of the best epoch and the wide branch together."""
        logits, lengths = held_out.logits(best), held_out.lengths(best)
        if not lengths.are_enough:
            say(
                f"not calibrated by length: that takes {LEAST_REVIEWS} held-out reviews, "
                f"these are {len(held_out.reviews)}"
            )
        calibrated = calibrate(held_out.reviews, *logits, lengths=lengths)
        line, by_length = calibrated.line, calibrated.by_length
        network = finish_network(best, self.settings, line, held_out.wide, by_length)
        return Learned(
            model=Network(network),
            tokenizer=tokenizer,
            calibrated=calibrated,
            parts=("lstm", *(f"wide_{order}" for order in range(1, len(logits)))),
            history=progress.history,
            epoch=progress.best_epoch,
        )


def _fit_wide(settings: Settings, training_set: TrainingSet, say: Say) -> FoldedWeights | None:
    if not settings.wide_order:
        return None
    say("fitting the wide branch")
    examples = Examples.of(
        training_set.tokens,
        training_set.targets,
        len(training_set.tokenizer.words),
        settings.wide_order,
        settings.wide_slots,
        settings.seed if settings.crops else None,
    )
    return fit_folds(examples, training_set.groups, settings.seed)


def _new_network(settings: Settings, training_set: TrainingSet, say: Say) -> keras.Model:
    keras.utils.set_random_seed(settings.seed)
    tokens, words = training_set.tokens, len(training_set.tokenizer.words)
    steps = settings.epochs * -(-len(tokens) // settings.batch_size)
    network = build_network(settings, words, steps)
    if settings.vector_epochs:
        say(f"word2vec on {len(tokens.ids):,} words, {settings.vector_epochs} times")
        vectors = word_vectors(
            tokens, words, settings.embedding, settings.vector_epochs, settings.seed
        )
        network.get_layer("embedding").set_weights([vectors])
    return network
