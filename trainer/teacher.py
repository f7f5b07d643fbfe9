"""Soft labels: what finished runs say of reviews that nobody labelled, for a smaller network to learn from.

Knowledge distillation (Hinton, Vinyals & Dean 2015, arXiv:1503.02531) on unlabeled data (Buciluă et al. 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import UsageError
from scorer.files import whole_file
from trainer.artifact import SOFT_LABELS, RunFolder
from trainer.calibration import Line, logits_of
from trainer.reviews import fingerprint_of_texts


def soft_labels(
    teachers: Sequence[RunFolder], texts: pa.LargeStringArray, say: Callable[[str], None] = lambda line: None
) -> npt.NDArray[np.float32]:
    """Return what the teachers together say of each review: the sigmoid of the mean of the logits of those that answer.

    A teacher scores the same reviews once: its answers stay in its run folder. One that learned from a part of them only is silent on
    that part, where it would repeat what it was told.

    Args:
        teachers: finished runs, each calibrated on its own held-out reviews.
        texts: ``large_string[reviews]``.
        say: is given a line for each teacher that has to score.

    Returns:
        ``float32[reviews]``; NaN where no teacher answers: where a review has no token.
    """
    answers = np.stack([logits_of(_kept_labels(teacher, texts, say)) for teacher in teachers])
    given = (~np.isnan(answers)).sum(axis=0)
    return Line()(np.where(given, np.nansum(answers, axis=0) / np.maximum(given, 1), np.nan))


def rows_of_part(count: int, part: int, parts: int) -> npt.NDArray[np.bool_]:
    """Return ``bool[count]``, which of so many unlabeled reviews are in a part: they are dealt out one after another.

    >>> rows_of_part(5, 2, 2).tolist()
    [False, True, False, True, False]
    """
    return np.asarray(np.arange(count) % parts == part - 1)


def open_teachers(run_dirs: Sequence[Path], *, unlabeled: bool) -> list[RunFolder]:
    """Open the run folders of teachers.

    Raises:
        RunFolderError: one isn't a finished run.
        UsageError: there are teachers without unlabeled reviews, or unlabeled reviews without a teacher.
    """
    if unlabeled and not run_dirs:
        raise UsageError("training with --unlabeled: nobody labels those reviews; name a finished run with --teacher")
    if run_dirs and not unlabeled:
        raise UsageError("training with --teacher: there is nothing for it to label; name reviews with --unlabeled")
    return [RunFolder.open(run_dir) for run_dir in run_dirs]


def _kept_labels(teacher: RunFolder, texts: pa.LargeStringArray, say: Callable[[str], None]) -> npt.NDArray[np.float32]:
    fingerprint = fingerprint_of_texts(texts)
    kept = teacher.path / SOFT_LABELS / f"{teacher.fingerprint[:12]}-{fingerprint[:24]}.npy"
    if not kept.is_file():
        say(f"{teacher.path.name} labels {len(texts)} reviews")
        kept.parent.mkdir(exist_ok=True)
        answers = teacher.predict(texts)
        if teacher.config["data"].get("unlabeled_sha256") == fingerprint:
            answers[_learned_rows(teacher, len(texts))] = np.nan
        # Two students may ask at once: either's answers are the same.
        with whole_file(kept, shared=True) as temporary, temporary.open("wb") as file:
            np.save(file, answers)
    labels: npt.NDArray[np.float32] = np.load(kept, allow_pickle=False)
    return labels


def _learned_rows(teacher: RunFolder, count: int) -> npt.NDArray[np.bool_]:
    """Return ``bool[count]``: which of its unlabeled reviews a teacher learned from, none where it learned from all of them."""
    settings = teacher.config["settings"]
    parts = settings.get("parts", 1)
    return rows_of_part(count, settings["part"], parts) if parts > 1 else np.zeros(count, bool)
