"""The lines of a chart as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from scorer.pages.canvas import joined
from scorer.pages.scale import Scale
from scorer.pages.style import SERIES

# A line of more points is thinned evenly, its ends kept.
MOST_POINTS = 400
SOLID, DASHED = ("none", "2 5", "16 4"), ("7 5", "7 4 2 4", "4 3")
# The colour of a line, and its dashes.
Look = tuple[str, str]


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


def diagonal_line(x_scale: Scale, y_scale: Scale) -> str:
    """Return where both axes are equal."""
    ends = max(x_scale.low, y_scale.low), min(x_scale.high, y_scale.high)
    points = joined((x_scale.place(one), y_scale.place(one)) for one in ends)
    return f'<polyline points="{points}" class="axis" fill="none" stroke-dasharray="2 4"/>\n'


def looks_of(lines: Sequence[Line]) -> Iterator[Look]:
    """Yield the colour and the dashes of each line."""
    solid, dashed = cycle(SOLID), cycle(DASHED)
    for line, colour in zip(lines, cycle(SERIES)):
        yield colour, next(dashed if line.dashed else solid)


def line_sample(look: Look) -> str:
    """Return what a legend shows of a line."""
    return _path("M0 6H28", look)


def _path(d: str, look: Look) -> str:
    colour, dashes = look
    return (
        f'<path d="{d}" class="{colour}" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linejoin="round" stroke-dasharray="{dashes}"/>\n'
    )


def drawn_line(line: Line, x_scale: Scale, y_scale: Scale, look: Look) -> str:
    """Return a line, its band below it; a point alone between two gaps is a dot."""
    drawn = []
    xs = [x_scale.place(x) if math.isfinite(x) else math.nan for x in line.xs]
    if line.low is not None and line.high is not None:
        for run in _runs(xs, line.low, line.high):
            upper = [(x, y_scale.place(high)) for x, _, high in run]
            lower = [(x, y_scale.place(low)) for x, low, _ in reversed(run)]
            drawn.append(
                f'<polygon points="{joined((*upper, *lower))}" class="{look[0]}" '
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
