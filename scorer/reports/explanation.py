"""What carried a score, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scorer.insight.explanation import Explanation, Word
from scorer.system.escape import escaped
from scorer.system.records import Json

# How strong a word is, by its share of the strongest one's contribution: from 1 to 3.
LEVELS = (0.1, 0.3, 0.6)
# Backgrounds by sign and level, of the 256 colours that a terminal knows, for black text.
POSITIVE, NEGATIVE = (194, 157, 114), (224, 217, 210)
MOST_TOLD = 10


@dataclass(frozen=True)
class Piece:
    """A part of a review's text: a word that the network read, or what stands between.

    Attributes:
        text: as it was written.
        word: which one it is; None for what stands between.
        level: how strong, from 0 to 3.
    """

    text: str
    word: Word | None = None
    level: int = 0


def pieces(explanation: Explanation) -> Iterator[Piece]:
    """Yield the whole text of a review in pieces, in order."""
    text, place = explanation.text, 0
    most = max((abs(word.contribution) for word in explanation.words), default=0.0)
    for word in explanation.words:
        # A rule may put two tokens for one place.
        start = max(word.start, place)
        if start > place:
            yield Piece(text[place:start])
        if word.end > start:
            share = abs(word.contribution) / most if most else 0.0
            yield Piece(text[start : word.end], word, sum(share >= level for level in LEVELS))
        place = max(place, word.end)
    if place < len(text):
        yield Piece(text[place:])


def explanation_text(explanation: Explanation, *, colours: bool, name: str = "") -> str:
    """Return an explanation as lines: the score, the text with its words marked, what weighs most.

    Args:
        explanation: of a review.
        colours: whether words are coloured; otherwise each has its sign behind it, up to three
            times: ``great[+++]``.
        name: of the review, put before it.
    """
    head = f"{escaped(name)}  " if name else ""
    if explanation.score is None:
        return f"{head}    -  no text   {escaped(explanation.text)}".rstrip()
    mark = _coloured if colours else _marked
    lines = [
        f"{head}{explanation.score:.3f}  {explanation.label}  {_sum(explanation)}",
        "".join(map(mark, pieces(explanation))),
        *map(_line, explanation.strongest[:MOST_TOLD]),
    ]
    if explanation.unread:
        lines.insert(1, f"(the first {explanation.unread:,} words were not read)")
    return "\n".join(lines)


def explanation_json(explanation: Explanation) -> dict[str, Json]:
    """Return an explanation as JSON."""
    is_scored = explanation.score is not None
    return {
        "text": explanation.text,
        "score": explanation.score,
        "label": explanation.label,
        "logit": explanation.logit if is_scored else None,
        "bias": explanation.bias if is_scored else None,
        "calibration": explanation.calibration if is_scored else None,
        "unread": explanation.unread,
        "words": [_word_json(word) for word in explanation.words],
    }


def _word_json(word: Word) -> dict[str, Json]:
    without = word.score_without
    return {
        "token": word.token,
        "start": word.start,
        "end": word.end,
        "contribution": word.contribution,
        **({} if without is None else {"score_without": without}),
    }


def _sum(explanation: Explanation) -> str:
    words = sum(word.contribution for word in explanation.words)
    return (
        f"logit {explanation.logit:+.2f} = words {words:+.2f}, bias {explanation.bias:+.2f}, "
        f"calibration {explanation.calibration:+.2f}"
    )


def _line(word: Word) -> str:
    without = "" if word.score_without is None else f"   {word.score_without:.3f} without it"
    return f"  {word.contribution:+.2f}  {escaped(word.token)}{without}"


def _coloured(piece: Piece) -> str:
    if piece.word is None or not piece.level:
        return escaped(piece.text)
    colours = POSITIVE if piece.word.contribution > 0 else NEGATIVE
    return f"\x1b[30;48;5;{colours[piece.level - 1]}m{escaped(piece.text)}\x1b[0m"


def _marked(piece: Piece) -> str:
    if piece.word is None or not piece.level:
        return escaped(piece.text)
    sign = "+" if piece.word.contribution > 0 else "-"
    return f"{escaped(piece.text)}[{sign * piece.level}]"
