"""A run, the same for every kind of model: reviews and a learner in, a finished run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from scorer.card import Base
from trainer.data.reviews import Reviews, check_both_labels, check_differing
from trainer.data.soft_reviews import SoftReviews
from trainer.fit.learner import Learned, Learner, Say, Task, silent
from trainer.fit.soft_labels import warn_of_other_splits
from trainer.fit.soft_rows import choose_soft_rows
from trainer.fit.split import split, with_words
from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import rounded
from trainer.run.finished_run import FinishedRun, write_run
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId
from trainer.run.provenance import RunInputs
from trainer.run.run_metrics import NamedLine, RunMetrics

# So few held-out reviews of a label are told.
FEW_OF_LABEL = 10


def fit_run(
    learner: Learner,
    reviews: Reviews,
    out: Path,
    *,
    unlabeled: pa.LargeStringArray | None = None,
    unlabeled_ids: pa.LargeStringArray | None = None,
    teachers: Sequence[RunFolder] = (),
    soft: SoftReviews | None = None,
    test: Reviews | None = None,
    base: Base | None = None,
    resume: bool = False,
    say: Say = silent,
) -> RunFolder:
    """Fit a model, and leave a finished run folder.

    Args:
        learner: fits the model.
        reviews: labelled reviews; some of them are held out of training.
        out: the run folder to make.
        unlabeled: ``large_string[n]``, reviews without a label.
        unlabeled_ids: ``large_string[n]``, their ids, which ``soft`` may name as groups.
        teachers: finished runs that label them.
        soft: texts with probabilities to learn from.
        test: labelled reviews to report on; nothing is learned from them.
        base: the model that is adapted, if one is.
        resume: whether the interrupted run in ``out`` goes on.
        say: takes lines of progress.

    Raises:
        ReviewsError: there are too few reviews, or all have one label or one text; or no soft
            review is left to learn from.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    check_both_labels(reviews)
    check_differing(reviews)
    readable = with_words(reviews, say)
    inputs = RunInputs.of(reviews, unlabeled, teachers, soft, unlabeled_ids, base)
    run = RunId(learner.settings.to_dict(), inputs.fingerprint)
    training, held_out = split(readable, learner.settings.held_out)
    learner.prepare(out, run, resume=resume)
    _warn_of_rare_label(held_out, say)
    warn_of_other_splits(teachers, reviews, held_out, say)

    rows = None if soft is None else choose_soft_rows(soft, training, held_out, say)
    learned = learner.learn(Task(out, run, inputs, training, held_out, teachers, rows, say))
    finished = FinishedRun(
        kind=learner.kind,
        model=learned.model,
        tokenizer=learned.tokenizer,
        provenance=inputs.provenance(learner.command, learner.settings, held_out, learner.packages),
        metrics=_measure(learned, test, say),
        held_out=held_out,
        calibrated=learned.calibrated,
        history=learned.history,
    )
    write_run(out, finished)
    return RunFolder.open(out)


def _warn_of_rare_label(held_out: Reviews, say: Say) -> None:
    positive = int(held_out.labels.sum())
    count, label = min((len(held_out) - positive, "negative"), (positive, "positive"))
    if count < FEW_OF_LABEL:
        say(
            f"only {count} of the {len(held_out)} held-out reviews are {label}, so the figures say "
            f"little of these; give more {label} reviews, or a greater --held-out"
        )


def _measure(learned: Learned, test: Reviews | None, say: Say) -> RunMetrics:
    calibrated, tested = learned.calibrated, None
    if test is not None:
        say(f"scoring {len(test)} test reviews")
        tested = evaluate(learned.model.predict(test.texts, learned.tokenizer), test)
    return RunMetrics(
        calibration=NamedLine.of(calibrated.line, learned.parts),
        held_out=rounded(calibrated.after.metrics),
        held_out_before_calibration=rounded(calibrated.before.metrics),
        by_length=calibrated.by_length,
        held_out_folds=calibrated.folds.count,
        held_out_intervals=calibrated.after.intervals,
        epoch=learned.epoch,
        test=None if tested is None else rounded(tested.metrics),
        test_intervals=None if tested is None else tested.intervals,
        test_data=None if test is None else test.describe(),
    )
