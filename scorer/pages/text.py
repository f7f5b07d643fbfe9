"""Texts of others on a page: they do nothing there but be read."""

from __future__ import annotations

from html import escape
from unicodedata import category

from scorer.system.escape import escaped

# They turn the direction of what follows (Unicode Standard Annex 9).
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_text(text: str) -> str:
    r"""Return text that does nothing in HTML but be read.

    Characters that turn the reading direction, that are none of HTML's, or that stand for a byte
    of a name that isn't UTF-8, are written out.

    >>> plain_text('<b title="x">\u202e\x00 &amp;')
    '&lt;b title=&quot;x&quot;&gt;\\u202e\\x00 &amp;amp;'
    """
    if not text.isprintable():
        text = "".join(escaped(one) if _acts(one) else one for one in text)
    return escape(text)


def cut_text(text: str, most: int) -> str:
    """Return text of at most so many characters, an ellipsis in the place of the rest.

    >>> cut_text("a wonderful film", 7)
    'a wond…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _acts(character: str) -> bool:
    if character in DIRECTIONS or category(character) == "Cs":
        return True
    is_control = not character.isprintable() and ord(character) < 0xA0
    return is_control and character not in "\t\n"
