"""``scorer text``: score what is typed."""

from __future__ import annotations

import click

from scorer.cli.options import MODEL_OPTION
from scorer.console import show

LONGEST_SHOWN = 90


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@MODEL_OPTION
def text(texts: tuple[str, ...], model: str | None) -> None:
    """Score what you type.

    \b
    Example:
      scorer text "I loved every minute of it." "What a waste of an evening."
    """
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(model)
    scores = loaded.score(texts)
    for one, score, label in zip(texts, scores, loaded.label(scores), strict=True):
        show(score_line(None if label is None else float(score), label, one))


def score_line(score: float | None, label: str | None, text: str) -> str:
    """Return a review's line: score, label and the beginning of its text.

    >>> score_line(0.97, "positive", "A delight.")
    '0.970  positive  A delight.'
    """
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return f"{'-' if score is None else f'{score:.3f}':>5}  {label or 'no text':<8}  {shown}"
