"""The axes of a picture: a light grid, round figures, and what they are of."""

from __future__ import annotations

import math
from itertools import count

from scorer.pages.canvas import BOTTOM, CHARACTER, HEIGHT, svg_text
from scorer.pages.scale import Scale


def left_of(y_scale: Scale) -> float:
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


def frame(x_scale: Scale, y_scale: Scale, x: str, y: str) -> str:
    """Return the grid, the figures of the y axis and the names of both."""
    left, right, drawn = x_scale.start, x_scale.end, []
    for tick, text in zip(y_scale.ticks(), _tick_texts(y_scale, 5), strict=True):
        place = y_scale.place(tick)
        drawn.append(f'<path d="M{left:g} {place:g}H{right:g}" class="grid"/>')
        drawn.append(svg_text(left - 8, place + 5, text, "end"))
    drawn.append(f'<path d="M{left:g} {y_scale.start:g}H{right:g}" class="axis"/>')
    drawn.append(svg_text(0, 15, y, "start") if y else "")
    drawn.append(svg_text(right, HEIGHT - 4, x, "end") if x else "")
    return "".join(drawn)


def x_ticks(scale: Scale) -> str:
    """Return the figures of the x axis, as many as have room."""
    texts = _tick_texts(scale, 5)
    room = (scale.end - scale.start) / (CHARACTER * (max(map(len, texts), default=1) + 2))
    about = max(2, min(5, int(room)))
    return "".join(
        svg_text(scale.place(tick), HEIGHT - BOTTOM + 20, text)
        for tick, text in zip(scale.ticks(about), _tick_texts(scale, about), strict=True)
    )
