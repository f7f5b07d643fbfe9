"""What a run is compared with if it isn't the model's reference: the rows of a former run."""

from __future__ import annotations

from pathlib import Path

from scorer.errors import UsageError
from scorer.insight.drift import Norm
from scorer.reports.report import read_report


def read_norm(path: Path, model_sha256: str) -> Norm:
    """Return the rows of a former run, from its report.

    Args:
        path: of the report.
        model_sha256: of the model that scores now; another model's scores aren't comparable.

    Raises:
        UsageError: it can't be read, is of another model, or doesn't tell how its rows lie.
    """
    report = read_report(path)
    if report.distribution is None:
        raise UsageError(
            f"comparing with the report {path}: it doesn't tell how its rows lie, since none was "
            "scored or an earlier release wrote it; name another report"
        )
    if report.model.sha256 != model_sha256:
        raise UsageError(
            f"comparing with the report {path}: it is of the model {report.model.sha256[:12]}, and "
            f"this run's is {model_sha256[:12]}; name a report of the same model"
        )
    return Norm(f"rows of {path}", report.distribution)
