"""What Spark wrote, scored, is read by Spark with all columns and the right values."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from scorer import Options, SentimentModel, score_files

TEXTS = ["A great film.", None, "What an awful story."]
NEW = ["sentiment", "sentiment_score"]


def rows() -> list[tuple]:
    return [
        (
            row,
            text,
            Decimal("1.25"),
            Decimal("12345678901234567890.5"),
            datetime(2024, 5, 6, 7, 8, 9, 123456),
            date(1999, 12, 31),
            ["x", None],
            {"k": row},
            (row, "inner"),
        )
        for row, text in enumerate(TEXTS)
    ]


COLUMNS = (
    "id long, review string, price decimal(9,2), large decimal(30,1), seen timestamp, day date, "
    "tags array<string>, counts map<string,int>, pair struct<a:int,b:string>"
)


@pytest.mark.parametrize("timestamps", ["INT96", "TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"])
def test_spark_reads_every_column_of_its_scored_dump(
    spark: object, model: SentimentModel, tmp_path: Path, timestamps: str
) -> None:
    frame = write_dump(spark, tmp_path / "dump", timestamps)
    assert score_files(tmp_path / "dump", tmp_path / "scored", model=model).count("scored") == 1
    scored = spark.read.parquet(str(tmp_path / "scored"))
    assert scored.columns == [*frame.columns, *NEW]
    assert [(one.name, one.dataType) for one in scored.schema][: len(frame.columns)] == [
        (one.name, one.dataType) for one in frame.schema
    ]
    before = [tuple(row) for row in frame.collect()]
    after = [tuple(row) for row in scored.collect()]
    assert [row[: len(frame.columns)] for row in after] == before
    assert [row[-2] for row in after] == list(model.predict(TEXTS))
    expected = [None if text is None else float(model.score([text])[0]) for text in TEXTS]
    assert [row[-1] for row in after] == expected
    assert [row[0] for row in scored.select("sentiment").collect()].count(None) == 1


def test_spark_sees_the_kept_columns_only_and_the_new_names(
    spark: object, model: SentimentModel, tmp_path: Path
) -> None:
    write_dump(spark, tmp_path / "dump", "INT96")
    options = Options(keep=("price", "id"), prefix="my_")
    score_files(tmp_path / "dump", tmp_path / "scored", model=model, options=options)
    scored = spark.read.parquet(str(tmp_path / "scored"))
    assert scored.columns == ["id", "price", "my_sentiment", "my_sentiment_score"]
    assert scored.where("my_sentiment is not null").count() == 2


def test_spark_reads_a_dump_that_was_widened_before(
    spark: object, model: SentimentModel, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    write_dump(spark, tmp_path / "dump", "TIMESTAMP_MICROS")
    (part,) = (tmp_path / "dump").glob("*.parquet")
    table = pq.read_table(part)
    # Spark's own schema doesn't know this column.
    pq.write_table(table.append_column("later", table["id"]), tmp_path / "wide.parquet")
    score_files(tmp_path / "wide.parquet", tmp_path / "scored.parquet", model=model)
    scored = spark.read.parquet(str(tmp_path / "scored.parquet"))
    assert scored.columns == [*table.column_names, "later", *NEW]
    assert [row[0] for row in scored.select("later").collect()] == [0, 1, 2]


PLACES = ["a/b", "a=b", "100%", "Köln", "a b", "x'y", "", None, "<c>"]


def test_partitions_that_spark_wrote_are_the_same_to_spark_when_they_are_scored(
    spark: object, model: SentimentModel, tmp_path: Path
) -> None:
    written = [(f"A great film {row}.", row, place) for row, place in enumerate(PLACES)]
    frame = spark.createDataFrame(written, "review string, _day int, `the place` string")
    frame.write.partitionBy("_day", "the place").parquet(str(tmp_path / "dump"))
    frame = spark.read.parquet(str(tmp_path / "dump"))
    options = Options(success_file=True)
    result = score_files(tmp_path / "dump", tmp_path / "scored", model=model, options=options)
    assert (result.count("scored"), result.left_aside.files) == (len(PLACES), 0)
    names = [sorted(path.name for path in (tmp_path / name).iterdir() if "crc" not in path.name)
             for name in ("dump", "scored")]  # fmt: skip
    assert names[0] == names[1]
    scored = spark.read.parquet(str(tmp_path / "scored"))
    assert sorted(scored.columns) == sorted([*frame.columns, *NEW])
    same = scored.select(frame.columns).exceptAll(frame).count()
    assert (same, scored.count()) == (0, len(PLACES))


@pytest.mark.parametrize(
    "where",
    ["place='a=b'", "place!='a/b'", "place<'b'", "place>='Köln'", "_day<=3", "_day>10", "_day!=2"],
)
def test_a_condition_finds_what_it_finds_in_spark(
    spark: object, model: SentimentModel, tmp_path: Path, where: str
) -> None:
    written = [(f"A great film {row}.", 4 * row, place) for row, place in enumerate(PLACES)]
    frame = spark.createDataFrame(written, "review string, _day int, place string")
    frame.write.partitionBy("_day", "place").parquet(str(tmp_path / "dump"))
    dump = spark.read.parquet(str(tmp_path / "dump"))
    options = Options(where=(where,))
    score_files(tmp_path / "dump", tmp_path / "scored", model=model, options=options)
    found = spark.read.schema(dump.schema).parquet(str(tmp_path / "scored"))
    expected = {row[0] for row in dump.where(where).select("review").collect()}
    assert {row[0] for row in found.select("review").collect()} == expected


def write_dump(spark: object, folder: Path, timestamps: str) -> object:
    """Write a dump in one part, and return what Spark reads from it."""
    spark.conf.set("spark.sql.parquet.outputTimestampType", timestamps)
    frame = spark.createDataFrame(rows(), COLUMNS).coalesce(1)
    frame.write.parquet(str(folder))
    return spark.read.parquet(str(folder))
