"""Several runs side by side: the settings in which they differ, and the metrics of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scorer.card import Metrics, how_measured
from scorer.system.escape import escaped
from scorer.system.records import to_json
from trainer.measure.intervals import Intervals
from trainer.run.folder import RunFolder
from trainer.settings import SettingValue

# A column of a table: its cells by the names of their rows.
Column = Mapping[str, SettingValue]


def metrics_table(columns: Mapping[str, Column]) -> str:
    """Return a table with a column for each set of reviews, or for each run.

    >>> metrics_table({"a": {"reviews": 4, "auc": 0.5}, "b": {"reviews": 4}}).splitlines()
    ['           a  b', 'reviews    4  4', 'auc      0.5  -']
    """
    names = list(dict.fromkeys(name for cells in columns.values() for name in cells))
    rows = [["", *map(escaped, columns)]]
    for name in names:
        cells = (escaped(str(column.get(name, "-"))) for column in columns.values())
        rows.append([name.replace("_", " "), *cells])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table of cells: the first ``left`` columns begin, the others end at one place.

    >>> aligned([["a", "bb", "1"], ["aa", "b", "10"]], left=2).splitlines()
    ['a   bb   1', 'aa  b   10']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths, left) for row in rows)


def metrics_column(metrics: Metrics, intervals: Intervals | None = None) -> Column:
    """Return metrics, and their 95% intervals if known, as a column of :func:`metrics_table`."""
    known = {} if intervals is None else to_json(intervals)
    ranges = {f"{name}, 95%": f"{low:g} to {high:g}" for name, (low, high) in known.items()}
    return to_json(metrics) | ranges


def compare(runs: Sequence[RunFolder]) -> str:
    """Return a table of runs: the settings in which they differ, then their metrics."""
    settings = [run.provenance.settings for run in runs]
    names = dict.fromkeys(name for one in settings for name in one)
    differing = [name for name in names if len({str(one.get(name)) for one in settings}) > 1]
    return metrics_table({run.path.name: _column(run, differing) for run in runs})


def _column(run: RunFolder, names: Sequence[str]) -> Column:
    cells = {name: run.provenance.settings.get(name, "-") for name in names}
    cells["data"] = run.provenance.data.sha256[:12]
    cells["epoch"] = "-" if run.metrics.epoch is None else run.metrics.epoch
    parts = ("held_out", "left_out", "test")
    for part, metrics in ((part, getattr(run.metrics, part)) for part in parts):
        if metrics is not None:
            cells |= {f"{part}_{name}": value for name, value in to_json(metrics).items()}
    cells["held_out_figures"] = how_measured(run.metrics.held_out_folds)
    return cells


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row[:left], widths[:left], strict=True)]
    cells += [cell.rjust(width) for cell, width in zip(row[left:], widths[left:], strict=True)]
    return "  ".join(cells).rstrip()
