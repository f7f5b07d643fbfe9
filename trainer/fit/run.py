"""A run, the same for every kind of model: reviews and a learner in, a finished run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from trainer.data.reviews import Reviews, check_both_labels
from trainer.fit.learner import Learned, Learner, Say, Task, silent
from trainer.fit.training_set import split
from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import rounded
from trainer.run.finished_run import FinishedRun, write_run
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId
from trainer.run.provenance import RunInputs
from trainer.run.run_metrics import RunMetrics


def fit_run(
    learner: Learner,
    reviews: Reviews,
    out: Path,
    *,
    unlabeled: pa.LargeStringArray | None = None,
    teachers: Sequence[RunFolder] = (),
    test: Reviews | None = None,
    resume: bool = False,
    say: Say = silent,
) -> RunFolder:
    """Fit a model, and leave a finished run folder.

    Args:
        learner: fits the model.
        reviews: labelled reviews; some of them are held out of training.
        out: the run folder to make.
        unlabeled: ``large_string[n]``, reviews without a label.
        teachers: finished runs that label them.
        test: labelled reviews to report on; nothing is learned from them.
        resume: whether the interrupted run in ``out`` goes on.
        say: takes lines of progress.

    Raises:
        ReviewsError: there are too few reviews, or all have one label.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    check_both_labels(reviews)
    inputs = RunInputs.of(reviews, unlabeled, teachers)
    run = RunId(learner.settings.to_dict(), inputs.fingerprint)
    learner.prepare(out, run, resume=resume)

    training, held_out = split(reviews, learner.settings.held_out)
    learned = learner.learn(Task(out, run, inputs, training, held_out, teachers, say))
    finished = FinishedRun(
        kind=learner.kind,
        model=learned.model,
        tokenizer=learned.tokenizer,
        provenance=inputs.provenance(
            learner.command, learner.settings, learned.held_out, learner.packages
        ),
        metrics=_measure(learned, test, say),
        held_out=learned.held_out,
        evaluation=learned.after,
        history=learned.history,
    )
    write_run(out, finished)
    return RunFolder.open(out)


def _measure(learned: Learned, test: Reviews | None, say: Say) -> RunMetrics:
    test_metrics = None
    if test is not None:
        say(f"scoring {len(test)} test reviews")
        scores = learned.model.predict(test.texts, learned.tokenizer)
        test_metrics = rounded(evaluate(scores, test).metrics)
    return RunMetrics(
        calibration=learned.calibration,
        held_out=rounded(learned.after.metrics),
        held_out_before_calibration=rounded(learned.before.metrics),
        epoch=learned.epoch,
        test=test_metrics,
        test_data=None if test is None else test.describe(),
    )
