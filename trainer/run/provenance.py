"""Provenance: the data, the command, the settings and the versions that a run comes from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import pyarrow as pa

from scorer._version import __version__
from scorer.card import Base, Provenance, Teacher, TrainingData
from scorer.system.escape import escaped
from trainer.data.reviews import Reviews, fingerprint_of_texts
from trainer.data.soft_reviews import SoftReviews
from trainer.run.folder import RunFolder
from trainer.settings import RunSettings

PACKAGES = ("numpy", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class RunInputs:
    """What a run learns from.

    Attributes:
        reviews: labelled reviews.
        unlabeled: ``large_string[n]``, reviews without a label, if there are any.
        teachers: the runs that label them. They are described when the run begins: when it ends,
            their folders may be gone.
        soft: texts with probabilities, if there are any.
        unlabeled_ids: ``large_string[n]``, the ids of the unlabeled reviews, which groups of the
            soft reviews may name.
        leave_out: the domains that it doesn't learn from.
        left_out: their labelled reviews, which are measured when the run is done.
        fingerprint: SHA-256 of all that decides what is learned, in hex: only the same data can
            resume a run.
        unlabeled_fingerprint: SHA-256 of the unlabeled reviews, in hex, if there are any.
        soft_fingerprint: SHA-256 of the texts with probabilities, in hex, if there are any.
        base: the model that is adapted, if one is.
    """

    reviews: Reviews
    unlabeled: pa.LargeStringArray | None
    teachers: tuple[Teacher, ...]
    soft: SoftReviews | None
    unlabeled_ids: pa.LargeStringArray | None
    leave_out: tuple[str, ...]
    left_out: Reviews | None
    fingerprint: str
    unlabeled_fingerprint: str | None
    soft_fingerprint: str | None
    base: Base | None = None

    @classmethod
    def of(
        cls,
        reviews: Reviews,
        unlabeled: pa.LargeStringArray | None = None,
        teachers: Sequence[RunFolder] = (),
        soft: SoftReviews | None = None,
        unlabeled_ids: pa.LargeStringArray | None = None,
        leave_out: tuple[str, ...] = (),
        left_out: Reviews | None = None,
        base: Base | None = None,
    ) -> RunInputs:
        """Take the fingerprints."""
        described = () if unlabeled is None else tuple(one.describe() for one in teachers)
        of_unlabeled = None if unlabeled is None else fingerprint_of_texts(unlabeled)
        of_soft = None if soft is None else soft.fingerprint()
        parts = [reviews.fingerprint(), *_fingerprints_of_choices(reviews, leave_out)]
        if of_unlabeled is not None:
            parts += [of_unlabeled, *(teacher.sha256 for teacher in described)]
        if of_soft is not None:
            parts += ["soft labels", of_soft]
            if soft is not None and soft.domains is not None:
                parts += ["their domains", fingerprint_of_texts(soft.domains)]
        if base is not None:
            parts += ["base", base.sha256]
        return cls(
            reviews,
            unlabeled,
            described,
            soft,
            unlabeled_ids,
            leave_out,
            left_out,
            _of_all(parts),
            of_unlabeled,
            of_soft,
            base,
        )

    def provenance(
        self, command: str, settings: RunSettings, held_out: Reviews, packages: Sequence[str]
    ) -> Provenance:
        """Return what the run folder and the model file tell of the run.

        Args:
            command: command of the trainer.
            settings: settings of the run.
            held_out: the reviews held out of training.
            packages: packages whose versions are recorded, besides those that every run uses.
        """
        return Provenance(
            data=self._data(held_out),
            command=" ".join(self._command(command, settings)),
            settings=settings.to_dict(),
            versions={
                "python": platform.python_version(),
                "review-sentiment": __version__,
                **{name: version(name) for name in (*PACKAGES, *packages)},
            },
            date=datetime.now(UTC).date().isoformat(),
            base=self.base,
        )

    def _data(self, held_out: Reviews) -> TrainingData:
        described = self.reviews.describe()
        return TrainingData(
            name=described.name,
            reviews=described.reviews,
            sha256=described.sha256,
            held_out=len(held_out),
            grouped=self.reviews.groups is not None,
            unlabeled=None if self.unlabeled is None else len(self.unlabeled),
            unlabeled_sha256=self.unlabeled_fingerprint,
            teachers=self.teachers,
            soft_labels=None if self.soft is None else len(self.soft),
            soft_labels_sha256=self.soft_fingerprint,
            domains=_escaped_counts(self.reviews),
            left_out=None if self.left_out is None else _escaped_counts(self.left_out),
            held_out_marked=self.reviews.held_out is not None,
        )

    def _command(self, command: str, settings: RunSettings) -> list[str]:
        names = self.reviews.files or (self.reviews.name,)
        words = ["trainer", command, *map(escaped, names), *settings.options()]
        words += map(escaped, self.reviews.options)
        words += [word for name in self.leave_out for word in ("--leave-out", escaped(name))]
        if self.unlabeled is not None:
            words += ["--unlabeled", "…"]
        words += [word for teacher in self.teachers for word in ("--teacher", teacher.name)]
        files = () if self.soft is None else self.soft.names
        return words + [word for name in files for word in ("--soft-labels", escaped(name))]


def _fingerprints_of_choices(reviews: Reviews, leave_out: Sequence[str]) -> list[str]:
    """Return what decides the split and the balance beside texts and labels; one domain doesn't."""
    parts = []
    if reviews.domains is not None and len(reviews.domain_counts()) > 1:
        parts += ["domains", fingerprint_of_texts(reviews.domains)]
    if reviews.held_out is not None:
        parts += ["held out", hashlib.sha256(reviews.held_out.tobytes()).hexdigest()]
    return parts + (["left out", *leave_out] if leave_out else [])


def _escaped_counts(reviews: Reviews) -> dict[str, int] | None:
    """Return the number of reviews of each domain; None where they aren't known."""
    counts = {escaped(name): count for name, count in reviews.domain_counts().items()}
    return counts or None


def _of_all(parts: Sequence[str]) -> str:
    """Return one fingerprint for several; one alone stays as it is."""
    if len(parts) == 1:
        return parts[0]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
