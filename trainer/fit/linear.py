"""Fit the linear model: a teacher, and the model that every network is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from trainer.data.reviews import Reviews
from trainer.data.vocabulary import build_tokenizer
from trainer.fit.learner import Learned, Say, Task, silent
from trainer.fit.run import fit_run
from trainer.fit.training_set import WHOLE_REVIEW
from trainer.measure.calibration import logits_of
from trainer.measure.evaluation import calibrate
from trainer.models.kinds import LINEAR, Kind
from trainer.models.linear import fit_weights
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_empty
from trainer.settings import LinearSettings


def fit_linear(
    reviews: Reviews,
    settings: LinearSettings,
    out: Path,
    *,
    leave_out: Sequence[str] = (),
    test: Reviews | None = None,
    say: Say = silent,
) -> RunFolder:
    """Fit the linear model on labelled reviews; it holds out the same reviews as a network.

    Args:
        reviews: labelled reviews; some of them are held out of training.
        settings: settings of the run.
        out: the run folder to make.
        leave_out: domains to learn nothing from; they are measured when the run is done.
        test: labelled reviews to report on; nothing is learned from them.
        say: takes lines of progress.

    Raises:
        UsageError: there is no such domain to leave out.
        ReviewsError: there are too few reviews, or all have one label.
        RunFolderError: ``out`` is taken.
    """
    return fit_run(LinearLearner(settings), reviews, out, leave_out=leave_out, test=test, say=say)


@dataclass(frozen=True)
class LinearLearner:
    """Fits the linear model.

    Attributes:
        settings: settings of the run.
    """

    settings: LinearSettings
    command: ClassVar[str] = "linear"
    kind: ClassVar[Kind] = LINEAR
    packages: ClassVar[tuple[str, ...]] = ()

    def prepare(self, out: Path, run: RunId, *, resume: bool) -> None:
        """Create the run folder: a fit takes a minute or two, and isn't resumed."""
        prepare_empty(out)

    def learn(self, task: Task) -> Learned:
        """Fit the weights on the training reviews."""
        tokenizer = build_tokenizer(
            task.training.texts, words=self.settings.vocabulary, max_tokens=WHOLE_REVIEW
        )
        counts = f"{len(task.training)} reviews to train on, {len(task.held_out)} held out"
        task.say(f"{counts}, {len(tokenizer.words)} words")

        model = fit_weights(tokenizer.encode(task.training.texts), task.training.labels)
        scores = model.scores(tokenizer.encode(task.held_out.texts))
        calibrated = calibrate(task.held_out, logits_of(scores))
        line = calibrated.line
        return Learned(
            model=replace(model, line=np.array([*line.slopes, line.shift], np.float32)),
            tokenizer=tokenizer,
            calibrated=calibrated,
            parts=("linear",),
        )
