"""What may be asked of a model that doesn't know everything: limits and columns, all off."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scorer.errors import UsageError
from scorer.system.records import optional, to_json

LANGUAGE_CODE = re.compile("[a-z]{2,3}")


@dataclass(frozen=True)
class Doubt:
    """When a review isn't scored, or is uncertain, and what is told of it.

    Attributes:
        max_unknown: the fraction of unknown words from which a review isn't scored, above 0 and at
            most 1; every review is if None.
        only_language: code of the only language that is scored, as in ``en``; all are if None.
        uncertain: a review gets a label only where held-out reviews were right that often, above
            0.5 and under 1; every one does if None.
        uncertain_domain: the domain whose held-out reviews those are; all of the model's if None.
        reasons: whether a column says why a row has no score, no label, or was read otherwise than
            it stands there.
        quality: whether two columns tell the tokens of a review, and the unknown fraction of them.
    """

    max_unknown: float | None = optional(None)
    only_language: str | None = optional(None)
    uncertain: float | None = optional(None)
    uncertain_domain: str | None = optional(None)
    reasons: bool = optional(False)
    quality: bool = optional(False)

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            UsageError: one makes no sense.
        """
        if self.max_unknown is not None and not 0 < self.max_unknown <= 1:
            raise UsageError(
                f"reading the options: max_unknown is {self.max_unknown:g}; name a fraction above "
                "0 and at most 1, such as 0.5"
            )
        if self.uncertain is not None and not 0.5 < self.uncertain < 1:
            raise UsageError(
                f"reading the options: uncertain is {self.uncertain:g}; name a fraction above 0.5 "
                "and under 1, such as 0.95"
            )
        if self.uncertain_domain is not None and self.uncertain is None:
            raise UsageError(
                "reading the options: uncertain_domain is given without uncertain; name a fraction "
                "there, too, such as 0.95"
            )
        if self.only_language is not None and not LANGUAGE_CODE.fullmatch(self.only_language):
            raise UsageError(
                f"reading the options: only_language is {self.only_language!r:.80}; name a code "
                "of two or three letters, such as en"
            )

    def told(self) -> tuple[str, ...]:
        """Return what is asked for, as in ``max_unknown=0.5``; nothing if all is off."""
        return tuple(f"{name}={value}" for name, value in to_json(self).items())
