"""What an engine made of a dump, beside what the local job made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from scorer.job.result import JobResult
from scorer.reports.report import FileReport, Report

QUIET_SPARK = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@dataclass(frozen=True)
class Dump:
    """A folder of inputs, and the result and the outputs of the local job."""

    folder: Path
    outputs: Path
    result: JobResult


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, hidden ones included."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def rows_with_corners(rows: int) -> pa.Table:
    """Return rows with an ``id``, the review in ``data.review``, nested columns and nulls."""
    texts = (["A great film.", None, "What an awful story.", "", "<br/>"] * rows)[:rows]
    data = pa.array([{"review": text, "l": [1, None]} for text in texts])
    maps = pa.array([[("k", row)] if row % 3 else None for row in range(rows)],
                    pa.map_(pa.string(), pa.int64()))  # fmt: skip
    prices = pa.array([Decimal("1.25")] * rows, pa.decimal128(9, 2))
    return pa.table({"id": range(rows), "data": data, "m": maps, "d": prices})


def without_times(result: JobResult) -> list[FileReport]:
    """Return the report's files without their outputs' folder, their seconds and speeds.

    Nor with the repeated rows: who remembers which texts depends on who scores what.
    """
    files = Report.of(result).files
    return [
        replace(
            one,
            output=Path(one.output).name,
            figures=replace(
                one.figures, seconds=0, stage_seconds={}, rows_per_second=0, repeated=0
            ),
        )
        for one in files
    ]


def assert_as_locally(found: JobResult, outputs: Path, dump: Dump) -> None:
    """Check that outputs hold the local bytes, and the report says the same but for times."""
    assert contents(outputs) == contents(dump.outputs)
    assert without_times(found) == without_times(dump.result)
    assert found.fingerprint == dump.result.fingerprint
    assert found.counts == dump.result.counts


def reasons(result: JobResult, outputs: Path) -> list[tuple[str, str, str]]:
    """Return status, reason and note of each file, without the folder of the outputs."""
    return [(one.status, one.reason.replace(str(outputs), "OUT"), one.note) for one in result.files]
