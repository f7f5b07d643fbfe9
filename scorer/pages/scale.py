"""From figures to places in a picture, and to the round figures beside its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

ROUND_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """A range of figures laid upon a range of places, both from their beginning to their end."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a figure stands; outside the range, at its edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def rounded(self) -> Scale:
        """Return the scale with its range widened to round figures.

        >>> Scale(0.23, 0.71, 0, 100).rounded()
        Scale(low=0.2, high=0.8, start=0, end=100)
        """
        step = self.step()
        low, high = math.floor(self.low / step + 1e-9), math.ceil(self.high / step - 1e-9)
        return replace(self, low=round(low * step, 12), high=round(high * step, 12))

    def ticks(self, about: int = 5) -> list[float]:
        """Return about so many round figures within the range.

        >>> Scale(0, 1, 0, 100).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        step = self.step(about)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]

    def step(self, about: int = 5) -> float:
        """Return the round distance of such figures."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        return next(one for one in ROUND_STEPS if one * power >= rough * (1 - 1e-9)) * power


def span(values: Iterable[float], *, with_zero: bool = False) -> tuple[float, float]:
    """Return the least and the largest of some figures, never equal, those without value left out.

    >>> span([3.0, float("nan"), 5.0])
    (3.0, 5.0)
    >>> span([])
    (0.0, 1.0)
    """
    known = [float(value) for value in values if math.isfinite(value)]
    if with_zero:
        known.append(0.0)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    return (low, high) if low < high else (low, low + (abs(low) or 1.0))


def number(value: float) -> str:
    """Return a figure for a person: four digits that count, and the thousands told apart.

    >>> [number(value) for value in (1234567, 1234.5, 0.123456, 2.0, float("nan"))]
    ['1,234,567', '1,234', '0.1235', '2', '–']
    """
    if not math.isfinite(value):
        return "–"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
