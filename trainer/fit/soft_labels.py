"""Soft labels: the scores that finished runs give unlabeled reviews, for a network to learn from.

Knowledge distillation (Hinton, Vinyals & Dean 2015, arXiv:1503.02531) on unlabeled data
(Buciluă et al. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import UsageError
from scorer.storage.whole_file import whole_file
from scorer.system.escape import escaped
from trainer.data.reviews import Reviews, fingerprint_of_texts
from trainer.fit.learner import Say, silent
from trainer.measure.calibration import Line, logits_of
from trainer.run.files import SOFT_LABELS
from trainer.run.folder import RunFolder


def soft_labels(
    teachers: Sequence[RunFolder], texts: pa.LargeStringArray, say: Say = silent
) -> npt.NDArray[np.float32]:
    """Return the soft label of each review: the sigmoid of the mean logit of its teachers.

    A teacher scores the same reviews once; the scores stay in its run folder. A teacher that
    learned from a part of the reviews gives that part no score: it would repeat what it was taught.

    Args:
        teachers: finished runs, each calibrated on its own held-out reviews.
        texts: ``large_string[reviews]``.
        say: takes a line for each teacher that has to score.

    Returns:
        ``float32[reviews]``; NaN where no teacher has a score, as for a review without a token.
    """
    logits = np.stack([logits_of(_kept_scores(teacher, texts, say)) for teacher in teachers])
    counts = (~np.isnan(logits)).sum(axis=0)
    means = np.nansum(logits, axis=0) / np.maximum(counts, 1)
    return Line()(np.where(counts, means, np.nan))


def rows_of_part(count: int, part: int, parts: int) -> npt.NDArray[np.bool_]:
    """Return which unlabeled reviews are in a part, ``bool[count]``: they are dealt out in turn.

    >>> rows_of_part(5, 2, 2).tolist()
    [False, True, False, True, False]
    """
    return np.asarray(np.arange(count) % parts == part - 1)


def open_teachers(run_dirs: Sequence[Path], *, unlabeled: bool) -> list[RunFolder]:
    """Open the run folders of teachers.

    Args:
        run_dirs: the run folders.
        unlabeled: whether there are unlabeled reviews.

    Raises:
        RunFolderError: one isn't a finished run.
        UsageError: there are teachers without unlabeled reviews, or the other way round.
    """
    if unlabeled and not run_dirs:
        raise UsageError(
            "training with --unlabeled: nobody labels those reviews; "
            "name a finished run with --teacher"
        )
    if run_dirs and not unlabeled:
        raise UsageError(
            "training with --teacher: there is nothing for it to label; "
            "name reviews with --unlabeled"
        )
    return [RunFolder.open(run_dir) for run_dir in run_dirs]


def warn_of_other_splits(
    teachers: Sequence[RunFolder], reviews: Reviews, held_out: Reviews, say: Say
) -> None:
    """Say which teachers learned from reviews that their student is measured on, or may have.

    Of the same reviews they held out others: with another ``--held-out``, or by an earlier release.
    What a teacher of other data has read isn't known.

    Args:
        teachers: finished runs.
        reviews: labelled reviews of the student's run.
        held_out: those that it holds out.
        say: takes a line for each such teacher.
    """
    for teacher in teachers:
        of_same = teacher.provenance.data.sha256 == reviews.fingerprint()
        if of_same and teacher.held_out().fingerprint() != held_out.fingerprint():
            say(
                f"{teacher.path.name} held out other reviews than this run, and learned from some "
                "that this run is measured on; train it again with the same --held-out"
            )
        elif not of_same:
            say(
                f"{teacher.path.name} learned from other data ({teacher.provenance.data.name}); if "
                "they hold reviews that this run is measured on, its figures are too good"
            )


def warn_of_learned_domains(
    teachers: Sequence[RunFolder], leave_out: Sequence[str], say: Say
) -> None:
    """Say which teachers learned from domains that their student leaves out.

    Args:
        teachers: finished runs.
        leave_out: names of the domains.
        say: takes a line for each such teacher.
    """
    for teacher in teachers:
        learned = sorted(set(leave_out) & set(teacher.provenance.data.domains or ()))
        if learned:
            say(
                f"{teacher.path.name} learned from the domain {escaped(learned[0])}, which this "
                "run leaves out; train it again without that domain"
            )


def _kept_scores(
    teacher: RunFolder, texts: pa.LargeStringArray, say: Say
) -> npt.NDArray[np.float32]:
    fingerprint = fingerprint_of_texts(texts)
    name = f"{teacher.fingerprint[:12]}-{fingerprint[:24]}.npy"
    kept = teacher.path / SOFT_LABELS / name
    if not kept.is_file():
        say(f"{teacher.path.name} labels {len(texts)} reviews")
        kept.parent.mkdir(exist_ok=True)
        scores = teacher.predict(texts)
        if teacher.provenance.data.unlabeled_sha256 == fingerprint:
            scores[_learned_rows(teacher, len(texts))] = np.nan
        # Two students may ask at the same time; both get the same scores.
        with whole_file(kept) as temporary, temporary.open("wb") as file:
            np.save(file, scores)
    labels: npt.NDArray[np.float32] = np.load(kept, allow_pickle=False)
    return labels


def _learned_rows(teacher: RunFolder, count: int) -> npt.NDArray[np.bool_]:
    """Return which unlabeled reviews a teacher learned from as a part, ``bool[count]``.

    None if it learned from all of them.
    """
    settings = teacher.provenance.settings
    part, parts = int(settings.get("part", 1)), int(settings.get("parts", 1))
    return rows_of_part(count, part, parts) if parts > 1 else np.zeros(count, bool)
