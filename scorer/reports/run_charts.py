"""The pictures of a run: how its rows lie, beside what they are compared with, and its speed.

Each figure is one of the JSON report, or some of its fine bins added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scorer.insight.drift import Norm
from scorer.kernel import HISTOGRAM_BINS
from scorer.pages.charts import Line, bar_chart, line_chart
from scorer.pages.scale import number
from scorer.pages.text import cut_text
from scorer.reference import LENGTH_EDGES, SCORE_EDGES, Bins, Counts
from scorer.reports.report import Figures, Throughput
from scorer.reports.throughput import rates

# Of the fine bins those are added up that lie between two bounds; a bound is the first bin of the
# next group. Scores: the nearest to steps of 0.05.
SCORE_BOUNDS = tuple(
    int(np.argmin(np.abs(SCORE_EDGES - step / HISTOGRAM_BINS))) + 1
    for step in range(1, HISTOGRAM_BINS)
)
# From one word on in half octaves: 2, 3, 4, 6, 8, 12 and so on.
HALF_OCTAVES = sorted({int(np.ceil(2 ** (half / 2))) for half in range(1, 33)})
LENGTH_BOUNDS = tuple(int(np.searchsorted(LENGTH_EDGES, first)) + 1 for first in HALF_OCTAVES)
# No unknown word, up to 1%, 2%, 5% and so on.
UNKNOWN_PERCENT = (0, 1, 2, 5, 10, 20, 30, 50, 100)
UNKNOWN_BOUNDS = tuple(percent + 1 for percent in UNKNOWN_PERCENT[:-1])

OF_RUN = "this run"
LONGEST_NAME = 120
# Seconds from which time is told in a larger unit, and how many are one.
UNITS = ((7200.0, 3600.0, "hours"), (300.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))


def histogram(total: Figures) -> str:
    """Return the rows by score, in 20 bins of equal width."""
    steps = [f"{step / HISTOGRAM_BINS:.2f}" for step in range(HISTOGRAM_BINS)]
    return bar_chart("Rows by score", steps, {"rows": total.score_histogram}, unit="rows")


def compared_scores(bins: Bins, norm: Norm) -> str:
    """Return the shares of rows by score, of a run and of what it is compared with."""
    labels = ["0.00", *(f"{SCORE_EDGES[bound - 1]:.2f}" for bound in SCORE_BOUNDS)]
    series = _series("score", SCORE_BOUNDS, bins, norm)
    return bar_chart("Scores, beside those of known reviews", labels, series, unit="% of rows")


def lengths(bins: Bins, norm: Norm | None) -> str:
    """Return the shares of rows by their number of words, from the shortest to the longest."""
    labels = ["1", *(f"{first:,}" for first in HALF_OCTAVES)]
    series = _series("length", LENGTH_BOUNDS, bins, norm)
    groups = enumerate(zip(*series.values(), strict=True))
    filled = [place for place, shares in groups if any(shares)]
    shown = slice(filled[0], filled[-1] + 1) if filled else slice(0)
    cut = {name: shares[shown] for name, shares in series.items()}
    return bar_chart(
        "Reviews by their number of words (each bar from that number on)",
        labels[shown],
        cut,
        unit="% of rows",
    )


def unknown_words(bins: Bins, norm: Norm | None) -> str:
    """Return the shares of rows by how many of their words are unknown."""
    labels = ["none", *(f"to {percent}%" for percent in UNKNOWN_PERCENT[1:])]
    series = _series("unknown", UNKNOWN_BOUNDS, bins, norm)
    return bar_chart("Reviews by their unknown words", labels, series, unit="% of rows")


def _series(
    name: str, bounds: Sequence[int], bins: Bins, norm: Norm | None
) -> dict[str, list[float]]:
    """Return the shares of a run, and of what it is compared with, in percent."""
    series = {OF_RUN: _shares(getattr(bins, name), bounds)}
    if norm is not None:
        series[cut_text(str(norm), LONGEST_NAME)] = _shares(getattr(norm.bins, name), bounds)
    return series


def _shares(fine: Counts, bounds: Sequence[int]) -> list[float]:
    counts = np.add.reduceat(np.asarray(fine, np.int64), [0, *bounds])
    return [float(share) for share in 100 * counts / max(1, sum(fine))]


def stages(seconds: Mapping[str, float]) -> str:
    """Return the seconds of each stage, of all threads together."""
    return bar_chart(
        "Seconds of each stage, of all threads together",
        list(seconds),
        {"seconds": list(seconds.values())},
        unit="s",
        horizontal=True,
    )


def speed(throughput: Throughput) -> str:
    """Return the rows a second as the run went on."""
    times, speeds = rates(throughput)
    each, unit = next((each, unit) for least, each, unit in UNITS if throughput.seconds >= least)
    line = Line("rows a second", [time / each for time in times], speeds)
    top = max(speeds, default=0.0) or 1.0
    end = throughput.seconds / each
    return line_chart(
        "Rows a second", [line], x=unit, y="rows/s", x_range=(0.0, end), y_range=(0.0, top * 1.05)
    )


def percent(share: float | None) -> str:
    """Return a share for a person.

    >>> percent(0.49831), percent(None)
    ('49.8%', '–')
    """
    return "–" if share is None else f"{share:.1%}"


def duration(seconds: float) -> str:
    """Return seconds for a person.

    >>> [duration(seconds) for seconds in (0.0123, 12.34, 754.2, 7260)]
    ['0.012 s', '12.3 s', '12 min 34 s', '2 h 1 min']
    """
    if seconds < 1:
        return f"{seconds:.3f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{number(whole // 3600)} h {whole % 3600 // 60} min"
