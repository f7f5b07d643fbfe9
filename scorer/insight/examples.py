"""The reviews that a run was surest of, and those that it was least sure of.

They are read from the outputs and inputs when the run is over: scoring knows nothing of them. Only
files that were scored are looked at. Of reviews with the same score, which mostly are the same
text, the first is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column
from scorer.errors import SentimentError, one_line
from scorer.insight.chosen_rows import Choice, rows_of
from scorer.job.result import SCORED, JobResult
from scorer.kernel import SCORE, SENTIMENT
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.tables.formats import open_reviews
from scorer.tokenizer import valid_text

Scores: TypeAlias = npt.NDArray[np.float32]

# More of a text isn't kept.
MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Example:
    """A review.

    Attributes:
        task: its file.
        row: its number there, from 1.
        score: probability of positive.
        label: that the output holds.
        text: of the review, at most :data:`MOST_CHARACTERS` of it.
        is_cut: whether the review is longer.
    """

    task: Task
    row: int
    score: float
    label: str
    text: str = ""
    is_cut: bool = False

    @property
    def sureness(self) -> float:
        """How far the score lies from 0.5."""
        return abs(self.score - 0.5)


@dataclass(frozen=True)
class Examples:
    """Some reviews of a run.

    Attributes:
        surest: those whose scores lie farthest from 0.5, the farthest first.
        least_sure: those whose scores lie nearest to it, the nearest first.
        problem: why there are none, in a sentence; empty if nothing went wrong.
    """

    surest: tuple[Example, ...] = ()
    least_sure: tuple[Example, ...] = ()
    problem: str = ""


def find_examples(result: JobResult, number: int) -> Examples:
    """Return at most so many of the surest, and of the least sure.

    A file that can't be read any more is told, and fails nothing: the run is over.
    """
    tasks = (one.task for one in result.files if one.status == SCORED)
    try:
        surest, least = _chosen(tasks, result.options, number)
        surest, least = _with_texts((surest, least), result.options)
        return Examples(tuple(surest), tuple(least))
    except (SentimentError, OSError, pa.ArrowException) as error:
        return Examples(problem=f"The examples could not be read: {one_line(error)}.")


def _chosen(
    tasks: Iterator[Task], options: Options, number: int
) -> tuple[list[Example], list[Example]]:
    surest: list[Example] = []
    least: list[Example] = []
    for task in tasks:
        for start, scores, labels in _scored_rows(task, options):
            values, firsts = np.unique(scores, return_index=True)
            values = values[~np.isnan(values)]
            order = np.argsort(np.abs(values - 0.5), kind="stable")
            made = partial(_example, task, start, scores, labels)
            surest = _best([*surest, *map(made, firsts[order[::-1][:number]])], -1, number)
            least = _best([*least, *map(made, firsts[order[:number]])], 1, number)
    return surest, least


def _example(
    task: Task, start: int, scores: Scores, labels: pa.ChunkedArray, place: int
) -> Example:
    return Example(task, start + int(place), float(scores[place]), labels[place].as_py())


def _best(examples: Sequence[Example], sign: int, number: int) -> list[Example]:
    """Return the first by sureness, of each score one; of equals the earlier."""
    known: dict[float, Example] = {}
    for one in examples:
        known.setdefault(one.score, one)
    return sorted(known.values(), key=lambda one: sign * one.sureness)[:number]


def _scored_rows(task: Task, options: Options) -> Iterator[tuple[int, Scores, pa.ChunkedArray]]:
    """Yield the scores and labels of an output, with the number of the first row.

    A row without a score has NaN.

    Raises:
        ReviewsError: it can't be read.
    """
    names, start = [options.prefix + SENTIMENT.name, options.prefix + SCORE.name], 1
    output = task.output if isinstance(task.output, Path) else task.output.as_unlisted()
    with open_reviews(output) as reviews:
        for batches in reviews.windows(names):
            table = pa.Table.from_batches(batches)
            scores = table[names[1]].to_numpy()
            yield start, scores, table[names[0]]
            start += len(table)


def _with_texts(groups: Sequence[Sequence[Example]], options: Options) -> Iterator[list[Example]]:
    """Yield the groups with the texts of their reviews; each file is read once.

    Raises:
        ReviewsError: an input can't be read any more.
    """
    wanted: dict[Task, set[int]] = {}
    for one in (one for group in groups for one in group):
        wanted.setdefault(one.task, set()).add(one.row)
    texts = {
        (task, row): text
        for task, rows in wanted.items()
        for row, text in _texts(task, sorted(rows), options)
    }
    for group in groups:
        yield [_with_text(one, texts.get((one.task, one.row), "")) for one in group]


def _with_text(example: Example, text: str) -> Example:
    return replace(example, text=text[:MOST_CHARACTERS], is_cut=len(text) > MOST_CHARACTERS)


def _texts(task: Task, rows: Sequence[int], options: Options) -> Iterator[tuple[int, str]]:
    """Yield the reviews of some rows, each with its number, no more of it than tells it is cut."""
    choice = Choice(tuple((row, row) for row in rows))
    with open_reviews(task.input, options.max_cell, options.text) as reviews:
        column = find_text_column(reviews.schema, options.text_column)
        for part in rows_of(reviews, column, choice):
            valid = valid_text(part.texts)[0]
            beginnings = pc.utf8_slice_codeunits(valid, 0, MOST_CHARACTERS + 1).to_pylist()
            yield from zip(part.numbers.tolist(), beginnings, strict=True)
