"""``scorer merge-reports``: what became of all shards of a run, and ``_SUCCESS`` if all is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorer.cli.drift import check_drift
from scorer.cli.options import (
    FAIL_ON_DRIFT,
    HTML,
    LOG_FORMAT,
    METRICS_FILE,
    TARGET_FILE,
    in_a_folder,
)
from scorer.cli.printing import Lines, Targets, check_success
from scorer.errors import JobFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scorer.insight.drift import Drift
    from scorer.job.success_file import SuccessMark
    from scorer.reports.merged import MergedResult, ShardReport


@click.command("merge-reports")
@click.argument(
    "reports", metavar="REPORT...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--report",
    metavar="FILE",
    type=TARGET_FILE,
    callback=in_a_folder,
    help="JSON file to write the figures of all shards to; - for stdout.",
)
@METRICS_FILE
@HTML
@click.option(
    "--success-file",
    metavar="OUTPUT",
    type=click.Path(path_type=Path),
    help="Folder of the outputs: put an empty _SUCCESS there when, and only when, all is done.",
)
@FAIL_ON_DRIFT
@LOG_FORMAT
def merge_reports(
    reports: tuple[Path, ...],
    report: Path | None,
    metrics_file: Path | None,
    html: Path | None,
    success_file: Path | None,
    fail_on_drift: float | None,
) -> None:
    """Sum up the REPORTs of all shards of a run.

    Each is what `scorer run --shard I/N --report REPORT` wrote. Files that failed are named. Where
    a shard has no report, nothing is written, and the shard is named.

    \b
    Example:
      scorer merge-reports reports/*.json --report report.json --success-file scored/

    \b
    Exit codes: 0 all shards are done, 1 unexpected, 2 usage, 3 files failed or shards are missing,
    5 drift, 130 Ctrl-C, 143 SIGTERM.
    """
    from scorer.insight.drift import THRESHOLD
    from scorer.reports.merged import merge, missing, read_shards

    shards = read_shards(reports)
    mark = None if success_file is None else _mark(success_file, shards)
    targets = Targets(report, metrics_file, html)
    _check(targets, reports, mark)
    absent = missing(shards)
    if absent:
        if mark is not None:
            mark.withdraw()
        raise _lacking(absent, shards[0].share.of)
    result = merge(shards)
    if fail_on_drift is not None and result.bins.rows and not result.norms:
        raise UsageError(
            "merging the reports: --fail-on-drift has nothing to compare with, since the model's "
            "file tells nothing of its held-out reviews; run the shards with --reference"
        )
    if mark is not None and success_file is not None:
        success = mark.conclude_shards(result.files, result.names, success_file)
        result = replace(result, success_file=success)
    drift = result.find_drift(THRESHOLD if fail_on_drift is None else fail_on_drift)
    _tell(result, targets, drift, is_asked=fail_on_drift is not None)
    targets.write(result, drift, result.to_report(drift))
    _end(result, shards)
    check_drift(drift, fail_on_drift)


def _mark(folder: Path, shards: Sequence[ShardReport]) -> SuccessMark:
    """Return the ``_SUCCESS`` of all shards.

    Raises:
        UsageError: there is no folder for it, or something foreign stands there.
    """
    from scorer.job.success_file import SuccessMark, one_file
    from scorer.storage.address import check_local

    check_local(folder, "checking --success-file:")
    outputs = [one.output for shard in shards for one in shard.report.files]
    if shards[0].share.folder is None:
        raise one_file(outputs[0] if outputs else "OUTPUT")
    return SuccessMark.in_folder(folder)


def _check(targets: Targets, reports: Sequence[Path], mark: SuccessMark | None) -> None:
    """Check that nothing is overwritten that must not be.

    Raises:
        UsageError: two paths of the command are one file, or a target isn't a file of ours.
    """
    from scorer.planning.plan import Task

    tasks = [Task(path, path) for path in reports]
    targets.check(tasks, None, None if mark is None else mark.place)


def _lacking(absent: Sequence[int], of: int) -> JobFailed:
    from scorer.planning.shards import listed_numbers

    which = f"shard {absent[0]}" if len(absent) == 1 else f"shards {listed_numbers(absent)}"
    return JobFailed(
        f"merging the reports: {which} of {of:,} {'has' if len(absent) == 1 else 'have'} no report "
        "here; name all reports, or run what is missing and merge then"
    )


def _tell(result: MergedResult, targets: Targets, drift: Drift | None, *, is_asked: bool) -> None:
    """Print the line of each file that isn't done, the summary, and drift."""
    lines = Lines(alone=False, err=targets.use_stdout)
    for one in result.files:
        if not one.is_done:
            lines.show_file(one)
    lines.show_summary(result, drift, is_asked=is_asked)


def _end(result: MergedResult, shards: Sequence[ShardReport]) -> None:
    """Fail if a file did, or if ``_SUCCESS`` couldn't be written.

    Raises:
        JobFailed: one of them did.
    """
    from scorer.planning.shards import listed_numbers

    undone = [shard.number for shard in shards if not shard.is_done]
    if undone:
        files = sum(not one.is_done for one in result.files)
        which = f"shard {undone[0]}" if len(undone) == 1 else f"shards {listed_numbers(undone)}"
        raise JobFailed(
            f"{files:,} of {len(result.files):,} files {'is' if files == 1 else 'are'} not done, "
            f"each is named above; mend them and run {which} again"
        )
    check_success(result)
