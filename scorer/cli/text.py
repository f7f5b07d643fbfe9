"""``scorer text``: score what is typed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import groupby, islice

import click

from scorer.cli.options import MODEL_OPTION
from scorer.console import show
from scorer.system.escape import escaped, json_text

LONGEST_SHOWN = 90
STANDARD_INPUT = "-"
# Lines of stdin that are scored together; typed ones are answered one by one.
LINES_AT_ONCE = 256


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object a line: text, score, label."
)
@MODEL_OPTION
def text(texts: tuple[str, ...], model: str | None, *, as_json: bool) -> None:
    """Score what you type, or the lines of stdin where TEXT is -.

    \b
    Examples:
      scorer text "I loved every minute of it." "What a waste of an evening."
      scorer text --json - <reviews.txt
    """
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(model)
    for raw in typed_texts(texts):
        scores = loaded.score(raw)
        for one, score, label in zip(raw, scores, loaded.label(scores), strict=True):
            shown = json_line if as_json else score_line
            found = None if label is None else float(score)
            show(shown(found, label, one.decode("utf-8", "replace")))


def typed_texts(texts: tuple[str, ...]) -> Iterator[list[bytes]]:
    """Yield the texts that were typed, as bytes; where ``-`` stands, the lines of stdin."""
    for is_stdin, group in groupby(texts, STANDARD_INPUT.__eq__):
        if not is_stdin:
            yield [os.fsencode(one) for one in group]
            continue
        rows = 1 if sys.stdin.isatty() else LINES_AT_ONCE
        # readline, because the iterator would read ahead of what is typed.
        lines = iter(sys.stdin.buffer.readline, b"")
        while batch := [line.rstrip(b"\r\n") for line in islice(lines, rows)]:
            yield batch


def json_line(score: float | None, label: str | None, text: str) -> str:
    """Return a review's line as JSON.

    >>> json_line(0.97, "positive", "A delight.")
    '{"text": "A delight.", "score": 0.97, "label": "positive"}'
    """
    return json_text({"text": text, "score": score, "label": label})


def score_line(score: float | None, label: str | None, text: str) -> str:
    """Return a review's line: score, label and the beginning of its text.

    >>> score_line(0.97, "positive", "A delight.")
    '0.970  positive  A delight.'
    """
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return (
        f"{'-' if score is None else f'{score:.3f}':>5}  {label or 'no text':<8}  {escaped(shown)}"
    )
