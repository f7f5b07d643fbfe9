"""A card as markdown: front matter, headings, tables. Whatever a text holds, it stays a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exporter.card.front_matter import Value, yaml_text
from exporter.card.parts import Code, Items, ModelCard, Paragraph, Part, Row, Table
from scorer.system.escape import escaped

# The front matter has to come first; a comment in it tells a card that may be replaced.
MARK = "# Written by: exporter card. A card without this line is never replaced.\n"
START = f"---\n{MARK}"

# An address keeps its "/~".
SPECIAL = re.compile(r"[\\`*\[\]<>|$]|(?<!/)~|(?<![^\W_])_|_(?![^\W_])")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
FIRST = re.compile(r"([#+=-]|\d+[.)])(?=\s|$|[-=#])")
FENCE = re.compile("`{3,}")


def card_markdown(card: ModelCard, front: Mapping[str, Value]) -> str:
    """Return a card as markdown."""
    blocks = [
        f"{START}{yaml_text(front)}\n---",
        f"# {_text(card.name)}",
        _text(card.summary),
        _table(Table("", ("", ""), card.figures)),
    ]
    for section in card.sections:
        blocks.append(f"## {_text(section.heading)}")
        blocks += (block for part in section.parts for block in _part(part))
    return "\n\n".join(blocks) + "\n"


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Paragraph):
        yield _text(part.text)
    elif isinstance(part, Items):
        yield "\n".join(f"- {_text(text)}" for text in part.texts)
    elif isinstance(part, Code):
        fence = max(["```", *(f"{run}`" for run in FENCE.findall(part.text))], key=len)
        yield f"{fence}{part.language}\n{part.text}\n{fence}"
    elif isinstance(part, Table):
        yield f"**{_text(part.caption)}**"
        yield _table(part)


def _table(table: Table) -> str:
    places = range(len(table.head))
    kinds = ("---" if place in (0, *table.texts) else "---:" for place in places)
    return "\n".join([_row(table.head), f"|{'|'.join(kinds)}|", *map(_row, table.rows)])


def _row(cells: Row) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _text(text: str) -> str:
    r"""Return a plain text as markdown that shows it.

    >>> _text("<b>a_b</b> *c* | `d` &amp; _e_")
    '&lt;b&gt;a_b&lt;/b&gt; \\*c\\* \\| \\`d\\` &amp;amp; \\_e\\_'
    >>> _text("# no heading"), _text("- no item")
    ('\\# no heading', '\\- no item')
    """
    text = escaped(text)
    text = text.replace("&", "&amp;")
    text = SPECIAL.sub(lambda found: ENTITIES.get(found[0], f"\\{found[0]}"), text)
    first = FIRST.match(text)
    if first is None:
        return text
    return f"{first[1][:-1]}\\{text[first.end() - 1 :]}"
