"""Adapt a finished network to reviews of a user's own: its calibration and its words' weights.

The LSTM stays as it is, so each review is read once, and a fit takes seconds. How far the words are
corrected is chosen by cross-validation on the training reviews, "not at all" included. The line
that ships is fitted on logits that no review had a part in: those of the training reviews, each
from a fit on other reviews, and those of the held-out reviews.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews
from trainer.fit.base import BaseModel
from trainer.fit.learner import Learned, Say, Task, silent
from trainer.fit.run import fit_run
from trainer.measure.calibration import Line
from trainer.measure.evaluation import Calibrated, evaluate
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.metrics import loss_and_accuracy
from trainer.models.adapted import (
    adapted_network,
    length_step,
    part_logits,
    part_names,
    part_slopes,
)
from trainer.models.kinds import NETWORK, Kind
from trainer.models.network import CORRECTION, Network
from trainer.quiet import keras
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_empty
from trainer.settings import AdaptSettings
from trainer.wide.correction import Adapted, Readings, fit_correction, fit_line, word_features

# What a word's correction may be, from not at all to freely: see fit_correction.
STRENGTHS = (None, 0.3, 1.0, 3.0, 10.0, 30.0)
# Fewer labelled reviews are told to be few.
FEW_LABELS = 300


def adapt(
    base: BaseModel,
    reviews: Reviews,
    held_out: float,
    out: Path,
    *,
    test: Reviews | None = None,
    say: Say = silent,
) -> RunFolder:
    """Adapt a network to labelled reviews.

    Args:
        base: the network; it stays as it is.
        reviews: labelled reviews; some of them are held out.
        held_out: the fraction held out.
        out: the run folder to make.
        test: labelled reviews to report on; nothing is learned from them.
        say: takes lines of progress.

    Raises:
        ReviewsError: there are too few reviews, or all have one label or one text.
        RunFolderError: ``out`` is taken.
        UsageError: the fraction is out of its limits.
    """
    settings = AdaptSettings(held_out=held_out, network=base.settings)
    if len(reviews) < FEW_LABELS:
        say(
            f"{len(reviews)} labelled reviews are few: they bring little, and the figures may be "
            "anything in their intervals; label 500 or more"
        )
    if any(one.data.sha256 == reviews.fingerprint() for one in base.described.line_of_descent()):
        say(
            f"{base.described.name} learned from these very reviews: what it gives for them is too "
            "good, and there is nothing to adapt it to"
        )
    learner = AdaptLearner(base, settings)
    return fit_run(
        learner,
        reviews,
        out,
        test=test,
        base=base.described,
        rules=base.tokenizer.rules,
        say=say,
    )


@dataclass(frozen=True)
class AdaptLearner:
    """Adapts a network.

    Attributes:
        base: the network.
        settings: settings of the run.
    """

    base: BaseModel
    settings: AdaptSettings
    kind: ClassVar[Kind] = NETWORK

    @property
    def command(self) -> str:
        """The command, with the model that it adapts."""
        return f"adapt {self.base.described.name}"

    @property
    def packages(self) -> tuple[str, ...]:
        """Keras and its backend."""
        return ("keras", keras.backend.backend())

    def prepare(self, out: Path, run: RunId, *, resume: bool) -> None:
        """Create the run folder: a fit takes a minute or two, and isn't resumed."""
        prepare_empty(out)

    def learn(self, task: Task) -> Learned:
        """Choose how far to correct the words, correct them, and calibrate."""
        from threadpoolctl import threadpool_limits

        task.say(f"{len(task.training)} reviews to learn from, {len(task.held_out)} held out")
        training, held_out = self._read(task.training), self._read(task.held_out)
        # For problems of this size, handing out the work takes longer than the work.
        with threadpool_limits(1):
            outside = self._choose(training, deal_folds(task.training), task.say)
            fitted = self._fit(training, outside.strength)
            folds = deal_folds(task.held_out)
            line, scores = _calibrate(outside.readings, held_out.weighed(fitted), folds)
        adapted = fitted.through(line)
        unadapted = self.base.predict(task.held_out.texts)
        task.say(_turned(unadapted, scores, task.held_out))
        return Learned(
            model=Network(adapted_network(self.base.network, self.base.settings, adapted)),
            tokenizer=self.base.tokenizer,
            calibrated=Calibrated(
                line=self._whole_line(adapted),
                before=evaluate(unadapted, task.held_out),
                after=evaluate(scores, task.held_out),
                folds=folds,
                by_length=self.base.by_length,
            ),
            parts=self._names(adapted),
        )

    def _read(self, reviews: Reviews) -> Readings:
        tokens = self.base.tokenizer.encode(reviews.texts)
        words = word_features(tokens, len(self.base.tokenizer.words))
        network = self.base.network
        parts, after = part_logits(network, tokens), length_step(network, tokens)
        return Readings(reviews.labels, parts, words, *after)

    def _fit(self, readings: Readings, strength: float | None) -> Adapted:
        return fit_correction(readings, part_slopes(self.base.network), strength)

    def _choose(self, training: Readings, folds: Folds, say: Say) -> _Outside:
        """Return the strength with the lowest log loss on reviews outside each fit."""
        if folds.count is None:
            say("too few reviews of one label to correct words: only the calibration is fitted")
            return _Outside(None, training.weighed(self._fit(training, None)), 0.0)
        tried = [self._outside(training, folds, strength) for strength in STRENGTHS]
        best = min(tried, key=lambda one: one.loss)
        losses = ", ".join(f"{_name(one.strength)} {one.loss:.4f}" for one in tried)
        say(f"log loss over {folds.count} folds, by how far words may be corrected: {losses}")
        say(f"chosen: {_name(best.strength)}")
        return best

    def _outside(self, training: Readings, folds: Folds, strength: float | None) -> _Outside:
        """Weigh each fold of the training reviews with a fit on the other folds."""
        of_folds, order = [], []
        for fold in range(folds.count or 0):
            inside = folds.of_review == fold
            fitted = self._fit(training.take(~inside), strength)
            of_folds.append(training.take(inside).weighed(fitted))
            order.append(np.flatnonzero(inside))
        readings = Readings.concatenate(of_folds)
        dealt = Folds(folds.of_review[np.concatenate(order)], folds.count)
        loss, _ = loss_and_accuracy(_cross_fit(readings, dealt), readings.labels)
        return _Outside(strength, readings, loss)

    def _whole_line(self, adapted: Adapted) -> Line:
        """Return the line through the logits of the parts as the base was trained with them."""
        slopes, shift = self.base.line.slopes, self.base.line.shift
        lstm, *others = adapted.slopes.tolist()
        whole = [lstm * slopes.get("lstm", 1.0), *others]
        if CORRECTION in self._names(adapted) and CORRECTION not in part_names(self.base.network):
            whole.append(1.0)
        rounded = tuple(round(slope, 4) for slope in whole)
        return Line(rounded, round(lstm * shift + adapted.shift, 4))

    def _names(self, adapted: Adapted) -> tuple[str, ...]:
        names = part_names(self.base.network)
        return names if adapted.table is None or CORRECTION in names else (*names, CORRECTION)


