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
LONGEST_METRICS = 1 << 20


def check_report_target(path: Path) -> None:
    """Check that ``--report`` replaces no file of somebody else's.

    Raises:
        UsageError: something stands there that isn't a report of ours, or can't be read.
    """
    content = _content(path, "--report")
    if content and not REPORT_START.match(content):
        raise _foreign(path, "--report", "a report")


def check_metrics_target(path: Path) -> None:
    """Check that ``--metrics-file`` replaces no file of somebody else's.

    Raises:
        UsageError: something stands there that isn't a metrics file of ours, or can't be read.
    """
    content = _content(path, "--metrics-file")
    lines = [line for line in content.splitlines() if line.strip()]
    if not all(map(METRIC_LINE.match, lines)):
        raise _foreign(path, "--metrics-file", "a metrics file")


def _content(path: Path, option: str) -> bytes:
    """Return the beginning of what stands there; nothing if nothing does."""
    try:
        what = other_kind(path)
        if what is not None:
            raise UsageError(
                f"checking {option}: {what} stands at {path}, and only a regular file is replaced; "
                f"name another file, or write to stdout with {option} -"
            )
        with path.open("rb") as file:
            return file.read(LONGEST_METRICS)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(
            f"checking {option}: {path} can't be read: {one_line(error)}; name another file"
        ) from error


def _foreign(path: Path, option: str, what: str) -> UsageError:
    return UsageError(
        f"checking {option}: the file {path} is not {what} of scorer's; "
        "name another file, or remove that one first"
    )
