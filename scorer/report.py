"""What a run says on the terminal and as JSON, and what is known of a model."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scorer.files import whole_file
from scorer.kernel import Counts
from scorer.model import SentimentModel
from scorer.parquet import writing
from scorer.result import FAILED, PLANNED, SCORED, SKIPPED, FileResult, JobResult

REPORT_VERSION = 1


def file_line(result: FileResult) -> str:
    """Return the line of one file."""
    if result.status == FAILED:
        return f"failed   {result.reason}"
    if result.status == SKIPPED:
        return f"skipped  {result.task.output}: {result.reason}"
    reasons = "; ".join(filter(None, (result.reason, _kept(result.reused))))
    if result.status == PLANNED:
        return f"planned  {result.task.output}: {result.counts.rows:,} rows; {reasons}"
    speed = f"{result.seconds:.1f} s, {result.counts.rows / max(result.seconds, 1e-9):,.0f} rows/s"
    return f"scored   {result.task.output}: {counts_line(result.counts)}; {speed}{f' ({reasons})' if reasons else ''}"


def _kept(rows: int) -> str:
    return f"{rows:,} rows were scored by a run that was stopped" if rows else ""


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
    """Return the last line of a run, or of a preview."""
    parts = [f"{result.count(status)} {status}" for status in (SCORED, PLANNED, SKIPPED, FAILED) if result.count(status)]
    files = "1 file" if len(result.files) == 1 else f"{len(result.files):,} files"
    what = "to write" if result.count(PLANNED) else "written"
    return f"{files}: {', '.join(parts)}; {result.counts.rows:,} rows {what}"


def write_report(result: JobResult, path: Path) -> None:
    """Write the JSON report of a run.

    Raises:
        OutputError: it can't be written.
    """
    content = json.dumps(report_dict(result), indent=1, ensure_ascii=False)
    with writing(path), whole_file(path) as temporary:
        temporary.write_bytes(content.encode("utf-8", "replace") + b"\n")


def report_dict(result: JobResult) -> dict[str, Any]:
    """Return a run as JSON types; what each means stands in the README."""
    return {
        "report_version": REPORT_VERSION,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(result.started)),
        "model": dict(result.model),
        "versions": dict(result.versions),
        "options": dict(result.options),
        "threads": result.threads,
        "peak_memory_bytes": result.peak_memory,
        "cpu_seconds": round(result.cpu_seconds, 6),
        "scored": result.count(SCORED),
        "skipped": result.count(SKIPPED),
        "failed": result.count(FAILED),
        "total": _figures(result.counts, result.reused, result.seconds, result.stages),
        "files": [_file_dict(one) for one in result.files],
    }


def _file_dict(result: FileResult) -> dict[str, Any]:
    return {
        "input": str(result.task.input),
        "output": str(result.task.output),
        "status": result.status,
        "reason": result.reason,
        **_figures(result.counts, result.reused, result.seconds, result.stages),
    }


def _figures(counts: Counts, reused: int, seconds: float, stages: Mapping[str, float]) -> dict[str, Any]:
    return {
        "rows": counts.rows,
        "reused": reused,
        "without_text": counts.without_text,
        "invalid_utf8": counts.invalid,
        "truncated": counts.truncated,
        "tokens": counts.tokens,
        "unknown_tokens": counts.unknown,
        "unknown_rate": _share(counts.unknown, counts.tokens),
        "positive": counts.positive,
        "positive_share": _share(counts.positive, counts.scored),
        "score_histogram": list(counts.histogram),
        "seconds": round(seconds, 6),
        "stage_seconds": {stage: round(spent, 6) for stage, spent in stages.items()},
        "rows_per_second": round(counts.rows / seconds, 1) if seconds else 0.0,
    }


def _share(part: int, whole: int) -> float | None:
    """Return a share, rounded to six places; None of nothing."""
    return round(part / whole, 6) if whole else None


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
        ("trained on", _pairs({name: value for name, value in card.origin["data"].items() if name != "teachers"})),
        *(("teacher", teacher["command"]) for teacher in card.origin["data"].get("teachers", ())),
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
