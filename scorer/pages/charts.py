"""Charts as inline SVG; the figures of each stand below it as a table.

Lines and bars are told apart by dashes, outlines and names, not by their colours alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, cycle

from scorer.pages.scale import Scale, number, span
from scorer.pages.style import SERIES
from scorer.pages.tables import table
from scorer.pages.text import cut_text, plain_text

WIDTH, HEIGHT = 560, 300
TOP, RIGHT, BOTTOM = 34, 24, 52
# The width of a character in the largest type that the style gives to a picture.
CHARACTER = 9.5
# A line of more points is thinned evenly, its ends kept.
MOST_POINTS = 400
SOLID, DASHED = ("none", "2 5", "16 4"), ("7 5", "7 4 2 4", "4 3")
# The parts of a bar that lies; of each slot of one that stands.
ROW, LABEL_ROW, GAP_ROW, BARS = 18, 22, 12, 0.8
LONGEST_LABEL = 46


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: for the legend and the table.
        xs: its points from left to right.
        ys: as many; where one is no number, the line has a gap.
        low: the lower edge of a band around it; as many as points, or none.
        high: its upper edge.
        dashed: whether it stands back behind the others, as what they are compared with does.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    dashed: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError if the points don't fit together."""
        lengths = {len(one) for one in (self.xs, self.ys, self.low, self.high) if one is not None}
        if len(lengths) > 1 or (self.low is None) is not (self.high is None):
            raise ValueError(f"the line {self.name!r} has points of unequal number")

    def thinned(self) -> Line:
        """Return the line with at most :data:`MOST_POINTS` points."""
        points = len(self.xs)
        if points <= MOST_POINTS:
            return self
        keep = [one * (points - 1) // (MOST_POINTS - 1) for one in range(MOST_POINTS)]

        def kept(values: Sequence[float]) -> list[float]:
            return [values[one] for one in keep]

        low = None if self.low is None else kept(self.low)
        high = None if self.high is None else kept(self.high)
        return Line(self.name, kept(self.xs), kept(self.ys), low, high, self.dashed)


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
    x_scale = Scale(low, high, _left(y_scale), WIDTH - RIGHT)
    drawn = [_frame(x_scale, y_scale, x, y), _x_ticks(x_scale)]
    drawn.append(_diagonal(x_scale, y_scale) if diagonal else "")
    looks = list(_looks(lines))
    for line, look in zip(lines, looks, strict=True):
        drawn.append(_drawn_line(line, x_scale, y_scale, look))
    names = [line.name for line in lines]
    legend = _legend(names, [_line_sample(look) for look in looks]) if len(lines) > 1 else ""
    told = f"{y} by {x}: {', '.join(names)}."
    return _figure(caption, told, legend, "".join(drawn), HEIGHT, _line_table(caption, lines, x, y))


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
    drawn, height = (_lying if horizontal else _standing)(labels, list(series.values()), unit)
    samples = [_bar_sample(place) for place in range(len(series))]
    legend = _legend(list(series), samples) if len(series) > 1 else ""
    rows = (
        (label, *map(number, values))
        for label, *values in zip(labels, *series.values(), strict=True)
    )
    names = [f"{name} ({unit})" if unit and unit not in name else name for name in series]
    told = f"Bars of {', '.join(series)}{f' in {unit}' if unit else ''}."
    return _figure(caption, told, legend, drawn, height, table(caption, ("", *names), rows))


def _figure(caption: str, told: str, legend: str, drawn: str, height: float, below: str) -> str:
    """Return a chart with all that belongs to it; its ids hang on its content alone."""
    key = "c" + sha256(f"{caption}\0{told}\0{drawn}".encode(errors="replace")).hexdigest()[:12]
    name = plain_text(caption)
    return (
        f"<figure>\n<figcaption>{name}</figcaption>\n{legend}"
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="{key}t {key}d">\n'
        f'<title id="{key}t">{name}</title>\n'
        f'<desc id="{key}d">{plain_text(told)} The table below holds the figures.</desc>\n'
        f"{drawn}</svg>\n"
        f"<details><summary>Figures as a table</summary>\n{below}</details>\n</figure>\n"
    )


def _legend(names: Sequence[str], samples: Sequence[str]) -> str:
    entries = "".join(
        f'<li><svg viewBox="0 0 28 12" aria-hidden="true">{sample}</svg>'
        f"<span>{plain_text(name)}</span></li>\n"
        for name, sample in zip(names, samples, strict=True)
    )
    return f'<ul class="legend">\n{entries}</ul>\n'


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    is_value = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{is_value}>{plain_text(text)}</text>\n'


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


# The frame: grid, ticks, names of the axes


def _left(y_scale: Scale) -> float:
    """Return where the y axis stands: its figures have room beside it."""
    return 14 + CHARACTER * max(len(one) for one in _tick_texts(y_scale, 5))


def _tick_texts(scale: Scale, about: int) -> list[str]:
    """Return the round figures of an axis, all with as many decimals.

    >>> _tick_texts(Scale(0, 1, 0, 100), 5)
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    """
    ticks, step = scale.ticks(about), scale.step(about)
    if max(map(abs, ticks), default=0) >= 1e7 or step < 1e-5:
        return [f"{tick:.3g}" for tick in ticks]
    decimals = next(one for one in count() if math.isclose(round(step, one), step, rel_tol=1e-6))
    return [f"{tick:,.{decimals}f}" for tick in ticks]


def _frame(x_scale: Scale, y_scale: Scale, x: str, y: str) -> str:
    """Return the grid, the figures of the y axis and the names of both."""
    left, right, drawn = x_scale.start, x_scale.end, []
    for tick, text in zip(y_scale.ticks(), _tick_texts(y_scale, 5), strict=True):
        place = y_scale.place(tick)
        drawn.append(f'<path d="M{left:g} {place:g}H{right:g}" class="grid"/>')
        drawn.append(_text(left - 8, place + 5, text, "end"))
    drawn.append(f'<path d="M{left:g} {y_scale.start:g}H{right:g}" class="axis"/>')
    drawn.append(_text(0, 15, y, "start") if y else "")
    drawn.append(_text(right, HEIGHT - 4, x, "end") if x else "")
    return "".join(drawn)


def _x_ticks(scale: Scale) -> str:
    texts = _tick_texts(scale, 5)
    room = (scale.end - scale.start) / (CHARACTER * (max(map(len, texts), default=1) + 2))
    about = max(2, min(5, int(room)))
    return "".join(
        _text(scale.place(tick), HEIGHT - BOTTOM + 20, text)
        for tick, text in zip(scale.ticks(about), _tick_texts(scale, about), strict=True)
    )


# Lines


def _y_scale(lines: Sequence[Line], y_range: tuple[float, float] | None) -> Scale:
    if y_range is not None:
        return Scale(*y_range, HEIGHT - BOTTOM, TOP)
    edges = (one for line in lines for one in (line.ys, line.low, line.high) if one is not None)
    low, high = span(value for values in edges for value in values)
    return Scale(low, high, HEIGHT - BOTTOM, TOP).rounded()


def _diagonal(x_scale: Scale, y_scale: Scale) -> str:
    ends = max(x_scale.low, y_scale.low), min(x_scale.high, y_scale.high)
    points = _points((x_scale.place(one), y_scale.place(one)) for one in ends)
    return f'<polyline points="{points}" class="axis" fill="none" stroke-dasharray="2 4"/>\n'


def _looks(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Yield the colour and the dashes of each line."""
    solid, dashed = cycle(SOLID), cycle(DASHED)
    for line, colour in zip(lines, cycle(SERIES)):
        yield colour, next(dashed if line.dashed else solid)


def _line_sample(look: tuple[str, str]) -> str:
    return _path("M0 6H28", look)


def _path(d: str, look: tuple[str, str]) -> str:
    colour, dashes = look
    return (
        f'<path d="{d}" class="{colour}" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linejoin="round" stroke-dasharray="{dashes}"/>\n'
    )


def _drawn_line(line: Line, x_scale: Scale, y_scale: Scale, look: tuple[str, str]) -> str:
    drawn = []
    xs = [x_scale.place(x) if math.isfinite(x) else math.nan for x in line.xs]
    if line.low is not None and line.high is not None:
        for run in _runs(xs, line.low, line.high):
            upper = [(x, y_scale.place(high)) for x, _, high in run]
            lower = [(x, y_scale.place(low)) for x, low, _ in reversed(run)]
            drawn.append(
                f'<polygon points="{_points((*upper, *lower))}" class="{look[0]}" '
                f'fill="currentColor" fill-opacity=".16"/>\n'
            )
    for run in _runs(xs, line.ys):
        points = [(x, y_scale.place(y)) for x, y in run]
        if len(points) == 1:
            (x, y), *_ = points
            drawn.append(
                f'<circle cx="{x:g}" cy="{y:g}" r="3" class="{look[0]}" fill="currentColor"/>'
            )
        else:
            drawn.append(_path("M" + "L".join(f"{x:g} {y:g}" for x, y in points), look))
    return "".join(drawn)


def _runs(*values: Sequence[float]) -> Iterator[list[tuple[float, ...]]]:
    """Yield the points between two gaps, gap by gap.

    >>> list(_runs([1, 2, 3], [5, math.nan, 6]))
    [[(1, 5)], [(3, 6)]]
    """
    run: list[tuple[float, ...]] = []
    for point in zip(*values, strict=True):
        if all(map(math.isfinite, point)):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


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


# Bars


def _bar(place: int, x: float, y: float, width: float, height: float) -> str:
    """Return a bar of the series at a place: the first is full, the others are outlines."""
    fill = ("1", "0.12", "0.5")[place % 3]
    dashes = ' stroke-dasharray="3 2"' if place % 3 == 2 else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{max(width, 0):g}" height="{max(height, 0):g}" '
        f'class="{SERIES[place % len(SERIES)]}" fill="currentColor" fill-opacity="{fill}" '
        f'stroke="currentColor"{dashes}/>\n'
    )


def _bar_sample(place: int) -> str:
    return _bar(place, 7.5, 0.5, 14, 11)


def _standing(
    labels: Sequence[str], series: Sequence[Sequence[float]], unit: str
) -> tuple[str, float]:
    """Return vertical bars, and the height of the picture."""
    low, high = span((value for values in series for value in values), with_zero=True)
    y_scale = Scale(low, high, HEIGHT - BOTTOM, TOP).rounded()
    x_scale = Scale(0, len(labels) or 1, _left(y_scale), WIDTH - RIGHT)
    slot = x_scale.place(1) - x_scale.place(0)
    each, drawn = slot * BARS / (len(series) or 1), [_frame(x_scale, y_scale, "", unit)]
    for group in range(len(labels)):
        start = x_scale.place(group) + slot * (1 - BARS) / 2
        for place, values in enumerate(series):
            if math.isfinite(values[group]):
                top, foot = sorted((y_scale.place(values[group]), y_scale.place(0)))
                x = round(start + each * place, 1)
                drawn.append(_bar(place, x, top, round(each - 1, 1), round(foot - top, 1)))
    stride = math.ceil(CHARACTER * (max(map(len, labels), default=0) + 1) / slot)
    drawn += (
        _text(round(x_scale.place(group) + slot / 2, 1), HEIGHT - BOTTOM + 20, labels[group])
        for group in range(0, len(labels), max(1, stride))
    )
    return "".join(drawn), HEIGHT - BOTTOM + 32


def _lying(
    labels: Sequence[str], series: Sequence[Sequence[float]], unit: str
) -> tuple[str, float]:
    """Return horizontal bars, each group below its label, and the height of the picture."""
    texts = [[f"{number(value)} {unit}".strip() for value in values] for values in series]
    room = CHARACTER * max((len(text) for row in texts for text in row), default=1) + 8
    low, high = span((value for values in series for value in values), with_zero=True)
    scale, top, drawn = Scale(low, high, 1, WIDTH - room), 0.0, []
    for group, label in enumerate(labels):
        drawn.append(
            _text(0, top + LABEL_ROW - 7, cut_text(label, LONGEST_LABEL), "start", "value")
        )
        top += LABEL_ROW
        for place, values in enumerate(series):
            value = values[group] if math.isfinite(values[group]) else 0.0
            left, right = sorted((scale.place(value), scale.place(0)))
            drawn.append(_bar(place, left, top, round(right - left, 1), ROW - 3))
            drawn.append(_text(right + 6, top + ROW - 5, texts[place][group], "start"))
            top += ROW
        top += GAP_ROW
    return "".join(drawn), top
