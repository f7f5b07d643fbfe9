"""Charts as inline SVG; the figures of each stand below it as a table.

Lines and bars are told apart by dashes, outlines and names, not by their colours alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scorer.pages.axes import frame, left_of, x_ticks
from scorer.pages.bars import bar_sample, lying, standing
from scorer.pages.canvas import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, figure, legend_of
from scorer.pages.lines import Line, diagonal_line, drawn_line, line_sample, looks_of
from scorer.pages.scale import Scale, number, span
from scorer.pages.tables import table

__all__ = ["Line", "bar_chart", "line_chart"]


def line_chart(
    caption: str,
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
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
    """
    lines = [line.thinned() for line in lines]
    y_scale = _y_scale(lines, y_range)
    low, high = x_range or span(value for line in lines for value in line.xs)
    x_scale = Scale(low, high, left_of(y_scale), WIDTH - RIGHT)
    drawn = [frame(x_scale, y_scale, x, y), x_ticks(x_scale)]
    drawn.append(diagonal_line(x_scale, y_scale) if diagonal else "")
    looks = list(looks_of(lines))
    for line, look in zip(lines, looks, strict=True):
        drawn.append(drawn_line(line, x_scale, y_scale, look))
    names = [line.name for line in lines]
    legend = legend_of(names, [line_sample(look) for look in looks]) if len(lines) > 1 else ""
    told = f"{y} by {x}: {', '.join(names)}."
    return figure(caption, told, legend, "".join(drawn), HEIGHT, _line_table(caption, lines, x, y))


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
    rows = (
        (line.name, number(one), number(other))
        for line in lines
        for one, other in zip(line.xs, line.ys, strict=True)
    )
    return table(caption, ("", x, y), rows)
