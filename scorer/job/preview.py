"""What a run would do with files, told without changing anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer.columns import path_to
from scorer.errors import SentimentError
from scorer.job.journal import journal_path, kept_rows
from scorer.job.prepared import OpenInput
from scorer.job.result import PLANNED, SKIPPED, FileResult
from scorer.kernel import Counts
from scorer.known.digests import digests_of
from scorer.known.scores import KnownScores
from scorer.model import SentimentModel
from scorer.planning.freshness import ALREADY_DONE, Asked, is_known, judge
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.storage.failures import writing
from scorer.storage.place import Place, work_path
from scorer.tables.formats import open_reviews
from scorer.tokenizer import raw_text


def preview_file(
    task: Task, model: SentimentModel, options: Options, known: KnownScores
) -> FileResult:
    """Say what scoring a file would do; an input is hashed only if its output exists.

    If there are earlier outputs, texts are read, and the rows are counted that would be scored.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output must not be replaced.
    """
    output = task.output
    if not options.force and is_known(task, Asked.of(model, options)):
        return FileResult(task, SKIPPED, ALREADY_DONE)
    with open_reviews(task.input, options.max_cell, options.text) as reviews:
        source = OpenInput.of(task, reviews, model, options)
        counts, is_counted = Counts(rows=reviews.rows or 0), reviews.rows is not None
        planned = partial(FileResult, task, PLANNED, counts=counts, is_counted=is_counted)
        if not _is_there(output) and not os.path.lexists(journal_path(work_path(output))):
            # There is nothing that the input's hash would be compared with.
            return planned(reason="new", to_score=_count_unknown(source, known))
        stamp = source.stamp(reviews.input_id())
        verdict = judge(output, stamp, force=options.force)
        if verdict.is_done:
            return FileResult(task, SKIPPED, verdict.reason)
        binding = source.binding(stamp.with_arithmetic(model))
        reused = 0 if options.force else kept_rows(work_path(output), binding)
        to_score = _count_unknown(source, known)
        return planned(reason=verdict.reason or "new", reused=reused, to_score=to_score)


def _count_unknown(source: OpenInput, known: KnownScores) -> int | None:
    """Count the rows whose scores neither an earlier output has nor a row before them.

    None if there is no earlier output: then texts aren't read.
    """
    if not source.task.earlier:
        return None
    earlier, kernel, count = known.earlier(source.task), source.kernel, 0
    for batches in source.reviews.windows([path_to(source.reviews.schema, kernel.text_column)[0]]):
        texts = raw_text(pa.chunked_array(kernel.texts(batches)))
        digests, tokens = digests_of(texts), kernel.model.card.tokenizer.encode(texts)
        values = earlier.find(digests, tokens.lengths > 0)
        unknown = known.unknown(tokens, digests, values)
        known.remember(digests[unknown.rows], np.zeros(len(unknown.rows), np.float32))
        count += len(unknown.rows)
    return count


def rows_to_score(tasks: Sequence[Task], model: SentimentModel, options: Options) -> list[int]:
    """Return the rows of each input, by its footer; none of one that is known to be done.

    Such a one isn't opened. None are counted of an input that can't be opened, either.
    """
    return _to_score(tasks, model, options, lambda path: _rows_of(path, options))


def bytes_to_score(tasks: Sequence[Task], model: SentimentModel, options: Options) -> list[int]:
    """Return the bytes of each input; none of one that is known to be done."""
    return _to_score(tasks, model, options, _bytes_of)


def _to_score(
    tasks: Sequence[Task],
    model: SentimentModel,
    options: Options,
    count: Callable[[Path], int],
) -> list[int]:
    if not all(isinstance(task.input, Path) for task in tasks):
        # Each would have to be asked for.
        return [0] * len(tasks)
    asked = Asked.of(model, options)
    counts = []
    for task in tasks:
        counts.append(0)
        with suppress(SentimentError):
            is_wanted = not task.problem and (options.force or not is_known(task, asked))
            if is_wanted and isinstance(task.input, Path):
                counts[-1] = count(task.input)
    return counts


def _rows_of(path: Path, options: Options) -> int:
    with open_reviews(path, options.max_cell, options.text) as reviews:
        return reviews.rows or 0


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_there(output: Place) -> bool:
    if isinstance(output, Path):
        return os.path.lexists(output)
    with writing(output):
        return output.look() is not None
