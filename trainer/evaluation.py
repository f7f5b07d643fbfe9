"""A finished run measured on labelled reviews, and several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.artifact import RunFolder
from trainer.calibration import Line, fit_line, logits_of
from trainer.metrics import Evaluation, measure
from trainer.reviews import Reviews, check_both_kinds


def evaluate(scores: npt.NDArray[np.float32], reviews: Reviews) -> Evaluation:
    """Measure ``float32[reviews]`` scores of labelled reviews, NaN where there is none.

    Raises:
        ReviewsError: the reviews are all of one kind.
    """
    check_both_kinds(reviews)
    scored = ~np.isnan(scores)
    kept, labels = scores[scored], reviews.labels[scored]
    return Evaluation(measure(kept, labels), kept, labels, int(np.count_nonzero(~scored)))


def calibrate(scores: npt.NDArray[np.float32], reviews: Reviews) -> tuple[Line, Evaluation, Evaluation]:
    """Return the line that calibrates the scores of held-out reviews, and how they do before and after it.

    Raises:
        ReviewsError: the reviews are all of one kind.
    """
    before = evaluate(scores, reviews)
    line = fit_line(before.labels, logits_of(before.scores))
    return line, before, evaluate(line(logits_of(scores)), reviews)


def metrics_table(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return figures as a table, a column for each set of reviews or run.

    >>> metrics_table({"a": {"reviews": 4, "auc": 0.5}, "b": {"reviews": 4}}).splitlines()
    ['           a  b', 'reviews    4  4', 'auc      0.5  -']
    """
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    rows = [["", *columns], *([name.replace("_", " "), *(str(figures.get(name, "-")) for figures in columns.values())] for name in names)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    first = widths[0]
    return "\n".join(
        row[0].ljust(first) + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)) for row in rows
    )


def compare(runs: list[RunFolder]) -> str:
    """Return a table of runs: the settings in which they differ, then what each reached on its held-out and test reviews."""
    names = dict.fromkeys(name for run in runs for name in run.config["settings"])
    differing = [name for name in names if len({str(run.config["settings"].get(name)) for run in runs}) > 1]
    columns = {}
    for run in runs:
        figures = {name: run.config["settings"].get(name, "-") for name in differing}
        figures |= {"data": run.config["data"]["sha256"][:12], "epoch": run.metrics.get("epoch", "-")}
        for part in ("held_out", "test"):
            figures |= {f"{part}_{name}": value for name, value in run.metrics.get(part, {}).items()}
        columns[run.path.name] = figures
    return metrics_table(columns)
