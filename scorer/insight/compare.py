"""Two models on the same reviews, or two outputs of former runs: read in windows, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.columns import find_text_column, path_to, text_array
from scorer.errors import ReviewsError
from scorer.insight.comparison import (
    Comparison,
    Example,
    Part,
    Scored,
    group_sums,
    length_groups,
)
from scorer.job.pipeline import Pipeline
from scorer.kernel import SCORE, SENTIMENT
from scorer.model import SentimentModel
from scorer.planning.inputs import find_inputs
from scorer.planning.object_inputs import find_objects
from scorer.storage.address import is_in_store
from scorer.storage.place import ObjectPlace, Place, place_of
from scorer.storage.stores import Stores
from scorer.system.cores import available_cores
from scorer.tables.formats import open_reviews
from scorer.tables.reviews import OpenReviews
from scorer.tokenizer import valid_text

POSITIVE = pa.array(["1", "1.0", "true", "positive", "pos"])
NEGATIVE = pa.array(["0", "0.0", "false", "negative", "neg"])
LONGEST_EXAMPLE = 300
# Characters of a value by which rows are grouped: that many values of any length are bounded, too.
LONGEST_VALUE = 200
NOTHING = "(null)"

Truth: TypeAlias = npt.NDArray[np.float64] | None


@dataclass(frozen=True)
class Question:
    """What is asked of two models, beside how their labels differ.

    Attributes:
        text_column: the column with the reviews; found by its usual names if None.
        labels: the column that says what is right; None for none.
        by: a column by whose values the rows are grouped; None for none.
        examples: how many reviews are told whose scores moved most.
    """

    text_column: str | None = None
    labels: str | None = None
    by: str | None = None
    examples: int = 0

    @property
    def columns(self) -> list[str]:
        """The columns that have to be there, beside the reviews."""
        return [name for name in (self.labels, self.by) if name is not None]


@dataclass(frozen=True)
class Rows:
    """Some rows of a file.

    Attributes:
        file: its name.
        start: the number of the first, from 1.
        table: their columns.
        column: the one with the reviews; None if there is none.
        other: the same rows of the other output; None where models are compared.
    """

    file: str
    start: int
    table: pa.Table
    column: str | None
    other: pa.Table | None = None

    def texts(self) -> pa.LargeStringArray | None:
        """Return the reviews as valid text."""
        return None if self.column is None else valid_text(_column(self.table, self.column))[0]


# Gives both answers to some rows; it is told what is right.
Rate: TypeAlias = Callable[[Rows, Truth], Scored]


def compare_models(
    a: SentimentModel, b: SentimentModel, inputs: Sequence[str], question: Question
) -> Comparison:
    """Score files of reviews by two models and count how the scores differ.

    Raises:
        UsageError: an input doesn't exist.
        ReviewsError: a file can't be read, or its columns don't fit.
    """
    rows = (part for place in _places(inputs) for part in _rows_of(place, question))
    return _counted(rows, partial(_by_models, a, b), question)


def compare_outputs(a: str, b: str, question: Question) -> Comparison:
    """Count how the scores in two outputs of the same input differ.

    Raises:
        UsageError: one of them doesn't exist.
        ReviewsError: one can't be read or is no output, or they aren't of the same rows.
    """
    return _counted(_rows_of_both(a, b, question), _by_columns, question)


def _counted(rows: Iterator[Rows], rate: Rate, question: Question) -> Comparison:
    found = Comparison(question.examples)

    def work(part: Rows) -> Part:
        return _part(part, rate(part, _truth(part, question)), question)

    with Pipeline[Part](available_cores()) as threads:
        for part in threads.answers(partial(work, one) for one in rows):
            found.add(part)
    return found


def _places(inputs: Sequence[str]) -> list[Place]:
    places: list[Place] = []
    for given in inputs:
        found = None
        if is_in_store(given):
            place = place_of(given, "planning the comparison: the input", Stores())
            found = find_objects(place) if isinstance(place, ObjectPlace) else None
        for one in (found or find_inputs(given)).inputs:
            if one.problem:
                raise ReviewsError(one.problem)
            places.append(one.path)
    return places


def _rows_of(place: Place, question: Question) -> Iterator[Rows]:
    with open_reviews(place) as reviews:
        column = _text_column(reviews, question)
        for start, table in _tables(reviews, [column, *question.columns]):
            yield Rows(str(place), start, table, column)


def _rows_of_both(a: str, b: str, question: Question) -> Iterator[Rows]:
    with ExitStack() as files:
        one, other = (
            files.enter_context(open_reviews(place)) for place in (*_places([a]), *_places([b]))
        )
        for reviews in (one, other):
            _check_columns(reviews, [SENTIMENT.name, SCORE.name])
        column = _text_in(one, question)
        ours, texts = [SENTIMENT.name, SCORE.name], [] if column is None else [column]
        shared = [name for name in texts if name in other.schema.names]
        firsts = _tables(one, [*ours, *texts, *question.columns])
        for start, table, beside in _aligned(firsts, _tables(other, [*ours, *shared]), one, other):
            _check_same_texts(start, table, beside, shared, other)
            yield Rows(str(one.path), start, table, column, beside)


def _text_in(reviews: OpenReviews, question: Question) -> str | None:
    """Return the column with the reviews of an output; None if it was left out."""
    schema = reviews.schema
    for name in (SENTIMENT.name, SCORE.name):
        schema = schema.remove(schema.get_field_index(name))
    try:
        return find_text_column(schema, question.text_column)
    except ReviewsError as error:
        if question.text_column is not None:
            raise ReviewsError(f"reading {reviews.path}: {error}") from error
        return None


def _aligned(
    firsts: Iterator[tuple[int, pa.Table]],
    others: Iterator[tuple[int, pa.Table]],
    one: OpenReviews,
    other: OpenReviews,
) -> Iterator[tuple[int, pa.Table, pa.Table]]:
    """Yield the same rows of both files, some at a time."""
    rest = None
    for start, table in firsts:
        parts, missing = [], len(table)
        while missing:
            if rest is None or not len(rest):
                rest = next(others, (0, None))[1]
            if rest is None:
                raise _other_rows(one, other)
            parts.append(rest.slice(0, missing))
            missing -= len(parts[-1])
            rest = rest.slice(len(parts[-1]))
        if parts:
            yield start, table, pa.concat_tables(parts)
    if (rest is not None and len(rest)) or next(others, None) is not None:
        raise _other_rows(one, other)


def _other_rows(one: OpenReviews, other: OpenReviews) -> ReviewsError:
    return ReviewsError(
        f"comparing {one.path} with {other.path}: they don't have the same number of rows; name "
        "two outputs of one input"
    )


def _check_same_texts(
    start: int, table: pa.Table, beside: pa.Table, shared: Sequence[str], other: OpenReviews
) -> None:
    for name in shared:
        texts, others = (valid_text(_column(part, name))[0] for part in (table, beside))
        if not texts.equals(others):
            equal = pc.fill_null(pc.equal(texts, others), False).to_numpy(zero_copy_only=False)
            both = (texts.is_null().to_numpy(False)) & (others.is_null().to_numpy(False))
            row = start + int(np.argmin(equal | both))
            raise ReviewsError(
                f"reading {other.path}: row {row:,} holds another review than in the first output; "
                "name two outputs of one input"
            )


def _text_column(reviews: OpenReviews, question: Question) -> str:
    try:
        column = find_text_column(reviews.schema, question.text_column)
    except ReviewsError as error:
        reviews.check_text(None)
        raise ReviewsError(f"reading {reviews.path}: {error}") from error
    reviews.check_text(column)
    return column


def _check_columns(reviews: OpenReviews, names: Sequence[str]) -> None:
    for name in names:
        try:
            path_to(reviews.schema, name)
        except ReviewsError as error:
            raise ReviewsError(f"reading {reviews.path}: {error}") from error


def _tables(reviews: OpenReviews, names: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
    """Yield the columns that lead to names, some rows at a time, with the number of the first."""
    _check_columns(reviews, names)
    tops = {path_to(reviews.schema, name)[0] for name in names}
    columns, start = [name for name in reviews.schema.names if name in tops], 1
    for batches in reviews.windows(columns):
        table = pa.Table.from_batches(batches)
        yield start, table
        start += len(table)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    return pa.chunked_array([text_array(batch, name) for batch in batches])


def _by_models(a: SentimentModel, b: SentimentModel, rows: Rows, truth: Truth) -> Scored:
    tokens = a.card.tokenizer.encode(_column(rows.table, str(rows.column)))
    same = a.card.tokenizer == b.card.tokenizer
    others = tokens if same else b.card.tokenizer.encode(_column(rows.table, str(rows.column)))
    scores_a, scores_b = a.score_tokens(tokens), b.score_tokens(others)
    labels_a, labels_b = a.card.is_positive(scores_a), b.card.is_positive(scores_b)
    return Scored(scores_a, scores_b, labels_a, labels_b, truth)


def _by_columns(rows: Rows, truth: Truth) -> Scored:
    beside = pa.table(rows.other)
    return Scored(
        _scores(rows.table),
        _scores(beside),
        _is_positive(rows.table, SENTIMENT.name, rows) == 1,
        _is_positive(beside, SENTIMENT.name, rows) == 1,
        truth,
    )


def _scores(table: pa.Table) -> npt.NDArray[np.float32]:
    column = table[SCORE.name].combine_chunks().cast(pa.float32())
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float32)


def _truth(rows: Rows, question: Question) -> Truth:
    return None if question.labels is None else _is_positive(rows.table, question.labels, rows)


def _is_positive(table: pa.Table, name: str, rows: Rows) -> npt.NDArray[np.float64]:
    """Return 1 for positive, 0 for negative, NaN for null: ``float64[rows]``.

    Raises:
        ReviewsError: a value is neither.
    """
    values = _as_text(_column(table, name), name, rows)
    folded = pc.utf8_lower(values)
    positive, negative = (pc.is_in(folded, value_set=kind) for kind in (POSITIVE, NEGATIVE))
    neither = pc.and_(values.is_valid(), pc.invert(pc.or_(positive, negative)))
    if pc.any(neither).as_py():
        found = values.filter(neither)[0].as_py()
        raise ReviewsError(
            f"reading {rows.file}: column {name!r} holds {found!r:.80}, which is no label; labels "
            "are 0 and 1, true and false, or positive and negative"
        )
    signs = positive.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(values.is_valid().to_numpy(zero_copy_only=False), signs, np.nan)


def _as_text(column: pa.ChunkedArray, name: str, rows: Rows) -> pa.StringArray:
    try:
        return pa.concat_arrays(column.chunks).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ReviewsError(
            f"reading {rows.file}: column {name!r} of type {column.type} can't be read as text; "
            "name another column"
        ) from error


def _part(rows: Rows, scored: Scored, question: Question) -> Part:
    measures, texts = scored.measures(), rows.texts()
    by_length, by_value = {}, {}
    if texts is not None:
        words = pc.fill_null(pc.count_substring_regex(texts, r"\S+"), 0).to_numpy()
        by_length = group_sums(measures, *length_groups(words))
    if question.by is not None:
        values = _as_text(_column(rows.table, question.by), question.by, rows)
        short = pc.utf8_slice_codeunits(pc.fill_null(values, NOTHING), 0, LONGEST_VALUE)
        encoded = short.dictionary_encode()
        names = encoded.dictionary.to_pylist()
        by_value = group_sums(measures, encoded.indices.to_numpy(), names)
    examples = _examples(rows, scored, texts, question.examples)
    return Part(measures.sum(axis=0), by_length, by_value, examples)


def _examples(
    rows: Rows, scored: Scored, texts: pa.LargeStringArray | None, most: int
) -> list[Example]:
    moves = np.nan_to_num(np.abs(scored.moves))
    found = []
    for row in np.argsort(-moves, kind="stable")[:most].tolist():
        text = "" if texts is None else texts[row].as_py() or ""
        if moves[row]:
            score_a, score_b = float(scored.a[row]), float(scored.b[row])
            place = rows.start + row
            found.append(Example(rows.file, place, score_a, score_b, text[:LONGEST_EXAMPLE]))
    return found
