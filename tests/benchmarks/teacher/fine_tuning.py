"""Fine-tuning: the last six layers and the output learn from labelled reviews."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from scorer.errors import UsageError
from scorer.storage.whole_file import whole_file
from teacher.checkpoint import NAME as CHECKPOINT
from teacher.checkpoint import Facts, restore, save_checkpoint
from teacher.course import Course
from teacher.network import Teacher
from teacher.tables import read_table, texts_of
from teacher.weights import MODEL, file_sha256

TRAINED, LOSSES = "trained.safetensors", "losses.csv"
# Steps that a line on the loss is about.
TOLD = 10
Say = Callable[[str], None]


@dataclass(frozen=True)
class Stops:
    """Where a fine-tuning is kept, and where it ends.

    Attributes:
        checkpoint_every: steps between two checkpoints.
        steps: of the whole run; None for all of the course.
    """

    checkpoint_every: int = 50
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.checkpoint_every < 1 or (self.steps is not None and self.steps < 1):
            raise UsageError("fine-tuning: steps and checkpoint-every have to be positive")


def fine_tune(
    weights: Path, reviews: Path, run: Path, course: Course, stops: Stops, resume: bool, say: Say
) -> None:
    """Train, and write ``trained.safetensors`` and ``losses.csv`` into the run folder.

    A run that was killed goes on from its last checkpoint and ends with the same bytes, on the same
    machine with as many threads.

    Args:
        weights: folder with the public weights.
        reviews: Parquet file with text and label.
        run: folder to write into; made if it isn't there.
        course: settings.
        stops: where it is kept, and where it ends.
        resume: go on from the checkpoint, if there is one.
        say: takes a line on what happens.

    Raises:
        UsageError: there is a run in the folder already, or a checkpoint of other data or settings.
    """
    _check_folder(run, resume)
    torch.manual_seed(course.seed)
    teacher = Teacher(weights)
    teacher.set_training()
    optimizer = torch.optim.AdamW(teacher.trained().values(), lr=course.rate)
    facts = _facts(weights, reviews, course)
    losses: list[float] = []
    if (run / CHECKPOINT).exists():
        losses = restore(run, teacher, optimizer, facts)
        say(f"going on after step {len(losses)}")
    training = _Training(teacher, optimizer, *_read(teacher, reviews))
    _take_steps(training, run, facts, losses, course, stops, say)
    _finish(run, teacher, losses)


@dataclass(frozen=True)
class _Training:
    teacher: Teacher
    optimizer: torch.optim.Optimizer
    rows: list[list[int]]
    labels: npt.NDArray[np.float32]

    def step(self, chosen: npt.NDArray[np.int64]) -> float:
        """Learn from the chosen reviews; return their mean log loss before."""
        logits = self.teacher([self.rows[row] for row in chosen])
        loss = cross_entropy(logits, torch.from_numpy(self.labels[chosen]))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


def _take_steps(
    training: _Training,
    run: Path,
    facts: Facts,
    losses: list[float],
    course: Course,
    stops: Stops,
    say: Say,
) -> None:
    steps = course.steps(len(training.rows))[: stops.steps]
    began, first = time.monotonic(), len(losses)
    for number, chosen in enumerate(steps[first:], start=first + 1):
        losses.append(training.step(chosen))
        if number % stops.checkpoint_every == 0 and number < len(steps):
            save_checkpoint(run, training.teacher, training.optimizer, losses, facts)
        if number % TOLD == 0:
            seconds = (time.monotonic() - began) / (number - first)
            mean = np.mean(losses[-TOLD:])
            say(f"step {number} of {len(steps)}: loss {mean:.4f}, {seconds:.1f} s a step")


def _check_folder(run: Path, resume: bool) -> None:
    run.mkdir(parents=True, exist_ok=True)
    if (run / TRAINED).exists():
        raise UsageError(f"fine-tuning: {run} holds a finished run; name another folder")
    if (run / CHECKPOINT).exists() and not resume:
        raise UsageError(
            f"fine-tuning: {run} holds an unfinished run; go on with --resume, or name another "
            "folder"
        )


def _facts(weights: Path, reviews: Path, course: Course) -> Facts:
    files = {"weights": file_sha256(weights / MODEL), "reviews": file_sha256(reviews)}
    return files | asdict(course)


def _read(teacher: Teacher, reviews: Path) -> tuple[list[list[int]], npt.NDArray[np.float32]]:
    table = read_table(reviews, ("text", "label"))
    return teacher.token_ids(texts_of(table, "text")), table["label"].to_numpy().astype("f4")


def _finish(run: Path, teacher: Teacher, losses: list[float]) -> None:
    """Write the losses, then the weights; remove the checkpoint."""
    with whole_file(run / LOSSES) as temporary:
        lines = [f"{step},{loss:.6f}\n" for step, loss in enumerate(losses, start=1)]
        temporary.write_text("step,loss\n" + "".join(lines))
    teacher.save(run / TRAINED)
    (run / CHECKPOINT).unlink(missing_ok=True)
