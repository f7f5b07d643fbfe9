"""Where a run comes from: its data, its command, its versions."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from scorer._version import __version__
from trainer.artifact import RunFolder
from trainer.reviews import Reviews, fingerprint_of_texts

PACKAGES = ("numpy", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class Origin:
    """What a run learns from.

    Attributes:
        reviews: with labels.
        unlabeled: ``large_string[n]``, without; None where there are none.
        teachers: what is told of those that label them; asked when the run begins, since their folders may be gone when it ends.
        fingerprint: SHA-256 of all of it, in hex: an interrupted run is only resumed with the same.
        unlabeled_fingerprint: SHA-256 of the unlabeled reviews, in hex; None where there are none.
    """

    reviews: Reviews
    unlabeled: pa.LargeStringArray | None
    teachers: tuple[dict[str, Any], ...]
    fingerprint: str
    unlabeled_fingerprint: str | None

    @classmethod
    def of(cls, reviews: Reviews, unlabeled: pa.LargeStringArray | None = None, teachers: Sequence[RunFolder] = ()) -> Origin:
        """Take the fingerprint of all of it."""
        fingerprint, of_unlabeled = reviews.fingerprint(), None
        described = tuple(teacher.describe() for teacher in teachers)
        if unlabeled is not None:
            of_unlabeled = fingerprint_of_texts(unlabeled)
            parts = [fingerprint, of_unlabeled, *(teacher["sha256"] for teacher in described)]
            fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return cls(reviews, unlabeled, described, fingerprint, of_unlabeled)

    def to_config(
        self, command: str, settings: Mapping[str, Any], options: Sequence[str], held_out: Reviews, packages: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what the run folder and the model file tell of it, as JSON types.

        Args:
            command: of the trainer.
            settings: all of them.
            options: that give them.
            held_out: what was held out.
            packages: whose versions are told beside the usual ones.
        """
        data: dict[str, Any] = {**self.reviews.describe(), "held_out": len(held_out), "grouped": self.reviews.groups is not None}
        words = ["trainer", command, self.reviews.name, *options]
        if self.unlabeled is not None:
            data |= {
                "unlabeled": len(self.unlabeled),
                "unlabeled_sha256": self.unlabeled_fingerprint,
                "teachers": list(self.teachers),
            }
            words += ["--unlabeled", "…", *(word for teacher in self.teachers for word in ("--teacher", teacher["name"]))]
        return {
            "settings": dict(settings),
            "data": data,
            "command": " ".join(words),
            "versions": {
                "python": platform.python_version(),
                "review-sentiment": __version__,
                **{name: version(name) for name in (*PACKAGES, *packages)},
            },
            "date": datetime.now(UTC).date().isoformat(),
        }
