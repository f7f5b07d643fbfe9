"""What carried a score, as HTML: a page of several reviews, or the fragment that a notebook shows.

A review's text is somebody else's: it does nothing there but be read. The fragment brings its own
style, so that it looks alike wherever it is shown.
"""

from __future__ import annotations

from scorer.insight.explanation import Explanation, Word
from scorer.pages.page import page_mark, page_start, paragraph
from scorer.pages.text import plain_text
from scorer.reports.explanation import MOST_TOLD, Piece, pieces

MARK = "scorer explain"
# What every release writes first into such a page.
PAGE_MARK = page_mark(MARK)
PAGE_START = page_start("What carried the scores", MARK) + paragraph(
    "A word's colour says which way it moved the score, green to positive and red to negative, and "
    "how far; its tip says by how much, in the logit."
)

# Red, green, blue; the strength is the opacity.
GREEN, RED = "46,160,67", "218,54,51"
OPACITIES = (0.0, 0.2, 0.4, 0.65)
BLOCK = (
    "font-family: system-ui, sans-serif; line-height: 1.7; overflow-wrap: anywhere; "
    "unicode-bidi: isolate; margin: 1em 0; border-top: 1px solid #8884"
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
