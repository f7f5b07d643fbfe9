"""Text of others, shown to a person: characters that act on a terminal, or hide, are escaped.

A file may be called ``evil\\nError: all fine``, a column may hold a mark that turns the rest of the
line around. As text such characters are shown as Python writes them; in JSON as JSON writes them,
so that the reader gets back what was there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unicodedata import category

# Control characters, format characters (marks of direction, zero width), line and paragraph
# separators, and the surrogates that stand for the bytes of a name that isn't UTF-8.
UNSAFE = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))


def escaped(text: str) -> str:
    r"""Return text on one line, without a character that would act on the terminal.

    >>> print(escaped("evil\nError: all fine \u202egnp.exe"))
    evil\nError: all fine \u202egnp.exe
    >>> escaped("Füße, 映画")
    'Füße, 映画'
    """
    return _replaced(text, _as_python)


def escaped_page(text: str) -> str:
    """Return text of several lines, each escaped."""
    return "\n".join(map(escaped, text.split("\n")))


def json_text(value: Any, indent: int | None = None) -> str:  # Any: as json.dumps
    r"""Return a value as JSON, unsafe characters in its strings escaped.

    >>> print(json_text({"name": "a\nb \u202e \udcff"}))
    {"name": "a\nb \u202e \udcff"}
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    # The newlines that are left are those between lines.
    return "\n".join(_replaced(line, _as_json) for line in text.split("\n"))


def _replaced(line: str, escape: Callable[[str], str]) -> str:
    if line.isprintable():
        return line
    return "".join(escape(one) if category(one) in UNSAFE else one for one in line)


def _as_python(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _as_json(character: str) -> str:
    return json.dumps(character)[1:-1]
