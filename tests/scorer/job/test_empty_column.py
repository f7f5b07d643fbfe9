from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from scorer import SentimentModel
from scorer.cli import cli
from scorer.job.run import run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.reports.report import Report, read_report

EMPTY = pa.nulls(3, pa.string())
FILLED = pa.array([None, "", "a great film"])


def note(model: SentimentModel, folder: Path, columns: dict[str, object], **options: object) -> str:
    pq.write_table(pa.table(columns), folder / "in.parquet")
    tasks = plan([folder / "in.parquet"], folder / "out.parquet")
    (file,) = run_job(tasks, model, Options(**options)).files
    assert file.counts.rows == 3, file.reason
    return file.note


def test_an_empty_column_beside_one_that_holds_text_is_said(
    model: SentimentModel, tmp_path: Path
) -> None:
    columns = {"Title Text": FILLED, "review": EMPTY, "text": FILLED}
    expected = (
        "no row of column 'review' holds text, but 'text' does; to read that: --text-column text"
    )
    assert note(model, tmp_path, columns) == expected
    assert note(model, tmp_path, columns, keep=(), force=True) == expected
    del columns["text"]
    assert note(model, tmp_path, columns).endswith("to read that: --text-column 'Title Text'")


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"review": EMPTY, "text": EMPTY}, {}),
        ({"review": EMPTY, "text": ["", "", ""]}, {}),
        ({"review": EMPTY, "stars": [1, 2, 3]}, {}),
        ({"review": FILLED, "text": FILLED}, {}),
        ({"review": EMPTY, "text": FILLED}, {"text_column": "review"}),
    ],
)
def test_else_there_is_nothing_to_say(
    model: SentimentModel, tmp_path: Path, columns: dict[str, object], options: dict[str, object]
) -> None:
    assert note(model, tmp_path, columns, **options) == ""


def test_the_note_is_a_line_on_stderr_and_a_key_of_the_report(
    model: SentimentModel, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"review": EMPTY, "text": FILLED}), tmp_path / "in.parquet")
    paths = [str(tmp_path / name) for name in ("in.parquet", "out.parquet", "report.json")]
    done = CliRunner().invoke(cli, ["run", *paths[:2], "--report", paths[2]])
    said = "no row of column 'review' holds text, but 'text' does; to read that: --text-column text"
    assert f"Note: {paths[0]}: {said}\n" in done.stderr
    assert done.stdout.startswith(f"scored   {paths[1]}: 3 rows, 3 without text")
    report = read_report(Path(paths[2]))
    assert report.files[0].note == said
    assert json.loads(report.to_text())["files"][0]["note"] == said
    assert Report.from_text(report.to_text()) == report
