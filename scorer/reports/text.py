"""What a run says on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from scorer.insight.drift import Drift
from scorer.job.result import (
    FAILED,
    PLANNED,
    SCORED,
    SKIPPED,
    STOPPED,
    Changes,
    FileResult,
    JobResult,
    SuccessFile,
)
from scorer.kernel import Counts
from scorer.known.spared import Spared
from scorer.planning.inputs import counted
from scorer.system.records import Json
from scorer.tables.parquet_reader import DEFAULT_COMPRESSION

LEAST_REPEATED = 1000
LEAST_SHARE_REPEATED = 0.01
# In words.
MEASURES = {"score": "score", "length": "length", "unknown": "unknown words"}


def file_line(result: FileResult) -> str:
    """Return the line of one file."""
    return f"{result.status:<9}{file_message(result)}"


def file_message(result: FileResult) -> str:
    """Return what there is to say of one file, beside its status."""
    if result.status == FAILED:
        return result.reason
    if result.status in (SKIPPED, STOPPED):
        return f"{result.task.output}: {result.reason}"
    parts = (
        result.reason,
        _reused(result.reused),
        *_spared(result.spared, result.counts.rows),
        *_changes(result.changes),
    )
    reasons = "; ".join(filter(None, parts))
    if result.status == PLANNED:
        rows = (
            f"{result.counts.rows:,} rows" if result.is_counted else "rows unknown before the run"
        )
        if result.to_score is not None:
            reasons += f"; would score {result.to_score:,} of {rows.removesuffix(' rows')}"
        return f"{result.task.output}: {rows}; {reasons}"
    rows_per_second = result.counts.rows / max(result.seconds, 1e-9)
    speed = f"{result.seconds:.1f} s, {rows_per_second:,.0f} rows/s"
    behind = f" ({reasons})" if reasons else ""
    return f"{result.task.output}: {counts_line(result.counts)}; {speed}{behind}"


def _reused(rows: int) -> str:
    return f"{rows:,} rows were scored by a run that was stopped" if rows else ""


def _spared(spared: Spared, rows: int) -> Iterator[str]:
    """Yield how many rows weren't scored; a few that repeat a text are not worth a word."""
    if spared.from_outputs:
        yield f"{spared.from_outputs:,} rows had a score in an earlier output"
    if spared.repeated >= max(LEAST_REPEATED, LEAST_SHARE_REPEATED * rows):
        yield f"{spared.repeated:,} rows repeat a text"


def _changes(changes: Changes) -> Iterator[str]:
    """Yield what an output holds otherwise than its input."""
    if changes.times_truncated:
        yield f"INT96 times cut to microseconds: {changes.times_truncated:,}"
    if changes.codecs_replaced:
        yield (
            f"columns compressed with {DEFAULT_COMPRESSION}, since their codec can't be written: "
            f"{changes.codecs_replaced:,}"
        )


def counts_line(counts: Counts) -> str:
    """Return what was found in some rows; what wasn't found is left out.

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
    return ", ".join((*parts, *_not_known(counts)))


def _not_known(counts: Counts) -> Iterator[str]:
    """Yield how often the model didn't know, by what."""
    for number, what in (
        (counts.unknown_heavy, "with half of their words unknown or more"),
        (counts.other_language, "not scored for their language"),
        (counts.too_unknown, "not scored for unknown words"),
        (counts.uncertain, "uncertain"),
    ):
        if number:
            yield f"{number:,} {what}"


def summary(result: JobResult) -> str:
    """Return the last line of a run, or of a preview."""
    statuses = (SCORED, PLANNED, SKIPPED, FAILED, STOPPED)
    parts = [f"{result.count(status)} {status}" for status in statuses if result.count(status)]
    files = _files(result)
    if not parts:
        return f"{files}: nothing to do"
    what = "to write" if result.count(PLANNED) else "written"
    rows = f"{result.counts.rows:,} rows {what}"
    uncounted = result.totals.uncounted
    if uncounted:
        rows += f", and those of {uncounted:,} of the files, unknown before the run"
    parts = [f"{files}: {', '.join(parts)}", rows]
    spared = _spared(result.spared, result.counts.rows)
    return "; ".join(filter(None, (*parts, *spared, ", ".join(_not_known(result.counts)))))


