"""A card as a page that stands alone, by the scorer's charting room."""

from __future__ import annotations

from exporter.card.parts import Bars, Code, Curve, Items, ModelCard, Paragraph, Part
from scorer.pages.charts import Line, bar_chart, line_chart
from scorer.pages.page import code, items, page, page_mark, paragraph, section
from scorer.pages.tables import figures, table

MARK = "exporter card"
PAGE_START = page_mark(MARK)


def card_page(card: ModelCard) -> str:
    """Return the page of a card."""
    sections = (section(one.heading, *map(_html, one.parts)) for one in card.sections)
    return page(card.name, MARK, paragraph(card.summary), figures(card.figures), *sections)


def _html(part: Part) -> str:
    if isinstance(part, Paragraph):
        return paragraph(part.text)
    if isinstance(part, Items):
        return items(part.texts)
    if isinstance(part, Code):
        return code(f"{part.language}, to copy", part.text)
    if isinstance(part, Bars):
        return bar_chart(part.caption, part.labels, part.series, unit=part.unit, horizontal=True)
    if isinstance(part, Curve):
        line = Line(part.name, part.xs, part.ys, part.low, part.high)
        whole = (0.0, 1.0)
        return line_chart(
            part.caption, [line], x=part.x, y=part.y, x_range=whole, y_range=whole, diagonal=True
        )
    return table(part.caption, part.head, part.rows, texts=part.texts)
