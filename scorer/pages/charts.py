"""Charts as inline SVG; the figures of each stand below it as a table.

What is drawn is told apart by dashes, outlines and names, not by its colours alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scorer.pages.axes import frame, left_of, mark_line, x_ticks
from scorer.pages.bars import bar_sample, lying, standing
from scorer.pages.canvas import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, figure, legend_of
from scorer.pages.dots import Dots, dot_sample, rows_of_dots
from scorer.pages.lines import Line, diagonal_line, drawn_line, line_sample, looks_of
from scorer.pages.scale import Scale, number, span
from scorer.pages.tables import table

__all__ = ["Dots", "Line", "bar_chart", "interval_chart", "line_chart"]


def line_chart(
    caption: str,
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
    whole: bool = False,
    mark: tuple[float, str] | None = None,
) -> str:
    """Return a chart of lines.

    Args:
        caption: what it shows.
        lines: at least one; of more than :data:`MOST_POINTS` points, as many are shown.
        x: name of the axis from left to right.
        y: name of the axis from the bottom up.
        x_range: first and last figure of the axis; those of the lines by default.
        y_range: the same of the other axis.
        diagonal: whether to draw where both axes are equal.
        whole: whether the figures of ``x`` count something, as epochs do.
        mark: a figure of ``x`` to mark, and what to call it.
    """
    lines = [line.thinned() for line in lines]
    y_scale = _y_scale(lines, y_range)
    low, high = x_range or span(value for line in lines for value in line.xs)
    x_scale = Scale(low, high, left_of(y_scale), WIDTH - RIGHT, least=1.0 if whole else 0.0)
    drawn = [frame(x_scale, y_scale, x, y), x_ticks(x_scale)]
    drawn.append(diagonal_line(x_scale, y_scale) if diagonal else "")
    drawn.append(mark_line(x_scale.place(mark[0]), mark[1]) if mark else "")
    looks = list(looks_of(lines))
    for line, look in zip(lines, looks, strict=True):
        drawn.append(drawn_line(line, x_scale, y_scale, look))
    names = [line.name for line in lines]
    legend = legend_of(names, [line_sample(look) for look in looks]) if len(lines) > 1 else ""
    marked = f" Marked: {mark[1]}, at {number(mark[0])}." if mark else ""
    told = f"{y} by {x}: {', '.join(names)}.{marked}"
    return figure(caption, told, legend, "".join(drawn), HEIGHT, _line_table(caption, lines, x, y))


def interval_chart(caption: str, labels: Sequence[str], series: Sequence[Dots], *, x: str) -> str:
    """Return a chart of figures with their intervals, one label below the other.

    Args:
        caption: what it shows.
        labels: of the rows; long ones are shown in part.
        series: the figures of each, as many as labels; at most three.
        x: name of the axis from left to right.
    """
    if any(len(column) != len(labels) for it in series for column in it.columns):
        raise ValueError(f"{caption!r} has not as many figures as labels")
    drawn, height = rows_of_dots(labels, series, x)
    names = [it.name for it in series]
    samples = [dot_sample(place) for place in range(len(series))]
    legend = legend_of(names, samples) if len(series) > 1 else ""
    head = ["", *(name for it in series for name in (it.name, "from", "to"))]
    columns = [column for it in series for column in it.columns]
    rows = ((label, *map(number, row)) for label, *row in zip(labels, *columns, strict=True))
    told = f"{x}, with intervals: {', '.join(names)}."
    return figure(caption, told, legend, drawn, height, table(caption, head, rows))


def bar_chart(
    caption: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    unit: str = "",
    horizontal: bool = False,
) -> str:
    """Return a chart of bars, those of one label side by side; each begins at 0.

    Args:
        caption: what it shows.
        labels: of the groups; names that take more room than a bar is wide are shown in part.
        series: the figures of each, as many as labels; at most six.
        unit: of the figures.
        horizontal: whether the bars lie one below the other, for long labels.
    """
    if any(len(values) != len(labels) for values in series.values()):
        raise ValueError(f"{caption!r} has not as many figures as labels")
    drawn, height = (lying if horizontal else standing)(labels, list(series.values()), unit)
    samples = [bar_sample(place) for place in range(len(series))]
    legend = legend_of(list(series), samples) if len(series) > 1 else ""
    rows = (
        (label, *map(number, values))
        for label, *values in zip(labels, *series.values(), strict=True)
    )
    names = [f"{name} ({unit})" if unit and unit not in name else name for name in series]
    told = f"Bars of {', '.join(series)}{f' in {unit}' if unit else ''}."
    return figure(caption, told, legend, drawn, height, table(caption, ("", *names), rows))


def _y_scale(lines: Sequence[Line], y_range: tuple[float, float] | None) -> Scale:
    if y_range is not None:
        return Scale(*y_range, HEIGHT - BOTTOM, TOP)
    edges = (one for line in lines for one in (line.ys, line.low, line.high) if one is not None)
    low, high = span(value for values in edges for value in values)
    return Scale(low, high, HEIGHT - BOTTOM, TOP).rounded()


def _line_table(caption: str, lines: Sequence[Line], x: str, y: str) -> str:
    """Return the points: a column for each line if all have them at the same places."""
    if all(list(line.xs) == list(lines[0].xs) for line in lines):
        names, columns = [x], [list(lines[0].xs) if lines else []]
        for line in lines:
            names.append(line.name)
            columns.append(list(line.ys))
            if line.low is not None and line.high is not None:
                names += (f"{line.name}, from", f"{line.name}, to")
                columns += (list(line.low), list(line.high))
        return table(
            caption, names, (tuple(map(number, row)) for row in zip(*columns, strict=True))
        )
    has_bands = any(line.low is not None for line in lines)
    rows = []
    for line in lines:
        nothing = [math.nan] * len(line.xs)
        columns = [list(line.xs), list(line.ys)]
        columns += [list(line.low or nothing), list(line.high or nothing)] if has_bands else []
        rows += [(line.name, *map(number, row)) for row in zip(*columns, strict=True)]
    return table(caption, ("", x, y, *(("from", "to") if has_bands else ())), rows)
