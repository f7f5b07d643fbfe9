"""What carried a score, as HTML: a page of several reviews, or the fragment that a notebook shows.

A review's text is somebody else's: it is escaped, characters that turn the reading direction or are
none of HTML's are written out, and the page lets nothing run and nothing be loaded.
"""

from __future__ import annotations

from html import escape

from scorer.insight.explanation import Explanation, Word
from scorer.reports.explanation import MOST_TOLD, Piece, pieces
from scorer.system.escape import escaped

# What every release writes first into such a page.
PAGE_MARK = "<!doctype html>\n<!-- scorer explain -->\n"
PAGE_START = f"""{PAGE_MARK}<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What carried the scores</title>
<style>body {{ max-width: 60em; margin: 2em auto; padding: 0 1em }}</style>
<p style="font-family: sans-serif">A word's colour says which way it moved the score, green to
positive and red to negative, and how far; its tip says by how much, in the logit.</p>
"""
PAGE_END = "</html>\n"

# Red, green, blue; the strength is the opacity.
GREEN, RED = "46,160,67", "218,54,51"
OPACITIES = (0.0, 0.2, 0.45, 0.75)
# They turn the direction of what follows (Unicode Standard Annex 9).
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BLOCK = (
    "font-family: sans-serif; line-height: 1.7; overflow-wrap: anywhere; unicode-bidi: isolate; "
    "margin: 1em 0; border-top: 1px solid #8884"
)


def fragment(explanation: Explanation, name: str = "") -> str:
    """Return the HTML of one review, styles and all."""
    title = f"<b>{plain_text(name)}</b> " if name else ""
    if explanation.score is None:
        head = f"{title}no text"
    else:
        head = (
            f"{title}<b>{explanation.score:.3f} {plain_text(str(explanation.label))}</b> "
            f"<small>logit {explanation.logit:+.2f}: bias {explanation.bias:+.2f}, calibration "
            f"{explanation.calibration:+.2f}, the rest by the words</small>"
        )
    if explanation.unread:
        head += f"<br><small>the first {explanation.unread:,} words were not read</small>"
    body = "".join(map(_piece, pieces(explanation)))
    return (
        f'<div style="{BLOCK}"><p>{head}</p>'
        f'<p dir="auto" style="white-space: pre-wrap">{body}</p>{_without(explanation)}</div>\n'
    )


def _piece(piece: Piece) -> str:
    if piece.word is None:
        return plain_text(piece.text)
    colour, opacity = GREEN if piece.word.contribution > 0 else RED, OPACITIES[piece.level]
    style = f' style="background:rgba({colour},{opacity})"' if piece.level else ""
    return f'<span{style} title="{piece.word.contribution:+.3f}">{plain_text(piece.text)}</span>'


def _without(explanation: Explanation) -> str:
    """Return a table of what the score would be without each of the strongest words, if known."""
    words = [word for word in explanation.strongest[:MOST_TOLD] if word.score_without is not None]
    if not words:
        return ""
    head = "<tr><th>word<th>adds<th>score without it</tr>"
    return f'<table style="font-size: small">{head}{"".join(map(_row, words))}</table>'


def _row(word: Word) -> str:
    cells = (plain_text(word.token), f"{word.contribution:+.2f}", f"{word.score_without:.3f}")
    return f"<tr><td>{'<td>'.join(cells)}</tr>"


def plain_text(text: str) -> str:
    r"""Return text that does nothing in HTML but be read.

    >>> plain_text('<b title="x">\u202e\x00 &amp;')
    '&lt;b title=&quot;x&quot;&gt;\\u202e\\x00 &amp;amp;'
    """
    if not text.isprintable():
        text = "".join(escaped(one) if _acts(one) else one for one in text)
    return escape(text)


def _acts(character: str) -> bool:
    is_control = not character.isprintable() and ord(character) < 0xA0
    return character in DIRECTIONS or (is_control and character not in "\t\n")
