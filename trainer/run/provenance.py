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
        fingerprint: SHA-256 of all but the ids, in hex: only the same data can resume a run.
        unlabeled_fingerprint: SHA-256 of the unlabeled reviews, in hex, if there are any.
        soft_fingerprint: SHA-256 of the texts with probabilities, in hex, if there are any.
        base: the model that is adapted, if one is.
    """

    reviews: Reviews
    unlabeled: pa.LargeStringArray | None
    teachers: tuple[Teacher, ...]
    soft: SoftReviews | None
    unlabeled_ids: pa.LargeStringArray | None
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
        base: Base | None = None,
    ) -> RunInputs:
        """Take the fingerprints."""
        described = () if unlabeled is None else tuple(one.describe() for one in teachers)
        of_unlabeled = None if unlabeled is None else fingerprint_of_texts(unlabeled)
        of_soft = None if soft is None else soft.fingerprint()
        parts = [reviews.fingerprint()]
        if of_unlabeled is not None:
            parts += [of_unlabeled, *(teacher.sha256 for teacher in described)]
        if of_soft is not None:
            parts += ["soft labels", of_soft]
        if base is not None:
            parts += ["base", base.sha256]
        return cls(
            reviews,
            unlabeled,
            described,
            soft,
            unlabeled_ids,
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
        )

    def _command(self, command: str, settings: RunSettings) -> list[str]:
        words = ["trainer", command, escaped(self.reviews.name), *settings.options()]
        if self.unlabeled is not None:
            words += ["--unlabeled", "…"]
        words += [word for teacher in self.teachers for word in ("--teacher", teacher.name)]
        files = () if self.soft is None else self.soft.names
        return words + [word for name in files for word in ("--soft-labels", escaped(name))]


def _of_all(parts: Sequence[str]) -> str:
    """Return one fingerprint for several; one alone stays as it is."""
    if len(parts) == 1:
        return parts[0]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
