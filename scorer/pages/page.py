"""A whole page: its head, its style, its sections. It loads nothing and lets nothing run."""

from __future__ import annotations

from collections.abc import Iterable

from scorer.pages.style import STYLE
from scorer.pages.text import plain_text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
PAGE_END = "</main>\n</html>\n"


def page(title: str, mark: str, *parts: str) -> str:
    """Return a whole page.

    Args:
        title: of the page, and its first heading.
        mark: what the page is, as "scorer run"; it stands in a comment on the second line.
        parts: HTML, in order.
    """
    return "".join((page_start(title, mark), *parts, PAGE_END))


def page_start(title: str, mark: str) -> str:
    """Return the page up to its first part; :data:`PAGE_END` stands behind the last one."""
    name = plain_text(title)
    return (
        f"{page_mark(mark)}"
        f'<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="color-scheme" content="light dark">\n'
        f"<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<main>\n<h1>{name}</h1>\n"
    )


def page_mark(mark: str) -> str:
    r"""Return how each such page begins, by which a page of ours is known.

    >>> page_mark("scorer run")
    '<!doctype html>\n<!-- scorer run -->\n'
    """
    return f"<!doctype html>\n<!-- {mark} -->\n"


def section(heading: str, *parts: str) -> str:
    """Return a section with its heading; its parts are HTML."""
    return f"<section>\n<h2>{plain_text(heading)}</h2>\n{''.join(parts)}</section>\n"


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{plain_text(text)}</p>\n"


def folded(summary: str, *parts: str) -> str:
    """Return what is shown when its summary is opened; its parts are HTML."""
    return f"<details><summary>{plain_text(summary)}</summary>\n{''.join(parts)}</details>\n"


def items(texts: Iterable[str]) -> str:
    """Return a list."""
    shown = "".join(f"<li>{plain_text(one)}</li>\n" for one in texts)
    return f"<ul>\n{shown}</ul>\n"


def code(caption: str, text: str) -> str:
    """Return lines that somebody can copy, as they stand; the keyboard can scroll them.

    Args:
        caption: what they are, for those who don't see them.
        text: the lines.
    """
    return (
        f'<pre class="wide" role="group" aria-label="{plain_text(caption)}" tabindex="0">'
        f"<code>{plain_text(text)}</code></pre>\n"
    )


def notice(text: str) -> str:
    """Return a paragraph that is not to be overlooked."""
    return f'<p class="notice">{plain_text(text)}</p>\n'


def quotations(heading: str, quoted: Iterable[tuple[str, str]]) -> str:
    """Return what people wrote, below a heading: (what is told of a text, the text)."""
    shown = "".join(
        f'<li><p class="source">{plain_text(told)}</p>'
        f'<blockquote dir="auto">{plain_text(text)}</blockquote></li>\n'
        for told, text in quoted
    )
    return f'<div class="quotations">\n<h3>{plain_text(heading)}</h3>\n<ol>\n{shown}</ol>\n</div>\n'
