"""The figures of each domain as a table: a row for each, and one for their mean."""

from __future__ import annotations

from collections.abc import Sequence

from scorer.card import ByDomain, DomainMetrics
from scorer.system.escape import escaped
from trainer.measure.domains import mean_balanced_accuracy
from trainer.run.compare import aligned
from trainer.run.folder import RunFolder

HEADER = (
    "", "", "reviews", "accuracy", "balanced", "balanced, 95%", "log loss", "calibration error",
)  # fmt: skip
DIGITS = 4


def domain_table(domains: ByDomain) -> str:
    """Return a table with a row for each domain, by what it was measured on."""
    rows = [list(HEADER)]
    for part, measured in domains.parts().items():
        rows += [_row(part, one) for one in measured]
        rows += [[part, name, "", "", mean, "", "", ""] for name, mean in _mean(measured)]
    return aligned(rows, left=2)


def compare_domains(runs: Sequence[RunFolder]) -> str | None:
    """Return the balanced accuracy of each domain, a column for each run.

    A mean has a row for each number of domains that it is of: means of other domains don't compare.
    None where no run tells of domains.
    """
    columns = [_balanced(run.metrics.domains or ByDomain()) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    if not names:
        return None
    rows = [["balanced accuracy", "", *(escaped(run.path.name) for run in runs)]]
    for part in ("held out", "left out", "test"):
        of_part = [name for name in names if name[0] == part]
        rows += [[*name, *(column.get(name, "-") for column in columns)] for name in of_part]
    return aligned(rows, left=2)


def _balanced(domains: ByDomain) -> dict[tuple[str, str], str]:
    """Return the balanced accuracies as cells, by what they were measured on and the domain."""
    cells = {}
    for part, measured in domains.parts().items():
        for one in measured:
            cells[part, escaped(one.domain)] = _cell(one.balanced_accuracy)
        cells |= {(part, name): mean for name, mean in _mean(measured)}
    return cells


def _mean(measured: Sequence[DomainMetrics]) -> list[tuple[str, str]]:
    """Return what to call the mean balanced accuracy, and its cell; nothing if there is none.

    A domain of one label has no balanced accuracy, and no part in it.
    """
    known = sum(one.balanced_accuracy is not None for one in measured)
    return [(f"mean of {known}", _cell(mean_balanced_accuracy(measured)))] if known > 1 else []


def _row(part: str, one: DomainMetrics) -> list[str]:
    interval = one.balanced_interval
    return [
        part,
        escaped(one.domain),
        str(one.reviews),
        _cell(one.accuracy),
        _cell(one.balanced_accuracy),
        "-" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}",
        _cell(one.log_loss),
        _cell(one.calibration_error),
    ]


def _cell(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.{DIGITS}f}"
