"""Learner: what a kind of model brings to a run, what it is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews
from trainer.fit.soft_rows import SoftRows
from trainer.measure.evaluation import Calibrated
from trainer.models.kinds import Kind, Model
from trainer.run.folder import RunFolder
from trainer.run.history import Epoch
from trainer.run.new_folder import RunId
from trainer.run.provenance import RunInputs
from trainer.settings import AnySettings

# Takes a line of progress.
Say = Callable[[str], None]


def silent(line: str) -> None:
    """Drop a line of progress."""


@dataclass(frozen=True)
class Task:
    """What a learner is given.

    Attributes:
        out: the run folder, where unfinished work may be kept.
        run: settings and data of the run; it is resumed only with the same.
        inputs: the data of the run.
        training: the labelled reviews to learn from; each has a word.
        held_out: the labelled reviews to calibrate on; each has a word.
        teachers: the runs that label the unlabeled reviews.
        soft: further texts to learn from, each with its probability, if there are any.
        say: takes lines of progress.
    """

    out: Path
    run: RunId
    inputs: RunInputs
    training: Reviews
    held_out: Reviews
    teachers: Sequence[RunFolder]
    soft: SoftRows | None
    say: Say


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a learner returns.

    Attributes:
        model: the model, calibrated.
        tokenizer: the tokenizer that it was trained with.
        calibrated: the calibration, and the model measured on the held-out reviews.
        parts: names of the parts of the model that the calibration weighs.
        history: a line for each epoch; of a network only.
        epoch: number of the epoch that was kept, from 1; of a network only.
    """

    model: Model
    tokenizer: Tokenizer
    calibrated: Calibrated
    parts: tuple[str, ...]
    history: tuple[Epoch, ...] = ()
    epoch: int | None = None


class Learner(Protocol):
    """Fits one kind of model."""

    @property
    def command(self) -> str:
        """The command of the trainer."""

    @property
    def kind(self) -> Kind:
        """The kind of the model."""

    @property
    def settings(self) -> AnySettings:
        """The settings of the run."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose versions are recorded, besides those that every run uses."""

    def prepare(self, out: Path, run: RunId, *, resume: bool) -> None:
        """Create the run folder, or check that the interrupted run in it can go on.

        Raises:
            RunFolderError: the folder is taken, or can't be resumed with these settings and
                reviews.
        """

    def learn(self, task: Task) -> Learned:
        """Fit and calibrate the model."""
