"""INT96, the timestamps of old: which values a timestamp of microseconds can't hold.

A value is a day and the nanoseconds of that day:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scorer.errors import ReviewsError
from scorer.storage.failures import reading
from scorer.storage.place import Place
from scorer.tables.parquet_types import drop_option

if TYPE_CHECKING:
    from scorer.storage.sparse_copy import SparseReader

# An output's unit first.
UNITS = ("us", "ns", "s")
STEP_ROWS = 4096
STEP_BYTES = 1 << 20
STEP_GROWTH = 4
# Whose microseconds 64 bits can count.
MOST_SECONDS = (1 << 63) // 1_000_000 - 1
# Microseconds of 1900-01-01. Before it, Spark's two calendars, time zones included, differ.
CALENDARS_AGREE = -2_208_988_800_000_000


@dataclass(frozen=True)
class Int96Columns:
    """The INT96 values of a file.

    Attributes:
        path: the file.
        source: returns what pyarrow opens.
        metadata: its footer.
        leaves: paths of the INT96 columns in the Parquet schema.
        truncate: whether nanoseconds may be cut off.
    """

    path: Place
    source: Callable[[], Path | SparseReader]
    metadata: pq.FileMetaData
    leaves: tuple[str, ...]
    truncate: bool

    def check(self) -> Iterator[int]:
        """Read the values, some rows at a time.

        Yields:
            The number of values whose nanoseconds are cut off.

        Raises:
            ReviewsError: a value can't be held; the message names its row and column.
        """
        has_old_calendar = _has_calendar_of_its_own(self.metadata.metadata or {})
        start = 0
        for steps in self._steps():
            for name, *columns in zip(steps[0].schema.names, *steps, strict=True):
                found = _Values.of(columns)
                problem = self._problem(found, has_old_calendar)
                if problem:
                    row = _first(columns, lambda one: bool(self._problem(one, has_old_calendar)))
                    raise ReviewsError(
                        f"reading {self.path}: column {name!r} of row {start + row + 1:,} holds "
                        f"{problem}, or leave the column out with {drop_option([name])}"
                    )
                yield found.with_nanoseconds
            start += len(steps[0])

    def _problem(self, found: _Values, has_old_calendar: bool) -> str:
        if found.too_large:
            return "an INT96 time beyond the years that microseconds can count; mend it"
        if found.before_1900 and has_old_calendar:
            return (
                "a time before 1900 in Spark's old calendar, which only INT96 has in this file; "
                "write it anew with Spark"
            )
        if found.with_nanoseconds and not self.truncate:
            return "an INT96 time with nanoseconds; cut them off with --int96 truncate"
        return ""

    def _steps(self) -> Iterator[list[pa.RecordBatch]]:
        """Yield the same rows in every unit, few at first, for a list may hold many values."""
        rows = 1
        with ExitStack() as opened:
            with reading(self.path):
                files = [opened.enter_context(self._open(unit)) for unit in UNITS]
                batches = [file.iter_batches(rows, columns=list(self.leaves)) for file in files]
            while True:
                with reading(self.path):
                    steps = [step for batch in batches for step in islice(batch, 1)]
                if not steps:
                    return
                yield steps
                allowed = STEP_BYTES * len(steps[0]) // max(1, steps[0].nbytes)
                rows = max(1, min(STEP_GROWTH * rows, STEP_ROWS, allowed))
                for file in files:
                    file.reader.set_batch_size(rows)

    def _open(self, unit: str) -> pq.ParquetFile:
        return pq.ParquetFile(
            self.source(),
            metadata=self.metadata,
            pre_buffer=False,
            buffer_size=STEP_BYTES // 4,
            page_checksum_verification=True,
            coerce_int96_timestamp_unit=unit,
        )


@dataclass(frozen=True)
class _Values:
    """How many values of some rows are of which sort."""

    with_nanoseconds: int
    too_large: int
    before_1900: int

    @classmethod
    def of(cls, columns: Sequence[pa.Array]) -> _Values:
        """Count in a column that was read in each of the units."""
        nanoseconds = large = old = 0
        for micros, nanos, seconds in zip(*map(_leaves, columns), strict=True):
            if micros.type == nanos.type:
                continue  # not INT96
            # Beyond 1677 and 2262 nanoseconds overflow. So does the product, by as much.
            rest = pc.subtract(_number(nanos), pc.multiply(_number(micros), 1000))
            nanoseconds += _count(pc.not_equal(rest, 0))
            large += _count(pc.greater(pc.abs(_number(seconds)), MOST_SECONDS))
            old += _count(pc.less(_number(micros), CALENDARS_AGREE))
        return cls(nanoseconds, large, old)


def _number(times: pa.Array) -> pa.Array:
    return times.view(pa.int64())


def _count(found: pa.Array) -> int:
    count: int = found.true_count
    return count


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    """Yield the timestamps within a column."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(array.storage)
    elif pa.types.is_struct(kind):
        for part in array.flatten():
            yield from _leaves(part)
    elif pa.types.is_nested(kind) and not pa.types.is_dictionary(kind):
        yield from _leaves(array.flatten())
    elif pa.types.is_timestamp(kind):
        yield array


def _first(columns: Sequence[pa.Array], is_wrong: Callable[[_Values], bool]) -> int:
    """Return the first row whose values are wrong."""
    rows = range(len(columns[0]))
    return next(row for row in rows if is_wrong(_Values.of([one.slice(row, 1) for one in columns])))


def _has_calendar_of_its_own(metadata: Mapping[bytes, bytes]) -> bool:
    """Whether Spark would read INT96 in another calendar than other timestamps of the file.

    https://github.com/apache/spark: DataSourceUtils.datetimeRebaseSpec and int96RebaseSpec
    """
    version = metadata.get(b"org.apache.spark.version")
    if version is None:
        return False
    is_old = version < b"3.1.0" or b"org.apache.spark.legacyINT96" in metadata
    others_are_old = version < b"3.0.0" or b"org.apache.spark.legacyDateTime" in metadata
    return is_old != others_are_old
