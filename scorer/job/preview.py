"""What a run would do with a file, told without changing anything."""

from __future__ import annotations

import os
from pathlib import Path

from scorer.job.freshness import ALREADY_DONE, Asked, is_known, judge
from scorer.job.journal import journal_path, kept_rows
from scorer.job.options import Options
from scorer.job.plan import Task
from scorer.job.prepared import OpenInput
from scorer.job.result import PLANNED, SKIPPED, FileResult
from scorer.kernel import Counts
from scorer.model import SentimentModel
from scorer.storage.failures import writing
from scorer.storage.place import Place, work_path
from scorer.tables.formats import open_reviews


def preview_file(task: Task, model: SentimentModel, options: Options) -> FileResult:
    """Say what scoring a file would do; an input is hashed only if its output exists.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output must not be replaced.
    """
    output = task.output
    if not options.force and is_known(task, Asked.of(model, options)):
        return FileResult(task, SKIPPED, ALREADY_DONE)
    with open_reviews(task.input, options.max_cell) as reviews:
        source, counts = OpenInput.of(task, reviews, model, options), Counts(rows=reviews.rows or 0)
        if not _is_there(output) and not os.path.lexists(journal_path(work_path(output))):
            # There is nothing that the input's hash would be compared with.
            return FileResult(task, PLANNED, "new", counts)
        stamp = source.stamp(reviews.input_id())
        verdict = judge(output, stamp, force=options.force)
        if verdict.is_done:
            return FileResult(task, SKIPPED, verdict.reason)
        reused = 0 if options.force else kept_rows(work_path(output), source.binding(stamp))
        return FileResult(task, PLANNED, verdict.reason or "new", counts, reused)


def _is_there(output: Place) -> bool:
    if isinstance(output, Path):
        return os.path.lexists(output)
    with writing(output):
        return output.look() is not None
