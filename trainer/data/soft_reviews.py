"""Soft reviews: texts with a probability in place of a label, from a file of anybody's making."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scorer.columns import listed
from scorer.errors import ReviewsError, UsageError, one_line
from scorer.system.escape import escaped
from scorer.tokenizer import is_text, valid_text
from trainer.data.reviews import Reading, fingerprint_of_texts, joined_names
from trainer.data.table_columns import DOMAIN, check_unique, is_name

TEXT, PROBABILITY, GROUP = "text", "probability", "group"
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class SoftReviews:
    """Texts, each with the probability that it is positive.

    Attributes:
        texts: ``large_string[rows]``, valid UTF-8, each with more than white space.
        probabilities: ``float32[rows]``, in [0, 1].
        groups: ``large_string[rows]``, the name of what each text belongs with: a review and its
            crops share one. Where the file has no groups, each text names its own.
        grouped: whether a file has groups.
        names: names of the files, without the folders that lead to them.
        reading: what was changed when they were read.
        domains: ``large_string[rows]``, the domain of each text, null where its file doesn't tell;
            None where no file does.
    """

    texts: pa.LargeStringArray
    probabilities: npt.NDArray[np.float32]
    groups: pa.LargeStringArray
    grouped: bool
    names: tuple[str, ...]
    reading: Reading
    domains: pa.LargeStringArray | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def name(self) -> str:
        """The names of the files, for a message."""
        return ", ".join(escaped(name) for name in self.names)

    def fingerprint(self) -> str:
        """Return the SHA-256, in hex, of texts, probabilities and groups in their order."""
        groups = fingerprint_of_texts(self.groups).encode()
        return fingerprint_of_texts(self.texts, self.probabilities.tobytes() + groups)

    @classmethod
    def concatenate(cls, parts: Sequence[SoftReviews]) -> SoftReviews:
        """Return the rows of all parts, one part after another."""
        return cls(
            pa.concat_arrays([part.texts for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            pa.concat_arrays([part.groups for part in parts]),
            any(part.grouped for part in parts),
            tuple(dict.fromkeys(name for part in parts for name in part.names)),
            sum((part.reading for part in parts), Reading()),
            joined_names([(part.domains, len(part)) for part in parts]),
        )


def read_soft_reviews(path: Path) -> SoftReviews:
    """Read a Parquet file with the columns ``text`` and ``probability``, and where wanted more.

    These are ``group`` and ``domain``.

    Raises:
        UsageError: the file doesn't exist.
        ReviewsError: it can't be read, lacks a column or has one twice, has no row, or a row lacks
            a value or holds a probability outside [0, 1].
    """
    if not path.exists():
        raise UsageError(f"reading soft labels: {path} does not exist")
    try:
        return _read(pq.ParquetFile(path, pre_buffer=False), path.name)
    except OSError as error:
        raise ReviewsError(f"reading soft labels from {path}: {one_line(error)}") from error
    except pa.ArrowException as error:
        raise ReviewsError(
            f"reading soft labels from {path}: {one_line(error).rstrip('.')}; "
            "give a whole Parquet file"
        ) from error
    except ReviewsError as error:
        raise ReviewsError(f"reading soft labels from {path}: {error}") from error


def _read(file: pq.ParquetFile, name: str) -> SoftReviews:
    columns = _columns(file.schema_arrow)
    parts, row = [], 0
    for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns):
        parts.append(_rows(batch, name, row))
        row += len(batch)
    if not row:
        raise ReviewsError("there are no rows in it")
    return SoftReviews.concatenate(parts)


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns to read, after checking their types."""
    lacking = [name for name in (TEXT, PROBABILITY) if name not in schema.names]
    if lacking:
        raise ReviewsError(
            f"there is no column {listed(lacking)}; the columns are {listed(schema.names)}; soft "
            "labels have the columns text and probability, and where wanted group and domain"
        )
    names = [name for name in (TEXT, PROBABILITY, GROUP, DOMAIN) if name in schema.names]
    fits = {TEXT: is_text, PROBABILITY: _is_number, GROUP: is_name, DOMAIN: is_name}
    words = "text or integers"
    wanted = {TEXT: "text", PROBABILITY: "numbers", GROUP: words, DOMAIN: words}
    for name in names:
        check_unique(schema, name)
        kind = schema.field(name).type
        if not fits[name](kind):
            raise ReviewsError(f"column {name!r} is of type {kind}; give it as {wanted[name]}")
    return names


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _rows(batch: pa.RecordBatch, name: str, first: int) -> SoftReviews:
    """Return the rows of a batch, whose first row is row ``first`` of the file."""
    texts, mended = valid_text(batch.column(TEXT))
    filled = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(texts), ""), False)
    _check(filled, first, "has no text; leave it out of the file")
    probabilities = _probabilities(batch.column(PROBABILITY), first)
    groups, domains = _names(batch, GROUP, first), _names(batch, DOMAIN, first)
    grouped = groups is not None
    reading = Reading(mended=len(mended))
    return SoftReviews(
        texts, probabilities, groups if grouped else texts, grouped, (name,), reading, domains
    )


def _names(batch: pa.RecordBatch, name: str, first: int) -> pa.LargeStringArray | None:
    """Return a column of names; None where there is none."""
    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    advice = f"has no {name}; name one in each row, or leave the column out"
    _check(pc.is_valid(column), first, advice)
    return column.cast(pa.large_string())


def _probabilities(column: pa.Array, first: int) -> npt.NDArray[np.float32]:
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(wrong):
        value = column[int(wrong[0])].as_py()
        told = "null" if value is None else f"{value:.9g}"
        raise ReviewsError(
            f"the probability of row {first + wrong[0]} is {told}; "
            "give the probability of positive, from 0 to 1"
        )
    return np.asarray(values, np.float32)


def _check(fits: pa.BooleanArray, first: int, fault: str) -> None:
    wrong = np.flatnonzero(~fits.to_numpy(zero_copy_only=False))
    if len(wrong):
        raise ReviewsError(f"row {first + wrong[0]} {fault}")
