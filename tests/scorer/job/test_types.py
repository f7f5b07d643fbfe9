"""Types, codecs and metadata that need a decision: carried, changed and counted, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from footer import INTERVAL, annotate, use_hadoop_lz4
from helpers import left_in, run_command, some_texts, write_reviews
from scorer import SentimentModel
from scorer.cli.run import run as command
from scorer.errors import UsageError
from scorer.job.result import Changes, FileResult
from scorer.job.run import preview_job, run_job
from scorer.planning.options import INT96_CHOICES, Options
from scorer.planning.plan import plan
from scorer.reports.prometheus import metrics_text
from scorer.reports.report import Report
from scorer.reports.text import file_line
from scorer.schema_metadata import SPARK_KEY


def run(model: SentimentModel, source: Path, **options: object) -> FileResult:
    target = source.parent / "out.parquet"
    return run_job(plan([source], target), model, Options(**options)).files[0]


def write_times(path: Path, nanoseconds: list[int]) -> Path:
    """Write reviews with INT96 times, as Spark and Hive do."""
    times = pa.array(nanoseconds, pa.timestamp("ns"))
    table = pa.table({"seen": times, "review": some_texts(len(times))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    return path


def write_interval(path: Path) -> Path:
    spans = pa.array([b"x" * 12], pa.binary(12))
    pq.write_table(pa.table({"span": spans, "review": ["A great film."], "id": [1]}), path)
    annotate(path, "span", None, INTERVAL)
    return path


def test_int96_becomes_microseconds_and_nothing_is_said(
    model: SentimentModel, tmp_path: Path
) -> None:
    result = run(model, write_times(tmp_path / "in.parquet", [0, 1000, 5_000_000]))
    assert (result.status, result.reason, result.changes) == ("scored", "", Changes())
    seen = pq.ParquetFile(tmp_path / "out.parquet").schema.column(0)
    assert (seen.physical_type, seen.logical_type.type) == ("INT64", "TIMESTAMP")
    found = pq.read_table(tmp_path / "out.parquet")["seen"]
    assert found.cast(pa.int64()).to_pylist() == [0, 1, 5000]


def test_nanoseconds_of_int96_fail_the_file_before_it_is_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_times(tmp_path / "in.parquet", [0, 1001])
    result = run(model, source)
    assert (result.status, result.reason) == (
        "failed",
        f"reading {source}: column 'seen' of row 2 holds an INT96 time with nanoseconds; cut them "
        "off with --int96 truncate, or leave the column out with --drop seen",
    )
    assert left_in(tmp_path) == ["in.parquet"]
    assert run(model, source, drop=("seen",)).status == "scored"
    assert pq.read_schema(tmp_path / "out.parquet").names[:-2] == ["review"]


def test_nanoseconds_that_were_cut_off_are_counted_everywhere(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_times(tmp_path / "a.parquet", [1, 1001, 2000])
    write_times(tmp_path / "b.parquet", [3])
    tasks = plan([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "out")
    result = run_job(tasks, model, Options(int96="truncate"))
    assert [one.changes.times_truncated for one in result.files] == [2, 1]
    assert file_line(result.files[0]).endswith("(INT96 times cut to microseconds: 2)")
    assert Report.of(result).total.times_truncated == 3
    assert Report.of(result).files[1].figures.times_truncated == 1
    assert "review_sentiment_times_truncated 3\n" in metrics_text(result)
    found = pq.read_table(tmp_path / "out/a.parquet")["seen"]
    assert found.cast(pa.int64()).to_pylist() == [0, 1, 2]


def test_an_output_with_times_cut_off_is_not_done_without_that_option(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_times(tmp_path / "in.parquet", [1001])
    plain = write_reviews(tmp_path / "plain.parquet", some_texts(3))
    assert run(model, source, int96="truncate").status == "scored"
    assert run(model, source, int96="truncate").status == "skipped"
    assert run(model, source).status == "failed"
    (tmp_path / "out.parquet").unlink()
    # Where there are no such times, the option changes nothing.
    assert run(model, plain).status == "scored"
    assert run(model, plain, int96="truncate").status == "skipped"


def test_a_type_that_would_be_lost_is_refused_and_can_be_left_out(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_interval(tmp_path / "in.parquet")
    reason = (
        f"reading {source}: the type of a column can't be written as it is: 'span' of type "
        "INTERVAL; leave out what needn't be there with --drop span"
    )
    assert run(model, source).reason == reason
    assert preview_job(plan([source], tmp_path / "out.parquet"), model).files[0].reason == reason
    assert run(model, source, drop=("span",)).status == "scored"
    assert pq.read_schema(tmp_path / "out.parquet").names[:-2] == ["review", "id"]
    assert run(model, source, keep=("id",)).reason == "scored anew: the options changed"


def test_reviews_of_a_type_that_would_be_lost_are_scored_when_they_are_left_out(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3), store_schema=False)
    annotate(source, "review", {4: (12, {})}, 4)  # ENUM
    assert run(model, source).status == "failed"
    assert run(model, source, drop=("review",)).status == "scored"
    assert pq.read_schema(tmp_path / "out.parquet").names[:-2] == ["id"]


@pytest.mark.parametrize("by_name", [(), ("--text-column", "review")])
def test_hadoops_lz4_is_scored_and_the_other_codec_is_said(
    model: SentimentModel, tmp_path: Path, by_name: tuple[str, ...]
) -> None:
    texts = some_texts(500)
    source = tmp_path / "in.parquet"
    write_reviews(source, texts, compression="lz4", data_page_size=500, row_group_size=300)
    use_hadoop_lz4(source)
    options = Options(text_column=by_name[1] if by_name else None)
    result = run_job(plan([source], tmp_path / "out.parquet"), model, options)
    assert file_line(result.files[0]).endswith(
        "(columns compressed with zstd, since their codec can't be written: 2)"
    )
    assert Report.of(result).total.codecs_replaced == 2
    assert pq.read_table(tmp_path / "out.parquet")["review"].to_pylist() == texts
    group = pq.read_metadata(tmp_path / "out.parquet").row_group(0)
    assert {group.column(index).compression for index in range(4)} == {"ZSTD"}


def test_a_codec_that_was_chosen_is_no_news(model: SentimentModel, tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5), compression="lz4")
    use_hadoop_lz4(source)
    assert run(model, source, compression="lz4").changes == Changes()


def test_metadata_of_spark_name_the_columns_of_the_output(
    model: SentimentModel, tmp_path: Path
) -> None:
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": {}}
        for name, kind in (("id", "long"), ("review", "string"), ("stars", "long"))
    ]
    table = pa.table({"id": [1], "review": ["Great."], "stars": [5]})
    stored = {SPARK_KEY: json.dumps({"type": "struct", "fields": fields}), "other": "kept"}
    pq.write_table(table.replace_schema_metadata(stored), tmp_path / "in.parquet")
    assert run(model, tmp_path / "in.parquet", drop=("stars",), prefix="x_").status == "scored"
    schema = pq.read_schema(tmp_path / "out.parquet")
    found = json.loads(schema.metadata[SPARK_KEY.encode()])["fields"]
    assert [(one["name"], one["type"]) for one in found] == [
        ("id", "long"), ("review", "string"), ("x_sentiment", "string"),
        ("x_sentiment_score", "float"),
    ]  # fmt: skip
    assert schema.names == [one["name"] for one in found]
    assert schema.metadata[b"other"] == b"kept"


def test_columns_to_keep_and_to_drop_exclude_each_other(tmp_path: Path) -> None:
    message = "reading the options: columns to keep and columns to drop are given; give one or the "
    with pytest.raises(UsageError, match=message):
        Options(keep=(), drop=("id",))
    source = write_reviews(tmp_path / "in.parquet", some_texts(1))
    words = ("run", source, tmp_path / "out.parquet", "--keep", "id", "--drop", "review")
    done = run_command("scorer", *words)
    assert (done.returncode, done.stderr) == (2, f"Error: {message}other\n")
    assert left_in(tmp_path) == ["in.parquet"]


def test_an_unknown_choice_for_int96_is_refused() -> None:
    with pytest.raises(UsageError, match="int96 is 'cut'; name one of refuse and truncate"):
        Options(int96="cut")


def test_a_column_to_drop_must_be_there(model: SentimentModel, tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(1))
    assert run(model, source, drop=("stars",)).reason == (
        f"reading {source}: there is no column 'stars' to drop; the columns are 'id', 'review'"
    )


def test_the_options_of_the_command_are_those_of_the_job() -> None:
    (int96,) = (one for one in command.params if one.name == "int96")
    assert tuple(int96.type.choices) == INT96_CHOICES
    assert int96.default == Options().int96
