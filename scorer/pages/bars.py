"""The bars of a chart as SVG, upright or lying."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scorer.pages.axes import frame, left_of
from scorer.pages.canvas import BOTTOM, CHARACTER, HEIGHT, RIGHT, TOP, WIDTH, svg_text
from scorer.pages.scale import Scale, number, span
from scorer.pages.style import SERIES
from scorer.pages.text import cut_text

# The share of its slot that an upright group takes.
BARS = 0.8
# Of lying bars: the height of a bar, of a label, and of the gap behind a group.
ROW, LABEL_ROW, GAP_ROW = 18, 22, 12
LONGEST_LABEL = 46


def _bar(place: int, x: float, y: float, width: float, height: float) -> str:
    """Return a bar of the series at a place: the first is full, the others are outlines."""
    fill = ("1", "0.12", "0.5")[place % 3]
    dashes = ' stroke-dasharray="3 2"' if place % 3 == 2 else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{max(width, 0):g}" height="{max(height, 0):g}" '
        f'class="{SERIES[place % len(SERIES)]}" fill="currentColor" fill-opacity="{fill}" '
        f'stroke="currentColor"{dashes}/>\n'
    )


def bar_sample(place: int) -> str:
    """Return what a legend shows of the series at a place."""
    return _bar(place, 7.5, 0.5, 14, 11)


def standing(
    labels: Sequence[str], series: Sequence[Sequence[float]], unit: str
) -> tuple[str, float]:
    """Return vertical bars, and the height of the picture."""
    low, high = span((value for values in series for value in values), with_zero=True)
    y_scale = Scale(low, high, HEIGHT - BOTTOM, TOP).rounded()
    x_scale = Scale(0, len(labels) or 1, left_of(y_scale), WIDTH - RIGHT)
    slot = x_scale.place(1) - x_scale.place(0)
    each, drawn = slot * BARS / (len(series) or 1), [frame(x_scale, y_scale, "", unit)]
    for group in range(len(labels)):
        start = x_scale.place(group) + slot * (1 - BARS) / 2
        for place, values in enumerate(series):
            if math.isfinite(values[group]):
                top, foot = sorted((y_scale.place(values[group]), y_scale.place(0)))
                x = round(start + each * place, 1)
                drawn.append(_bar(place, x, top, round(each - 1, 1), round(foot - top, 1)))
    stride = math.ceil(CHARACTER * (max(map(len, labels), default=0) + 1) / slot)
    drawn += (
        svg_text(round(x_scale.place(group) + slot / 2, 1), HEIGHT - BOTTOM + 20, labels[group])
        for group in range(0, len(labels), max(1, stride))
    )
    return "".join(drawn), HEIGHT - BOTTOM + 32


def lying(labels: Sequence[str], series: Sequence[Sequence[float]], unit: str) -> tuple[str, float]:
    """Return horizontal bars, each group below its label, and the height of the picture."""
    texts = [[f"{number(value)} {unit}".strip() for value in values] for values in series]
    room = CHARACTER * max((len(text) for row in texts for text in row), default=1) + 8
    low, high = span((value for values in series for value in values), with_zero=True)
    scale, top, drawn = Scale(low, high, 1, WIDTH - room), 0.0, []
    for group, label in enumerate(labels):
        drawn.append(
            svg_text(0, top + LABEL_ROW - 7, cut_text(label, LONGEST_LABEL), "start", "value")
        )
        top += LABEL_ROW
        for place, values in enumerate(series):
            value = values[group] if math.isfinite(values[group]) else 0.0
            left, right = sorted((scale.place(value), scale.place(0)))
            drawn.append(_bar(place, left, top, round(right - left, 1), ROW - 3))
            drawn.append(svg_text(right + 6, top + ROW - 5, texts[place][group], "start"))
            top += ROW
        top += GAP_ROW
    return "".join(drawn), top
