"""What a run prints, and the files that its figures are written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scorer.console import log_is_json, say, show, tell
from scorer.errors import JobFailed, UsageError

if TYPE_CHECKING:
    from scorer.insight.drift import Drift
    from scorer.job.result import FileResult, JobResult
    from scorer.planning.plan import Task
    from scorer.reports.report import Report
    from scorer.storage.place import Place

STDOUT = Path("-")


@dataclass(frozen=True)
class Lines:
    """The lines of a run: results on stdout, unless a report goes there; failures on stderr.

    With ``--log-format json`` stderr has an object for each file, and one for the job.

    Attributes:
        alone: whether the run has one file, whose failure is the error that the command ends with.
        err: whether results go to stderr.
    """

    alone: bool
    err: bool

    def show_file(self, result: FileResult) -> None:
        """Print the line of one file."""
        from scorer.job.result import FAILED
        from scorer.reports.text import file_facts, file_line, file_message

        is_failed = result.status == FAILED
        if log_is_json():
            level = "error" if is_failed else "warning" if result.note else "info"
            say(file_message(result), level, file_facts(result))
        else:
            if result.note:
                say(f"Note: {result.task.input}: {result.note}")
            if is_failed and not self.alone:
                say(file_line(result))
        if not is_failed:
            self._show(file_line(result))

    def show_summary(
        self, result: JobResult, drift: Drift | None = None, *, is_asked: bool = False
    ) -> None:
        """Print the last lines: what became of several files, and what else there is to say.

        Args:
            result: of the job.
            drift: how far its rows lie from what they are compared with.
            is_asked: whether the command asked for it; if not, only what drifted is told.
        """
        from scorer.reports.text import closing_lines, drift_facts, drift_lines, job_facts, summary

        closing = [*closing_lines(result), *drift_lines(drift, is_asked=is_asked)]
        if log_is_json():
            level = "warning" if drift and drift.is_drift else "info"
            facts = job_facts(result) | drift_facts(drift)
            say("; ".join((summary(result), *closing)), level, facts)
        is_told = self.alone and result.share is None
        for line in closing if is_told else (summary(result), *closing):
            self._show(line)

    def _show(self, line: str) -> None:
        if not self.err:
            tell(line)
        elif not log_is_json():
            say(line)


@dataclass(frozen=True)
class Targets:
    """Where the figures of a run are written, beside its outputs.

    Attributes:
        report: for the JSON report; "-" is stdout.
        metrics_file: for the Prometheus textfile; "-" is stdout.
        html: for the page.
        lineage: for OpenLineage events: a file that they are appended to, or a URL.
    """

    report: Path | None
    metrics_file: Path | None
    html: Path | None = None
    lineage: str | None = None

    @property
    def use_stdout(self) -> bool:
        """Whether one of them is stdout."""
        return STDOUT in (self.report, self.metrics_file)

    def check(
        self,
        tasks: Sequence[Task],
        model: Path | None,
        success_file: Place | None,
        reference: Path | None = None,
    ) -> None:
        """Check before the run that nothing is overwritten that must not be.

        Args:
            tasks: what is read and written; of all shards, if there are any.
            model: the model file, if one is read.
            success_file: the ``_SUCCESS`` that is asked for.
            reference: the report that the run is compared with.

        Raises:
            UsageError: two paths of the command are one file, or a target isn't a file of ours.
        """
        from scorer.planning.plan import check_apart
        from scorer.reports.target import check_metrics_target, check_report_target

        named = {
            "--report": self.report,
            "--metrics-file": self.metrics_file,
            "--html": self.html,
        }
        if self.lineage is not None:
            named |= {"--lineage": checked_lineage(self.lineage)}
        files = {name: path for name, path in named.items() if path and path != STDOUT}
        read = {"the model": model, "--reference": reference}
        others = {**read, **files, "--success-file": success_file}
        check_apart(tasks, {name: path for name, path in others.items() if path})
        if self.report == self.metrics_file == STDOUT:
            raise UsageError("checking --metrics-file: stdout takes it or --report; name a file")
        if "--report" in files:
            check_report_target(files["--report"])
        if "--metrics-file" in files:
            check_metrics_target(files["--metrics-file"])
        if self.html is not None:
            from scorer.reports.run_page import PAGE_MARK
            from scorer.reports.target import check_page_target

            check_page_target(self.html, PAGE_MARK)

    def withdraw_report(self) -> None:
        """Remove an older report before a shard begins, or it would pass for that of this run.

        Raises:
            OutputError: it can't be removed.
        """
        from scorer.storage.failures import writing

        if self.report not in (None, STDOUT):
            with writing(self.report):
                self.report.unlink(missing_ok=True)

    def write(
        self,
        result: JobResult,
        drift: Drift | None = None,
        report: Report | None = None,
        examples: int = 0,
    ) -> None:
        """Write the figures.

        Args:
            result: of the job.
            drift: that was found in it.
            report: of both; made of them if None.
            examples: number of reviews that the page shows, of the surest and of the least sure.

        Raises:
            OutputError: one can't be written.
        """
        from scorer.reports.prometheus import metrics_text, write_metrics
        from scorer.reports.report import Report

        if self.report is not None:
            report = report or Report.of(result, drift)
            if self.report == STDOUT:
                show(report.to_text().rstrip())
            else:
                report.write(self.report)
        if self.metrics_file == STDOUT:
            show(metrics_text(result, drift).rstrip())
        elif self.metrics_file is not None:
            write_metrics(result, self.metrics_file, drift)
        if self.html is not None:
            from scorer.insight.examples import find_examples
            from scorer.reports.run_page import write_run_page

            shown = find_examples(result, examples) if examples else None
            write_run_page(self.html, report or Report.of(result, drift), shown)


def checked_lineage(target: str) -> Path | None:
    """Return the file that events are appended to; None for a URL.

    Raises:
        UsageError: what makes the events isn't installed, or something else stands there.
    """
    from scorer.reports.lineage import check_installed
    from scorer.reports.lineage_courier import is_url
    from scorer.reports.target import check_lineage_target

    check_installed()
    if is_url(target):
        return None
    check_lineage_target(Path(target))
    return Path(target)


def check_success(result: JobResult) -> None:
    """Fail if ``_SUCCESS`` was asked for and doesn't stand there.

    Raises:
        JobFailed: so it is.
    """
    success = result.success_file
    if success is not None and not success.is_written:
        raise JobFailed(f"writing {success.path}: {success.reason}")
