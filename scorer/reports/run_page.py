"""The page of a run: what its JSON report says, for people who look rather than read.

All figures are those of the report, so that both agree. It stays small, whatever the run: of many
files the failed and the slowest are listed, and long texts are cut.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from scorer.insight.drift import Drift
from scorer.insight.examples import Example, Examples
from scorer.job.result import FAILED, SCORED, SKIPPED, STOPPED
from scorer.pages.page import notice, page, page_mark, paragraph, quotations, section
from scorer.pages.tables import facts, figures, table
from scorer.pages.text import cut_text
from scorer.planning.options import Options
from scorer.reports import run_charts
from scorer.reports.report import FileReport, Report
from scorer.reports.run_charts import duration, percent
from scorer.reports.text import MEASURES, drift_line
from scorer.storage.failures import writing
from scorer.storage.whole_file import whole_file

MARK = "scorer run"
# What every release writes first into such a page.
PAGE_MARK = page_mark(MARK)
# Files that are listed, and the characters of what is told of each.
MOST_FILES, LONGEST_PATH, LONGEST_REASON = 200, 200, 300
# What else there may be much of.
MOST_WORKERS, MOST_NOTES = 50, 50
FIRST_OF_ALL = (FAILED, STOPPED)
# What is told of rows, by the key of the report.
OF_ROWS = {
    "positive": "labelled positive",
    "without_text": "without text: no score",
    "other_language": "in another language: no score",
    "too_unknown": "with too many unknown words: no score",
    "uncertain": "uncertain: a score, and no label",
    "unknown_heavy": "half of whose words are unknown, or more",
    "truncated": "longer than the model reads: cut to their end",
    "invalid_utf8": "with invalid UTF-8, mended",
    "repeated": "whose text had been scored in this run",
    "from_outputs": "whose score an earlier output had",
    "reused": "scored by a run that was stopped",
}


def run_page(report: Report, examples: Examples | None = None) -> str:
    """Return the page.

    Args:
        report: of the run.
        examples: reviews to show; None if nobody asked for them.
    """
    return page(
        f"Reviews scored on {report.started[:10]} at {report.started[11:16]} UTC",
        MARK,
        paragraph(_told(report)),
        figures(list(_headline(report))),
        *_notices(report),
        _scores(report),
        _rows(report),
        _drift(report.drift),
        _speed(report),
        _files(report),
        _examples(examples),
        _origin(report),
    )


def write_run_page(path: Path, report: Report, examples: Examples | None) -> None:
    """Write the page; it appears whole.

    Raises:
        OutputError: it can't be written.
    """
    with writing(path), whole_file(path) as temporary:
        temporary.write_text(run_page(report, examples), encoding="utf-8")


def _told(report: Report) -> str:
    count, model = len(report.files), cut_text(report.model.name, LONGEST_PATH)
    files = f"{count:,} file{'' if count == 1 else 's'} of reviews"
    engine = f" on {report.engine}" if report.engine else ""
    return f"{files}, by the model {model}{engine}, in {duration(report.total.seconds)}."


def _headline(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the figures that matter most; those that tell of no trouble only if there is any."""
    total = report.total
    yield "rows", f"{total.rows:,}"
    yield "positive", percent(total.positive_share)
    yield "unknown words", percent(total.unknown_rate)
    yield "rows a second", f"{total.rows_per_second:,.0f}"
    yield "files scored", f"{report.scored:,}"
    if report.skipped:
        yield "already done", f"{report.skipped:,}"
    if report.failed:
        yield "failed", f"{report.failed:,}"


def _notices(report: Report) -> Iterator[str]:
    """Yield what must not be overlooked."""
    if report.failed:
        count = f"{report.failed:,} of {len(report.files):,}"
        yield notice(f"{count} files failed; they are the first in the list below.")
    if report.drift is not None and report.drift.is_drift:
        yield notice(f"{_cut(drift_line(report.drift))}.")
    success = report.success_file
    if success is not None and not success.is_written:
        yield notice(f"No {_cut(success.path)}: {_cut(success.reason)}.")


def _cut(text: str) -> str:
    return cut_text(text, LONGEST_REASON)


def _scores(report: Report) -> str:
    if report.distribution is None:
        told = "No row was scored in this run; what was done before is told by the run that did it."
        return section("Scores", paragraph(told))
    charts = [run_charts.histogram(report.total)]
    if report.drift is not None:
        charts.append(run_charts.compared_scores(report.distribution, report.drift.norm))
    return section("Scores", *charts)


def _rows(report: Report) -> str:
    bins, total = report.distribution, report.total
    if bins is None:
        return ""
    norm = None if report.drift is None else report.drift.norm
    counts = {told: getattr(total, name) for name, told in OF_ROWS.items()}
    rows = (
        (told, f"{count:,}", percent(count / total.rows)) for told, count in counts.items() if count
    )
    return section(
        "Reviews",
        run_charts.lengths(bins, norm),
        run_charts.unknown_words(bins, norm),
        table(f"Of {total.rows:,} rows", ["rows", "number", "share"], rows),
    )


