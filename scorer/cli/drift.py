"""What the commands do about drift: what a run is compared with, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scorer.errors import DriftFound, UsageError

if TYPE_CHECKING:
    from scorer.insight.drift import Drift, Norm
    from scorer.job.result import JobResult
    from scorer.model import SentimentModel


@dataclass(frozen=True)
class Comparison:
    """What a run is to be compared with.

    Attributes:
        norms: one, or several of which the nearest counts; none if the model has no reference.
        threshold: from which an index beyond chance is drift.
        is_asked: whether the command asked for it.
    """

    norms: tuple[Norm, ...]
    threshold: float
    is_asked: bool

    @classmethod
    def asked(
        cls,
        model: SentimentModel,
        fail_on_drift: float | None,
        reference: Path | None,
        domain: str | None,
    ) -> Comparison:
        """Read the options, before the run.

        Raises:
            UsageError: they clash, the report doesn't fit, or the model doesn't know the domain, or
                has no reference.
        """
        from scorer.insight.drift import THRESHOLD

        if reference is not None and domain is not None:
            raise UsageError(
                "reading the options: --reference and --reference-domain are given; name one"
            )
        options = {"--fail-on-drift": fail_on_drift, "--reference-domain": domain}
        given = [name for name, value in options.items() if value is not None]
        norms = _norms(model, reference, domain)
        if given and not norms:
            raise UsageError(
                f"reading the options: {given[0]} needs to know the held-out reviews of the model "
                f"{model.name}, and its file tells nothing of them; export it again, or compare "
                "with a former run: --reference REPORT"
            )
        threshold = THRESHOLD if fail_on_drift is None else fail_on_drift
        return cls(norms, threshold, bool(given) or reference is not None)

    def find(self, result: JobResult) -> Drift | None:
        """Compare the rows that a run scored; None if there are none, or nothing to compare."""
        from scorer.insight.drift import nearest_drift

        return nearest_drift(result.bins, self.norms, self.threshold)


def _norms(model: SentimentModel, reference: Path | None, domain: str | None) -> tuple[Norm, ...]:
    if reference is not None:
        from scorer.reports.former import read_norm

        return (read_norm(reference, model.file.sha256),)
    from scorer.insight.drift import norms_of

    known = model.card.reference
    return () if known is None else norms_of(known, domain)


def check_drift(drift: Drift | None, allowed: float | None) -> None:
    """Fail if there is more drift than ``--fail-on-drift`` allows.

    Raises:
        DriftFound: so it is.
    """
    if allowed is None or drift is None or not drift.is_drift:
        return
    from scorer.reports.text import drift_line

    raise DriftFound(
        f"{drift_line(drift)}; all is written, and {allowed:g} was allowed: see 'drift' in the "
        "report, and look at the rows before they are used"
    )
