"""What a run prints, and the files that its figures are written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scorer.console import draw, log_is_json, say, show, tell
from scorer.errors import UsageError

if TYPE_CHECKING:
    from scorer.job.plan import Task
    from scorer.job.result import FileResult, JobResult

STDOUT = Path("-")


@dataclass(frozen=True)
class Lines:
    """The lines of a run: results on stdout, unless a report goes there; failures on stderr.

    Attributes:
        alone: whether the run has one file, whose failure is the error that the command ends with.
        err: whether results go to stderr.
    """

    alone: bool
    err: bool

    def show_file(self, result: FileResult) -> None:
        """Print the line of one file."""
        from scorer.job.result import FAILED
        from scorer.reports.text import file_line

        names = {"input": str(result.task.input), "output": str(result.task.output)}
        if result.note:
            note = result.note if log_is_json() else f"Note: {result.task.input}: {result.note}"
            say(note, "warning", **names)
        if result.status != FAILED:
            self._show(file_line(result))
        elif not self.alone:
            line = result.reason if log_is_json() else file_line(result)
            say(line, "error", **names)

    def show_summary(self, result: JobResult) -> None:
        """Print the last lines of a run: what became of several files, what was not taken."""
        from scorer.reports.text import notes, summary

        if len(result.files) > 1:
            self._show(summary(result))
        for line in notes(result):
            self._show(line)

    def _show(self, line: str) -> None:
        if self.err:
            draw(f"{line}\n")
        else:
            tell(line)


@dataclass(frozen=True)
class Targets:
    """Where the figures of a run are written, beside its outputs.

    Attributes:
        report: for the JSON report; "-" is stdout.
        metrics_file: for the Prometheus textfile; "-" is stdout.
    """

    report: Path | None
    metrics_file: Path | None

    @property
    def use_stdout(self) -> bool:
        """Whether one of them is stdout."""
        return STDOUT in (self.report, self.metrics_file)

    def check(self, tasks: Sequence[Task], model: Path) -> None:
        """Check before the run that nothing is overwritten that must not be.

        Raises:
            UsageError: two paths of the command are one file, or a target isn't a file of ours.
        """
        from scorer.job.plan import check_apart
        from scorer.reports.target import check_metrics_target, check_report_target

        named = {"--report": self.report, "--metrics-file": self.metrics_file}
        files = {name: path for name, path in named.items() if path and path != STDOUT}
        check_apart(tasks, {"the model": model, **files})
        if self.report == self.metrics_file == STDOUT:
            raise UsageError("checking --metrics-file: stdout takes it or --report; name a file")
        if "--report" in files:
            check_report_target(files["--report"])
        if "--metrics-file" in files:
            check_metrics_target(files["--metrics-file"])

    def write(self, result: JobResult) -> None:
        """Write the figures.

        Raises:
            OutputError: one can't be written.
        """
        from scorer.reports.prometheus import metrics_text, write_metrics
        from scorer.reports.report import Report, write_report

        if self.report == STDOUT:
            show(Report.of(result).to_text().rstrip())
        elif self.report is not None:
            write_report(result, self.report)
        if self.metrics_file == STDOUT:
            show(metrics_text(result).rstrip())
        elif self.metrics_file is not None:
            write_metrics(result, self.metrics_file)
