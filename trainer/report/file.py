"""The page of a run as a file, which appears whole and replaces nothing but such a page."""

from __future__ import annotations

from pathlib import Path

from scorer.errors import OutputError, one_line
from scorer.pages.page import page_mark
from scorer.storage.whole_file import check_replaceable, holds_other, whole_file
from trainer.report import EXAMPLES
from trainer.report.page import MARK, report_page
from trainer.run.files import REPORT
from trainer.run.folder import RunFolder


def write_report(run: RunFolder, path: Path | None = None, examples: int = EXAMPLES) -> Path:
    """Write the page of a run.

    Args:
        run: the run.
        path: of the page; ``report.html`` in the run folder if None.
        examples: the most reviews of each label to show that the run got wrong.

    Returns:
        The path of the page.

    Raises:
        OutputError: it can't be written, or something else stands there.
    """
    path = path or run.path / REPORT
    try:
        _check_target(path)
        text = report_page(run, examples)
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"writing {path}: {one_line(error)}; name another file with --out"
        ) from error
    return path


def _check_target(path: Path) -> None:
    check_replaceable(path)
    if holds_other(path, page_mark(MARK).encode()):
        raise OutputError(
            f"writing {path}: the file isn't a report of trainer's; name another file, or remove "
            "that one first"
        )