@dataclass(frozen=True)
class _Outside:
    """Training reviews, each weighed with a fit on other reviews.

    Attributes:
        strength: strength of the correction.
        readings: what a line weighs.
        loss: cross-fitted log loss.
    """

    strength: float | None
    readings: Readings
    loss: float


def _calibrate(
    training: Readings, held_out: Readings, folds: Folds
) -> tuple[Adapted, npt.NDArray[np.float32]]:
    """Fit the line that ships, and measure it on the held-out reviews by cross-fitting.

    Args:
        training: training reviews, each weighed with a fit on other reviews.
        held_out: held-out reviews, weighed with the fit that ships.
        folds: folds of the held-out reviews.

    Returns:
        The line, and the scores of the held-out reviews through lines that they had no part in,
        ``float32[reviews]``.
    """
    line = fit_line(Readings.concatenate([training, held_out]))
    if folds.count is None:
        return line, held_out.scores(line)
    return line, _cross_fit(held_out, folds, [training])


def _cross_fit(
    readings: Readings, folds: Folds, further: Sequence[Readings] = ()
) -> npt.NDArray[np.float32]:
    """Return the scores of each fold through a line fitted on the others and ``further``."""
    scores = np.zeros(len(readings), np.float32)
    for fold in range(folds.count or 0):
        inside = folds.of_review == fold
        line = fit_line(Readings.concatenate([*further, readings.take(~inside)]))
        scores[inside] = readings.take(inside).scores(line)
    return scores


def _turned(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], reviews: Reviews
) -> str:
    was, now = ((scores >= 0.5) == (reviews.labels == 1) for scores in (before, after))
    return (
        f"of {len(reviews)} held-out reviews {np.count_nonzero(now & ~was)} that were wrong are "
        f"right now, and {np.count_nonzero(was & ~now)} that were right are wrong"
    )


def _name(strength: float | None) -> str:
    return "not at all" if strength is None else f"{strength:g}"
