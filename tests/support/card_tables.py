"""The tables of a model card, read back from markdown and from the page."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

# Rows of cells by caption; the first is the head.
Tables = dict[str, list[list[str]]]


def markdown_tables(text: str) -> Tables:
    """Return the tables of a card in markdown."""
    tables: Tables = {}
    for block in text.split("\n\n**")[1:]:
        caption, _, rest = block.partition("**\n\n")
        lines = [line for line in rest.split("\n\n")[0].splitlines() if line.startswith("|")]
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
        tables[_plain(caption)] = [[_plain(cell) for cell in row] for row in [rows[0], *rows[2:]]]
    return tables


def _plain(cell: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*\[\]|$~_#+.)=-])", r"\1", cell.strip()))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: Tables = {}
        self.tags: set[str] = set()
        self.caption = ""
        self.text: str | None = None

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.tables[self.caption].append([])
        if tag in ("caption", "th", "td"):
            self.text = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self.caption = self.text or ""
            self.tables.setdefault(self.caption, [])
        elif tag in ("th", "td"):
            self.tables[self.caption][-1].append(self.text or "")

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text += data


def page_tables(text: str) -> Tables:
    """Return the tables of a card's page."""
    return _read(text).tables


def page_tags(text: str) -> set[str]:
    """Return the names of all elements of a page."""
    return _read(text).tags


def _read(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page
