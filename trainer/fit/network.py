"""Fit a network: reviews and settings in, a finished run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.data.soft_reviews import SoftReviews
from trainer.fit import checkpoint
from trainer.fit.balance import importance_of
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
from trainer.run.files import CHECKPOINT
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_folder
from trainer.settings import Settings
from trainer.wide.folds import FoldedWeights, fit_folds
from trainer.wide.kept_fit import key_of, take_up_or_fit
from trainer.wide.weights import Examples

# Rises with every change of how the wide branch is fitted: a fit kept before isn't taken up then.
RECIPE = 1


def fit(
    reviews: Reviews,
    settings: Settings,
    out: Path,
    *,
    unlabeled: pa.LargeStringArray | None = None,
    unlabeled_ids: pa.LargeStringArray | None = None,
    teachers: Sequence[RunFolder] = (),
    soft: SoftReviews | None = None,
    leave_out: Sequence[str] = (),
    test: Reviews | None = None,
    resume: bool = False,
    wide_folder: Path | None = None,
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
        leave_out: domains of ``reviews`` and ``soft`` to learn nothing from; they are measured when
            the run is done. ``unlabeled`` holds no review of them.
        test: labelled reviews to report on; nothing is learned from them.
        resume: whether the interrupted run in ``out`` goes on after its last finished epoch.
        wide_folder: where the fit of the wide branch is kept for further runs, and taken up from;
            by default it is kept with the unfinished run.
        say: takes lines of progress.
        callbacks: Keras callbacks of each epoch.

    Raises:
        UsageError: there is no such domain to leave out.
        ReviewsError: there are too few reviews, or all have one label; or no soft review is left to
            learn from.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    return fit_run(
        NetworkLearner(settings, tuple(callbacks), wide_folder),
        reviews,
        out,
        unlabeled=unlabeled,
        unlabeled_ids=unlabeled_ids,
        teachers=teachers,
        soft=soft,
        leave_out=leave_out,
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
        wide_folder: where fits of the wide branch are kept; with the unfinished run if None.
    """

    settings: Settings
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    wide_folder: Path | None = None
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

        checkpoint.begin(task.out, task.run)
        folder = self.wide_folder or task.out / CHECKPOINT
        wide = _fit_wide(self.settings, training_set, folder, task.say)
        whole = None if wide is None else wide.whole
        importance = importance_of(reviews.domains, self.settings.balance)
        held_out = HeldOut(reviews, tokenizer.encode(reviews.texts), whole, importance)
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
        if kept is None or not kept.history:
            progress, network = Progress(), _new_network(settings, training_set, task.say)
        else:
            progress = kept.progress
            network = checkpoint.kept_network(task.out, checkpoint.LAST)
        while not progress.is_over(settings.epochs, settings.patience):
            done = len(progress.history)
            batches = TrainingBatches(
                training_set.tokens,
                training_set.targets,
                settings,
                done,
                wide,
                training_set.importance,
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
        calibrated = calibrate(
            held_out.reviews, *logits, lengths=lengths, weights=held_out.importance
        )
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


def _fit_wide(
    settings: Settings, training_set: TrainingSet, folder: Path, say: Say
) -> FoldedWeights | None:
    """Fit the wide branch, or take up the same fit from a folder."""
    if not settings.wide_order:
        return None
    tokens, words = training_set.tokens, len(training_set.tokenizer.words)
    crops = settings.seed if settings.crops else None

    def fit_anew() -> FoldedWeights:
        say("fitting the wide branch")
        examples = Examples.of(
            tokens,
            training_set.targets,
            words,
            settings.wide_order,
            settings.wide_slots,
            crops,
            training_set.importance,
        )
        return fit_folds(examples, training_set.groups, settings.seed)

    arrays: dict[str, npt.NDArray[Any] | None] = {
        "ids": tokens.ids,
        "offsets": tokens.offsets,
        "targets": training_set.targets,
        "groups": training_set.groups,
        "importance": training_set.importance,
    }
    numbers = [words, settings.wide_order, settings.wide_slots, crops, settings.seed, RECIPE]
    return take_up_or_fit(folder, key_of(arrays, numbers), fit_anew)


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
