"""Adapt a finished network to reviews of a user's own: its calibration and its words' weights.

The LSTM stays as it is, so each review is read once, and a fit takes seconds. How far the words are
corrected is chosen by cross-validation on the training reviews, "not at all" included. The line
that ships is fitted on logits that no review had a part in: those of the training reviews, each
from a fit on other reviews, and those of the held-out reviews.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from trainer.data.reviews import Reviews
from trainer.fit.base import BaseModel
from trainer.fit.learner import Learned, Say, Task, silent
from trainer.fit.run import fit_run
from trainer.measure.calibration import Line, cross_fit, fit_line
from trainer.measure.evaluation import Calibrated, evaluate
from trainer.measure.folds import Folds, deal_folds
from trainer.measure.metrics import loss_and_accuracy
from trainer.models.adapted import adapted_network, part_logits, part_names, part_slopes
from trainer.models.kinds import NETWORK, Kind
from trainer.models.network import CORRECTION, Network
from trainer.quiet import keras
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_empty
from trainer.settings import AdaptSettings
from trainer.wide.correction import Adapted, fit_correction, word_features

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

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
    learner = AdaptLearner(base, settings)
    return fit_run(learner, reviews, out, test=test, base=base.described, say=say)


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
            outside = self._choose(training, task.say)
            fitted = self._fit(training, outside.strength)
            logits = fitted.logits(held_out.parts, held_out.features)
            line, scores, folds = _calibrate(outside, held_out.reviews, logits)
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
            ),
            parts=self._names(adapted),
        )

    def _read(self, reviews: Reviews) -> _Read:
        tokens = self.base.tokenizer.encode(reviews.texts)
        features = word_features(tokens, len(self.base.tokenizer.words))
        return _Read(reviews, part_logits(self.base.network, tokens), features)

    def _fit(self, read: _Read, strength: float | None) -> Adapted:
        prior = part_slopes(self.base.network)
        return fit_correction(read.reviews.labels, read.parts, prior, read.features, strength)

    def _choose(self, training: _Read, say: Say) -> _Outside:
        """Return the strength with the lowest log loss on reviews outside each fit."""
        folds = deal_folds(training.reviews)
        if folds.count is None:
            say("too few reviews of one label to correct words: only the calibration is fitted")
            return self._outside(training, folds, None)
        tried = [self._outside(training, folds, strength) for strength in STRENGTHS]
        best = min(tried, key=lambda one: one.loss)
        losses = ", ".join(f"{_name(one.strength)} {one.loss:.4f}" for one in tried)
        say(f"strength of the correction, log loss over {folds.count} folds: {losses}")
        say(f"chosen: {_name(best.strength)}")
        return best

    def _outside(self, training: _Read, folds: Folds, strength: float | None) -> _Outside:
        """Read each fold of the training reviews with a fit on the other folds."""
        logits = np.zeros((1 if strength is None else 2, len(training.reviews)))
        for fold in range(folds.count or 1):
            inside = folds.of_review == fold
            others = ~inside if folds.count else inside
            fitted = self._fit(training.take(others), strength)
            logits[:, inside] = fitted.logits(training.parts[inside], training.features[inside])
        labels = training.reviews.labels
        loss, _ = loss_and_accuracy(cross_fit(labels, folds, *logits), labels)
        return _Outside(strength, labels, list(logits), loss)

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
class _Read:
    """Reviews as the base reads them.

    Attributes:
        reviews: labelled reviews; each has a token.
        parts: ``float64[reviews, parts]``, logits of the base's parts.
        features: ``float64[reviews, words + 2]``, factors of the words' weights.
    """

    reviews: Reviews
    parts: npt.NDArray[np.float64]
    features: csr_matrix

    def take(self, kept: npt.NDArray[np.bool_]) -> _Read:
        """Return the reviews ``kept``, ``bool[reviews]``."""
        rows = np.flatnonzero(kept)
        return _Read(self.reviews.take(rows), self.parts[rows], self.features[rows])


@dataclass(frozen=True)
class _Outside:
    """Training reviews, each read with a fit on other reviews.

    Attributes:
        strength: strength of the correction.
        labels: ``int8[reviews]``.
        logits: ``float64[reviews]`` of the parts together, and of the correction.
        loss: cross-fitted log loss.
    """

    strength: float | None
    labels: npt.NDArray[np.int8]
    logits: list[npt.NDArray[np.float64]]
    loss: float

    def line_with(
        self, labels: npt.NDArray[np.int8], logits: list[npt.NDArray[np.float64]]
    ) -> Line:
        """Fit a line on these reviews and further ones."""
        pairs = zip(self.logits, logits, strict=True)
        joined = [np.concatenate(pair) for pair in pairs]
        return fit_line(np.concatenate([self.labels, labels]), *joined)


def _calibrate(
    outside: _Outside, reviews: Reviews, logits: list[npt.NDArray[np.float64]]
) -> tuple[Line, npt.NDArray[np.float32], Folds]:
    """Fit the line that ships, and measure it on the held-out reviews by cross-fitting.

    Returns:
        The line, the scores through lines that a review had no part in, ``float32[reviews]``, and
        the folds.
    """
    folds = deal_folds(reviews)
    line = outside.line_with(reviews.labels, logits)
    if folds.count is None:
        return line, line(*logits), folds
    scores = np.zeros(len(reviews), np.float32)
    for fold in range(folds.count):
        inside = folds.of_review == fold
        others = outside.line_with(reviews.labels[~inside], [one[~inside] for one in logits])
        scores[inside] = others(*(one[inside] for one in logits))
    return line, scores, folds


def _turned(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], reviews: Reviews
) -> str:
    was, now = ((scores >= 0.5) == (reviews.labels == 1) for scores in (before, after))
    return (
        f"of {len(reviews)} held-out reviews {np.count_nonzero(now & ~was)} that were wrong are "
        f"right now, and {np.count_nonzero(was & ~now)} that were right are wrong"
    )


def _name(strength: float | None) -> str:
    return "none" if strength is None else f"{strength:g}"
