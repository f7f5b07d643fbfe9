"""What a card is made of, before it becomes markdown or a page: both show the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from scorer.pages.text import cut_text

# Characters of a text. A name may have as many as its maker likes, and stands in several places.
LONGEST = 2000

Row: TypeAlias = Sequence[str]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of plain texts."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Lines that somebody can paste and run: of which language, and the lines."""

    language: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what it holds.
        head: name of each column.
        rows: the cells of each row; the first is its name.
        texts: columns, counted from 0, that hold words; the others hold figures.
    """

    caption: str
    head: Row
    rows: Sequence[Row]
    texts: Sequence[int] = ()


@dataclass(frozen=True)
class Bars:
    """Bars that show figures of a table beside them, on the page only.

    Attributes:
        caption: what is shown.
        labels: the name of each bar.
        series: figures for each label, by the name of the series.
        unit: behind each figure.
    """

    caption: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    unit: str = ""


@dataclass(frozen=True)
class Curve:
    """A line with its band, on the page only.

    Attributes:
        caption: what is shown.
        name: of the line.
        xs: its points, from left to right.
        ys: their heights.
        low: the lower end of the band.
        high: the upper end.
        x: what stands along the bottom.
        y: what stands along the side.
    """

    caption: str
    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    x: str
    y: str


Part: TypeAlias = Paragraph | Items | Code | Table | Bars | Curve


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class ModelCard:
    """A card.

    Attributes:
        name: of the model.
        summary: what it is, in a sentence or two.
        figures: the few that matter most: name and figure.
        sections: the rest.
    """

    name: str
    summary: str
    figures: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def shortened(value: Any) -> Any:  # Any: parts, and what they are made of
    """Return a card, or a part of one, whose texts have at most :data:`LONGEST` characters.

    >>> len(shortened(Items(["a" * 3000])).texts[0])
    2000
    """
    if isinstance(value, str):
        return cut_text(value, LONGEST)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(*(shortened(getattr(value, one.name)) for one in fields(value)))
    if isinstance(value, Mapping):
        return {shortened(name): shortened(one) for name, one in value.items()}
    return [shortened(one) for one in value] if isinstance(value, list | tuple) else value