def _drift(drift: Drift | None) -> str:
    if drift is None:
        return ""
    rows = []
    for one in drift.measures:
        found = "drift" if one.is_drift else "no drift"
        rows.append((MEASURES[one.name], f"{one.psi:.4f}", f"{one.chance:.4f}", found))
    head = ["measure", "index", "by chance", "outcome"]
    told = (
        f"The population stability index tells how far the rows lie from {_cut(str(drift.norm))}; "
        f"from {drift.threshold:g} on, and beyond what chance gives, it is called drift."
    )
    return section("Drift", paragraph(told), table("How far the rows lie", head, rows))


def _speed(report: Report) -> str:
    total, charts = report.total, []
    if report.throughput is not None and len(report.throughput.rows) > 2:
        charts.append(run_charts.speed(report.throughput))
    if total.rows:
        charts.append(run_charts.stages(total.stage_seconds))
    told = (
        f"{duration(total.seconds)} by the clock and {duration(report.cpu_seconds)} of processor "
        f"time on {report.threads:,} thread{'' if report.threads == 1 else 's'}; at most "
        f"{report.peak_memory_bytes / 2**20:,.0f} MiB of memory."
    )
    return section("Speed", paragraph(told), *charts)


# Files


def _files(report: Report) -> str:
    listed = heapq.nsmallest(MOST_FILES, report.files, key=_place)
    rows = (
        (
            _path(one.input),
            one.status,
            f"{one.figures.rows:,}",
            duration(one.figures.seconds) if one.figures.seconds else "–",
            _cut("; ".join(filter(None, (one.reason, one.note)))),
        )
        for one in listed
    )
    head = ["file", "outcome", "rows", "time", "reason"]
    parts = [table(_caption(report, len(listed)), head, rows, texts=(1, 4))]
    rest = len(report.files) - len(listed)
    if rest:
        told = f"{rest:,} more files are not listed; the JSON report (--report) names each."
        parts.append(paragraph(told))
    for count, what in (
        (report.left_aside.files, "other files lie in the folders of the inputs, left aside"),
        (report.outputs_without_input.files, "outputs have no input any more; they stay"),
    ):
        if count:
            parts.append(paragraph(f"{count:,} {what}."))
    return section("Files", *parts)


def _place(report: FileReport) -> tuple[bool, float]:
    """Return where a file stands in the list: what isn't done first, then the slowest."""
    return report.status not in FIRST_OF_ALL, -report.figures.seconds


def _caption(report: Report, listed: int) -> str:
    statuses = {SCORED: report.scored, SKIPPED: report.skipped, FAILED: report.failed}
    counts = ", ".join(f"{count:,} {status}" for status, count in statuses.items() if count)
    which = "" if listed == len(report.files) else f"; {listed:,} of them"
    return f"{counts or 'No file'}{which}; failures first, then the slowest"


def _path(path: str) -> str:
    """Return the end of a path: there files differ."""
    return path if len(path) <= LONGEST_PATH else f"…{path[1 - LONGEST_PATH :]}"


# Examples


def _examples(examples: Examples | None) -> str:
    if examples is None:
        return ""
    if examples.problem:
        return section("Examples", paragraph(_cut(examples.problem)))
    return section(
        "Examples",
        paragraph("Of the files that this run scored; of reviews with the same score the first."),
        quotations("The surest scores", map(_quoted, examples.surest)),
        quotations("The least sure scores", map(_quoted, examples.least_sure)),
    )


def _quoted(example: Example) -> tuple[str, str]:
    where = f"{_path(str(example.task.input))}, row {example.row:,}"
    told = f"{example.score:.4f} {example.label} · {where}"
    return told, f"{example.text}…" if example.is_cut else example.text


# How it was scored


def _origin(report: Report) -> str:
    parts = [facts(_facts(report))]
    if report.workers:
        rows = [(one.host, f"{one.processes:,}", f"{one.files:,}") for one in report.workers]
        parts.append(table("Workers", ["host", "processes", "files"], rows[:MOST_WORKERS]))
    parts += (paragraph(_cut(note)) for note in report.notes[:MOST_NOTES])
    return section("How it was scored", *parts)


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    yield "model", _path(report.model.name)
    yield "SHA-256 of the model", report.model.sha256
    yield from _options(report.options)
    yield "versions", ", ".join(f"{name} {version}" for name, version in report.versions.items())
    if report.fingerprint is not None:
        yield "fingerprint of the arithmetic", report.fingerprint
    if report.engine:
        yield "engine", report.engine
    if report.shard is not None:
        number = report.shard.number
        yield "shard", f"{f'{number:,}' if number else 'all'} of {report.shard.of:,}"
    if report.retries:
        yield "requests tried again", f"{report.retries:,}"
    if report.success_file is not None and report.success_file.is_written:
        yield "all is done", _path(report.success_file.path)


def _options(options: Options) -> Iterator[tuple[str, str]]:
    """Yield the options that aren't what they are without a word."""
    for one in fields(options):
        value = getattr(options, one.name)
        if value != one.default:
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            yield f"option {one.name}", _cut(shown) or "none"
