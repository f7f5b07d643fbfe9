"""Dots with intervals as SVG, a label beside each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scorer.pages.axes import fitting, x_ticks
from scorer.pages.canvas import BOTTOM, CHARACTER, RIGHT, WIDTH, svg_text
from scorer.pages.scale import Scale, span
from scorer.pages.style import SERIES
from scorer.pages.text import cut_text

# The height of a dot's row, and of the gap behind the rows of one label.
ROW, GAP = 14, 12
LONGEST_LABEL = 22


@dataclass(frozen=True)
class Dots:
    """Figures with their intervals, one for each label of a chart.

    Attributes:
        name: for the legend and the table.
        values: the figures; one that is no number, or whose interval has an end that is none, isn't
            drawn.
        low: the lower end of the interval of each.
        high: its upper end.
    """

    name: str
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    @property
    def columns(self) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
        """Figures, lower ends and upper ends."""
        return self.values, self.low, self.high


def rows_of_dots(labels: Sequence[str], series: Sequence[Dots], x: str) -> tuple[str, float]:
    """Return the rows of all labels above their axis, and the height of the picture."""
    scale, each = _scale(labels, series), ROW * len(series) + GAP
    bottom = each * len(labels)
    drawn = [_upright_grid(scale, bottom), x_ticks(scale, bottom + 20)]
    drawn.append(svg_text(scale.end, bottom + BOTTOM - 4, x, "end"))
    for group, label in enumerate(labels):
        middle = each * (group + 0.5)
        first = middle - ROW * (len(series) - 1) / 2
        drawn.append(svg_text(0, middle + 5, cut_text(label, LONGEST_LABEL), "start", "value"))
        for place, it in enumerate(series):
            places = [it.low[group], it.values[group], it.high[group]]
            if all(map(math.isfinite, places)):
                drawn.append(_dot(place, [*map(scale.place, places)], first + ROW * place))
    return "".join(drawn), bottom + BOTTOM


def dot_sample(place: int) -> str:
    """Return what a legend shows of the series at a place."""
    return _dot(place, (2, 14, 26), 6)


def _scale(labels: Sequence[str], series: Sequence[Dots]) -> Scale:
    longest = max((len(cut_text(label, LONGEST_LABEL)) for label in labels), default=0)
    low, high = span(value for it in series for column in it.columns for value in column)
    return Scale(low, high, CHARACTER * longest + 12, WIDTH - RIGHT).rounded()


def _upright_grid(scale: Scale, bottom: float) -> str:
    return "".join(
        f'<path d="M{scale.place(tick):g} 0V{bottom:g}" class="grid"/>\n'
        for tick in scale.ticks(fitting(scale))
    )


def _dot(place: int, places: Sequence[float], y: float) -> str:
    """Return an interval with its figure: the first series has a full dot, the others outlines."""
    low, middle, high = places
    shape = (
        f'<circle cx="{middle:g}" cy="{y:g}" r="4" fill="currentColor"/>',
        f'<rect x="{middle - 4:g}" y="{y - 4:g}" width="8" height="8" class="hollow"/>',
        f'<path d="M{middle - 5:g} {y:g}l5 -5l5 5l-5 5z" class="hollow"/>',
    )[place % 3]
    dashes = ("", ' stroke-dasharray="5 3"', ' stroke-dasharray="2 2"')[place % 3]
    return (
        f'<g class="{SERIES[place % len(SERIES)]}" stroke="currentColor" stroke-width="1.5">'
        f'<path d="M{low:g} {y:g}H{high:g}"{dashes}/>{shape}</g>\n'
    )
