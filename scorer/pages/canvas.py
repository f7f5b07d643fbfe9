"""What all pictures share: their measures, their texts, and what stands around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from scorer.pages.text import plain_text

WIDTH, HEIGHT = 560, 300
TOP, RIGHT, BOTTOM = 34, 24, 52
# The width of a character in the largest type that the style gives to a picture.
CHARACTER = 9.5


def figure(caption: str, told: str, legend: str, drawn: str, height: float, below: str) -> str:
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


def legend_of(names: Sequence[str], samples: Sequence[str]) -> str:
    """Return a legend: names, each with a sample of what is drawn for it."""
    entries = "".join(
        f'<li><svg viewBox="0 0 28 12" aria-hidden="true">{sample}</svg>'
        f"<span>{plain_text(name)}</span></li>\n"
        for name, sample in zip(names, samples, strict=True)
    )
    return f'<ul class="legend">\n{entries}</ul>\n'


def svg_text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    """Return a text in a picture, which its anchor puts at, before or behind a place."""
    is_value = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{is_value}>{plain_text(text)}</text>\n'


def joined(points: Iterable[tuple[float, float]]) -> str:
    """Return points as SVG wants them.

    >>> joined([(0, 1), (2.5, 3)])
    '0,1 2.5,3'
    """
    return " ".join(f"{x:g},{y:g}" for x, y in points)
