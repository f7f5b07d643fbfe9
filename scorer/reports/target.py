"""Where a report may be written: to stdout, or in the place of nothing, or of a report of ours."""

from __future__ import annotations

import re
from pathlib import Path

from scorer.errors import UsageError, one_line
from scorer.reports.prometheus import PREFIX
from scorer.storage.whole_file import other_kind

# What every release writes first into a report.
REPORT_START = re.compile(rb'\s*\{\s*"report_version"\s*:\s*\d')
METRIC_LINE = re.compile(rf"(?:# (?:HELP|TYPE) )?{PREFIX}_".encode())
# Events are JSON with sorted keys, one a line.
EVENT_LINE = re.compile(rb'\{"eventTime": "')
LONGEST_METRICS = 1 << 20


def check_report_target(path: Path) -> None:
    """Check that ``--report`` replaces no file of somebody else's.

    Raises:
        UsageError: something stands there that isn't a report of ours, or can't be read.
    """
    content = content_at(path, "--report")
    if content and not REPORT_START.match(content):
        raise foreign(path, "--report", "a report")


def check_metrics_target(path: Path) -> None:
    """Check that ``--metrics-file`` replaces no file of somebody else's.

    Raises:
        UsageError: something stands there that isn't a metrics file of ours, or can't be read.
    """
    content = content_at(path, "--metrics-file")
    lines = [line for line in content.splitlines() if line.strip()]
    if not all(map(METRIC_LINE.match, lines)):
        raise foreign(path, "--metrics-file", "a metrics file")


def check_page_target(path: Path, start: str) -> None:
    """Check that ``--html`` replaces no file of somebody else's.

    Args:
        path: of the page.
        start: how each such page begins, of every release.

    Raises:
        UsageError: something stands there that isn't such a page, or can't be read.
    """
    content = content_at(path, "--html", or_stdout=False)
    if content and not content.startswith(start.encode()):
        raise foreign(path, "--html", "a page")


def check_lineage_target(path: Path) -> None:
    """Check that ``--lineage`` appends to no file of somebody else's.

    Raises:
        UsageError: something stands there that doesn't begin with an event, or can't be read.
    """
    content = content_at(path, "--lineage", or_stdout=False)
    if content and not EVENT_LINE.match(content):
        raise foreign(path, "--lineage", "a file of events")


def content_at(path: Path, option: str, *, or_stdout: bool = True) -> bytes:
    """Return the beginning of what stands where a file is to be written; nothing if nothing does.

    Args:
        path: of the file.
        option: that names it, for messages.
        or_stdout: whether the option takes "-" for stdout.

    Raises:
        UsageError: it isn't a regular file, or can't be read.
    """
    try:
        what = other_kind(path)
        if what is not None:
            raise UsageError(
                f"checking {option}: {what} stands at {path}, and only a regular file is replaced; "
                f"name another file{f', or write to stdout with {option} -' if or_stdout else ''}"
            )
        with path.open("rb") as file:
            return file.read(LONGEST_METRICS)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(
            f"checking {option}: {path} can't be read: {one_line(error)}; name another file"
        ) from error


def foreign(path: Path, option: str, what: str) -> UsageError:
    """Return the error that a file isn't what the option writes."""
    return UsageError(
        f"checking {option}: the file {path} is not {what} of scorer's; "
        "name another file, or remove that one first"
    )
