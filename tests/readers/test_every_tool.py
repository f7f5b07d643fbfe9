"""Every tool reads a scored file of every tool: all columns, right values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer import SentimentModel, score_files

TEXTS = ["A great film.", None, "What an awful story."]
PLAIN = {"id": [7, 8, 9], "review": TEXTS, "stars": [5.0, None, 1.0]}


def by_pyarrow(path: Path, spark: object) -> None:
    pq.write_table(pa.table(PLAIN), path)


def by_pandas(path: Path, spark: object) -> None:
    index = pd.Index([30, 10, 20], name="number")
    pd.DataFrame(PLAIN, index=index).to_parquet(path)


def by_polars(path: Path, spark: object) -> None:
    pl.DataFrame(PLAIN).write_parquet(path)


def by_duckdb(path: Path, spark: object) -> None:
    duckdb.from_arrow(pa.table(PLAIN)).write_parquet(str(path))


def by_datasets(path: Path, spark: object) -> None:
    features = datasets.Features(
        id=datasets.Value("int64"), review=datasets.Value("string"), stars=datasets.Value("float64")
    )
    datasets.Dataset.from_dict(PLAIN, features=features).to_parquet(path)


def by_spark(path: Path, spark: object) -> None:
    rows = list(zip(*PLAIN.values(), strict=True))
    frame = spark.createDataFrame(rows, "id long, review string, stars double")
    frame.coalesce(1).write.parquet(str(path.parent / "dump"))
    (part,) = (path.parent / "dump").glob("*.parquet")
    part.rename(path)


def with_duckdb(path: Path, spark: object) -> dict[str, list]:
    return duckdb.read_parquet(str(path)).to_arrow_table().to_pydict()


def with_polars(path: Path, spark: object) -> dict[str, list]:
    return pl.read_parquet(path).to_dict(as_series=False)


def with_pandas(path: Path, spark: object) -> dict[str, list]:
    frame = pd.read_parquet(path).reset_index(drop=True).astype(object)
    return frame.where(frame.notna(), None).to_dict("list")


def with_datasets(path: Path, spark: object) -> dict[str, list]:
    loaded = datasets.Dataset.from_parquet(str(path), cache_dir=str(path.parent / "cache"))
    return loaded[:]


def with_spark(path: Path, spark: object) -> dict[str, list]:
    frame = spark.read.parquet(str(path))
    columns = zip(*map(tuple, frame.collect()), strict=True)
    return dict(zip(frame.columns, map(list, columns), strict=True))


@pytest.fixture(
    scope="module", params=[by_pyarrow, by_pandas, by_polars, by_duckdb, by_datasets, by_spark]
)
def scored(
    request: pytest.FixtureRequest,
    model: SentimentModel,
    spark: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    request.param(folder / "in.parquet", spark)
    result = score_files(folder / "in.parquet", folder / "out.parquet", model=model)
    assert [(one.status, one.reason) for one in result.files] == [("scored", "")]
    return folder / "out.parquet"


@pytest.mark.parametrize("read", [with_duckdb, with_polars, with_pandas, with_datasets, with_spark])
def test_every_tool_sees_all_columns_and_right_values(
    model: SentimentModel, scored: Path, spark: object, read: Callable
) -> None:
    seen = dict(read(scored, spark))
    seen.pop("number", None)  # the index of pandas
    assert list(seen) == [*PLAIN, "sentiment", "sentiment_score"]
    assert {name: seen[name] for name in PLAIN} == PLAIN
    assert seen["sentiment"] == list(model.predict(TEXTS))
    found = np.array([np.nan if one is None else one for one in seen["sentiment_score"]])
    assert np.array_equal(found.astype(np.float32), model.score(TEXTS), equal_nan=True)
