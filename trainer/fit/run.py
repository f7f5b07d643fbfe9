"""A run, the same for every kind of model: reviews and a learner in, a finished run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.card import Base, ByDomain
from scorer.words.first_rules import FirstRules
from scorer.words.rules import RULES_VERSION, Rules
from trainer.data.reviews import Reviews, check_both_labels, check_differing
from trainer.data.soft_reviews import SoftReviews
from trainer.fit.learner import Learned, Learner, Say, Task, silent
from trainer.fit.left_out import set_apart
from trainer.fit.soft_labels import warn_of_learned_domains, warn_of_other_splits
from trainer.fit.soft_rows import choose_soft_rows
from trainer.fit.split import cut_groups, split, with_words
from trainer.measure.domains import measure_domains, tells_several
from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import Evaluation, rounded
from trainer.report.file import write_report
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
    leave_out: Sequence[str] = (),
    test: Reviews | None = None,
    base: Base | None = None,
    rules: Rules | FirstRules | None = None,
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
        leave_out: domains of ``reviews`` and ``soft`` to learn nothing from; they are measured when
            the run is done. ``unlabeled`` holds no review of them.
        test: labelled reviews to report on; nothing is learned from them.
        base: the model that is adapted, if one is.
        rules: how the model cuts texts into words, if these aren't the rules of this release: a
            review without a word by them is left out.
        resume: whether the interrupted run in ``out`` goes on.
        say: takes lines of progress.

    Raises:
        UsageError: there is no such domain to leave out.
        ReviewsError: there are too few reviews, or all have one label or one text; or no soft
            review is left to learn from.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    reviews, left_out = set_apart(reviews, leave_out, soft)
    check_both_labels(reviews)
    check_differing(reviews)
    readable = with_words(reviews, say, rules)
    left = None if left_out is None else left_out.reviews
    inputs = RunInputs.of(
        reviews, unlabeled, teachers, soft, unlabeled_ids, tuple(leave_out), left, base
    )
    # Work that an earlier release left holds ids of words that its rules cut.
    settings = {**learner.settings.to_dict(), "tokenizer_rules": RULES_VERSION}
    run = RunId(settings, inputs.fingerprint)
    training, held_out = split(readable, learner.settings.held_out)
    learner.prepare(out, run, resume=resume)
    _warn_of_rare_label(held_out, say)
    _warn_of_cut_groups(training, held_out, say)
    warn_of_other_splits(teachers, reviews, held_out, say)
    warn_of_learned_domains(teachers, leave_out, say)

    rows = None if soft is None else choose_soft_rows(soft, training, held_out, say, left_out)
    learned = learner.learn(Task(out, run, inputs, training, held_out, teachers, rows, say))
    finished = FinishedRun(
        kind=learner.kind,
        model=learned.model,
        tokenizer=learned.tokenizer,
        provenance=inputs.provenance(learner.command, learner.settings, held_out, learner.packages),
        metrics=_measure(learned, Measured(held_out, left, test), say),
        held_out=held_out,
        calibrated=learned.calibrated,
        history=learned.history,
    )
    write_run(out, finished)
    run_folder = RunFolder.open(out)
    write_report(run_folder)
    return run_folder


def _warn_of_rare_label(held_out: Reviews, say: Say) -> None:
    positive = int(held_out.labels.sum())
    count, label = min((len(held_out) - positive, "negative"), (positive, "positive"))
    if count < FEW_OF_LABEL:
        say(
            f"only {count} of the {len(held_out)} held-out reviews are {label}, so the figures say "
            f"little of these; give more {label} reviews, or a greater --held-out"
        )


def _warn_of_cut_groups(training: Reviews, held_out: Reviews, say: Say) -> None:
    count = cut_groups(training, held_out)
    if count:
        say(
            f"{count:,} groups have reviews on both sides, as the data say what is held out; the "
            "figures may be too good"
        )


@dataclass(frozen=True)
class Measured:
    """The reviews that a run is measured on.

    Attributes:
        held_out: those held out of training; each has a word.
        left_out: those of domains that it didn't learn from, if there are any.
        test: further ones, if there are any.
    """

    held_out: Reviews
    left_out: Reviews | None
    test: Reviews | None


def _measure(learned: Learned, on: Measured, say: Say) -> RunMetrics:
    calibrated, test = learned.calibrated, on.test
    left_scores = _scores(learned, on.left_out, "reviews of domains left out", say)
    test_scores = _scores(learned, test, "test reviews", say)
    tested = None if test is None else evaluate(test_scores, test)
    left = _left_out(left_scores, on.left_out)
    domains = ByDomain(
        held_out=measure_domains(calibrated.after.scores, on.held_out),
        left_out=measure_domains(left_scores, on.left_out),
        test=measure_domains(test_scores, test),
    )
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
        left_out=None if left is None else rounded(left.metrics),
        left_out_intervals=None if left is None else left.intervals,
        domains=domains if tells_several(domains) else None,
    )


def _scores(
    learned: Learned, reviews: Reviews | None, what: str, say: Say
) -> npt.NDArray[np.float32]:
    """Score reviews, ``float32[reviews]``; there are none where ``reviews`` is None."""
    if reviews is None:
        return np.zeros(0, np.float32)
    say(f"scoring {len(reviews)} {what}")
    return learned.model.predict(reviews.texts, learned.tokenizer)


def _left_out(scores: npt.NDArray[np.float32], reviews: Reviews | None) -> Evaluation | None:
    """Measure what was left out; not as a whole if it has one label only."""
    scored = ~np.isnan(scores)
    if reviews is None or len(np.unique(reviews.labels[scored])) < 2:
        return None
    return evaluate(scores, reviews)
