"""What a run says on the terminal."""

from __future__ import annotations

from typing import Any

from scorer.job import FAILED, SCORED, SKIPPED, FileResult, JobResult
from scorer.kernel import Counts
from scorer.model import SentimentModel


def file_line(result: FileResult) -> str:
    """Return the line of one file."""
    if result.status == FAILED:
        return f"failed   {result.reason}"
    if result.status == SKIPPED:
        return f"skipped  {result.task.output}: {result.reason}"
    reason = f" ({result.reason})" if result.reason else ""
    speed = f"{result.seconds:.1f} s, {result.counts.rows / max(result.seconds, 1e-9):,.0f} rows/s"
    return f"scored   {result.task.output}: {counts_line(result.counts)}; {speed}{reason}"


def counts_line(counts: Counts) -> str:
    """Return what was met in some rows, leaving out what wasn't.

    >>> counts_line(Counts(rows=4, positive=1, without_text=2, tokens=10, unknown=1))
    '4 rows, 50.0% positive, 2 without text, 10.0% of words unknown'
    """
    parts = [f"{counts.rows:,} rows"]
    if counts.scored:
        parts.append(f"{counts.positive / counts.scored:.1%} positive")
    for number, what in (
        (counts.without_text, "without text"),
        (counts.invalid, "with invalid UTF-8"),
        (counts.truncated, "cut to their end"),
    ):
        if number:
            parts.append(f"{number:,} {what}")
    if counts.tokens:
        parts.append(f"{counts.unknown / counts.tokens:.1%} of words unknown")
    return ", ".join(parts)


def summary(result: JobResult) -> str:
    """Return the last line of a run."""
    parts = [f"{result.count(status)} {status}" for status in (SCORED, SKIPPED, FAILED) if result.count(status)]
    files = "1 file" if len(result.files) == 1 else f"{len(result.files):,} files"
    return f"{files}: {', '.join(parts)}; {result.counts.rows:,} rows written"


def model_text(model: SentimentModel) -> str:
    """Return what a model file holds, as a page of text."""
    card, tokenizer = model.card, model.card.tokenizer
    lines = [
        ("file", f"{model.file.name}, {len(model.file.content):,} bytes"),
        ("sha256", model.file.sha256),
        ("vocabulary", f"{len(tokenizer.words):,} words, from {tokenizer.words[0]!r} to {tokenizer.words[-1]!r}"),
        ("reads", f"the last {tokenizer.max_tokens} tokens of a review"),
        ("labels", f"{card.labels[1]} from a score of {card.threshold:g}, else {card.labels[0]}"),
        ("calibration", _pairs(card.calibration)),
        *((f"on {name.replace('_', ' ')}", _pairs(figures)) for name, figures in card.figures.items()),
        ("trained on", _pairs(card.origin["data"])),
        ("command", card.origin["command"]),
        ("date", card.origin["date"]),
        ("versions", _pairs(card.origin["versions"])),
        ("examples", f"{len(card.golden)} sentences, all scored as promised"),
    ]
    wide = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{wide}}  {value}" for name, value in lines)


def model_dict(model: SentimentModel) -> dict[str, Any]:
    """Return what a model file holds, as JSON types; of the vocabulary only its size."""
    card = model.card
    return {
        "file": model.file.name,
        "bytes": len(model.file.content),
        "sha256": model.file.sha256,
        "words": len(card.tokenizer.words),
        "max_tokens": card.tokenizer.max_tokens,
        "rules": card.tokenizer.rules.to_dict(),
        "labels": list(card.labels),
        "threshold": card.threshold,
        "calibration": dict(card.calibration),
        "figures": dict(card.figures),
        "origin": dict(card.origin),
        "golden": [{"text": golden.text, "score": golden.score} for golden in card.golden],
    }


def _pairs(values: Any) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