def _files(result: JobResult) -> str:
    share, files = result.share, f"{len(result.files):,}"
    if share is None or share.number is None:
        of = "" if share is None else f" of {share.of:,} shard{'' if share.of == 1 else 's'}"
        return f"{files} file{'' if files == '1' else 's'}{of}"
    all_files = f"{share.files:,} file{'' if share.files == 1 else 's'}"
    return f"shard {share.number:,} of {share.of:,}: {files} of {all_files}"


def closing_lines(result: JobResult) -> list[str]:
    """Return what else there is to say: files that the run did not touch, and its notes."""
    lines = []
    if result.left_aside.files:
        lines.append(f"left aside: {counted(result.left_aside, 'other file')}")
    if result.without_input.files:
        lines.append(f"no input for {counted(result.without_input, 'output')}; they stay")
    if result.success_file is not None:
        lines.append(success_line(result.success_file))
    if result.retries:
        lines.append(f"requests to a store that were tried again: {result.retries:,}")
    return [*lines, *result.notes]


def success_line(found: SuccessFile) -> str:
    """Return what became of ``_SUCCESS``.

    >>> success_line(SuccessFile("out/_SUCCESS", is_written=True))
    'out/_SUCCESS says that all is done'
    """
    if found.is_written:
        return f"{found.path} says that all is done"
    return f"no {found.path}: {found.reason}"


def drift_lines(drift: Drift | None, *, is_asked: bool) -> list[str]:
    """Return what there is to say of drift: at most a line; if nobody asked, only of drift."""
    if drift is None:
        return ["no row was scored, so no drift is told"] if is_asked else []
    return [drift_line(drift)] if is_asked or drift.is_drift else []


def drift_line(drift: Drift) -> str:
    """Return how far the rows of a run lie from what they are compared with.

    As in ``no drift from the 2,000 held-out reviews of films: score 0.01, length 0.02, unknown
    words 0.01``; what drifted is marked.
    """
    measures = ", ".join(
        f"{MEASURES[one.name]} {one.psi:.2f}{' (drift)' if one.is_drift else ''}"
        for one in drift.measures
    )
    nearest = ", the nearest domain" if drift.is_nearest else ""
    return f"{'DRIFT' if drift.is_drift else 'no drift'} from {drift.norm}{nearest}: {measures}"


def drift_facts(drift: Drift | None) -> dict[str, Json]:
    """Return the keys of drift in the JSON log: the index of each measure, and those that drifted.

    There are none without drift.
    """
    if drift is None or not drift.is_drift:
        return {}
    psi = {one.name: round(one.psi, 4) for one in drift.measures}
    return {"psi": psi, "drifted": [one.name for one in drift.measures if one.is_drift]}


def file_facts(result: FileResult) -> dict[str, Json]:
    """Return the keys of a file in the JSON log."""
    return {
        "input": str(result.task.input),
        "output": str(result.task.output),
        "status": result.status,
        "rows": result.counts.rows if result.is_counted else None,
        "seconds": round(result.seconds, 6),
        **({"reason": result.reason} if result.reason else {}),
        **({"note": result.note} if result.note else {}),
    }


def job_facts(result: JobResult) -> dict[str, Json]:
    """Return the keys of a job in the JSON log."""
    statuses = (SCORED, SKIPPED, FAILED)
    return {
        **{status: result.count(status) for status in statuses},
        "rows": result.counts.rows,
        "seconds": round(result.seconds, 6),
        **({"shard": result.share.number, "shards": result.share.of} if result.share else {}),
    }
