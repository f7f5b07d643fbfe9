"""What DuckDB, Polars, pandas and datasets see in scored files of each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer import Options, SentimentModel, score_files

TEXTS = ["A great film.", None, "What an awful story."]
PLAIN = {"id": [7, 8, 9], "review": TEXTS, "stars": [5.0, None, 1.0]}


def by_pyarrow(path: Path) -> None:
    pq.write_table(pa.table(PLAIN), path)


def by_pandas(path: Path) -> None:
    index = pd.Index([30, 10, 20], name="number")
    pd.DataFrame(PLAIN, index=index).to_parquet(path)


def by_polars(path: Path) -> None:
    pl.DataFrame(PLAIN).write_parquet(path)


def by_duckdb(path: Path) -> None:
    duckdb.from_arrow(pa.table(PLAIN)).write_parquet(str(path))


def by_datasets(path: Path) -> None:
    features = datasets.Features(
        id=datasets.Value("int64"), review=datasets.Value("string"), stars=datasets.Value("float64")
    )
    datasets.Dataset.from_dict(PLAIN, features=features).to_parquet(path)


def with_duckdb(path: Path) -> dict[str, list]:
    return duckdb.read_parquet(str(path)).to_arrow_table().to_pydict()


def with_polars(path: Path) -> dict[str, list]:
    return pl.read_parquet(path).to_dict(as_series=False)


def with_pandas(path: Path) -> dict[str, list]:
    frame = pd.read_parquet(path).reset_index(drop=True).astype(object)
    return frame.where(frame.notna(), None).to_dict("list")


def with_datasets(path: Path) -> dict[str, list]:
    loaded = datasets.Dataset.from_parquet(str(path), cache_dir=str(path.parent / "cache"))
    return loaded[:]


WRITERS = [by_pyarrow, by_pandas, by_polars, by_duckdb, by_datasets]
READERS = [with_duckdb, with_polars, with_pandas, with_datasets]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("read", READERS)
def test_every_tool_sees_all_columns_and_right_values(
    model: SentimentModel,
    tmp_path: Path,
    write: Callable[[Path], None],
    read: Callable[[Path], Mapping[str, list]],
) -> None:
    write(tmp_path / "in.parquet")
    result = score_files(tmp_path / "in.parquet", tmp_path / "out.parquet", model=model)
    assert [one.reason for one in result.files] == [""]
    seen = dict(read(tmp_path / "out.parquet"))
    seen.pop("number", None)
    assert list(seen) == [*PLAIN, "sentiment", "sentiment_score"]
    assert {name: seen[name] for name in PLAIN} == PLAIN
    assert seen["sentiment"] == list(model.predict(TEXTS))
    found = np.array([np.nan if one is None else one for one in seen["sentiment_score"]])
    assert np.array_equal(found.astype(np.float32), model.score(TEXTS), equal_nan=True)


def test_features_of_datasets_keep_what_arrow_does_not_know(
    model: SentimentModel, tmp_path: Path
) -> None:
    label = datasets.ClassLabel(names=["bad", "good"])
    features = datasets.Features(review=datasets.Value("string"), label=label)
    data = {"review": TEXTS, "label": [1, 0, 0]}
    datasets.Dataset.from_dict(data, features=features).to_parquet(tmp_path / "in.parquet")
    score_files(tmp_path / "in.parquet", tmp_path / "out.parquet", model=model)
    loaded = datasets.Dataset.from_parquet(
        str(tmp_path / "out.parquet"), cache_dir=str(tmp_path / "cache")
    )
    assert loaded.features["label"] == label
    assert loaded.features["sentiment"] == datasets.Value("string")
    assert loaded.features["sentiment_score"] == datasets.Value("float32")
    # Older versions of datasets take these, and nothing else, for the columns.
    stored = json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"huggingface"])
    assert list(stored["info"]["features"]) == ["review", "label", "sentiment", "sentiment_score"]


def test_pandas_gets_its_index_and_types_back(model: SentimentModel, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"review": TEXTS, "stars": pd.array([5, None, 1], "Int64")},
        index=pd.DatetimeIndex(["2024-01-01", "2024-01-03", "2024-01-02"], name="day"),
    )
    frame.attrs = {"source": "shop"}
    frame.to_parquet(tmp_path / "in.parquet")
    score_files(tmp_path / "in.parquet", tmp_path / "out.parquet", model=model)
    scored = pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(scored[["review", "stars"]], frame)
    assert scored.attrs == frame.attrs
    assert str(scored["sentiment_score"].dtype) == "float32"
    assert scored["sentiment"].tolist()[::2] == ["positive", "negative"]


@pytest.mark.parametrize(
    "names",
    [
        pd.MultiIndex.from_tuples([("a", "review"), ("b", "review")]),
        pd.Index([1, 2]),
        pd.DatetimeIndex(["2024-01-01", "2024-01-02"]),
        pd.CategoricalIndex(["review", "stars"]),
    ],
    ids=["pairs", "numbers", "dates", "categories"],
)
def test_pandas_reads_files_whose_column_names_are_no_texts(
    model: SentimentModel, tmp_path: Path, names: pd.Index
) -> None:
    pd.DataFrame([["A great film.", 1], ["Awful.", 2]], columns=names).to_parquet(
        tmp_path / "in.parquet"
    )
    column = pq.read_schema(tmp_path / "in.parquet").names[0]
    options = Options(text_column=column)
    score_files(tmp_path / "in.parquet", tmp_path / "out.parquet", model=model, options=options)
    scored = pd.read_parquet(tmp_path / "out.parquet")
    assert list(scored.columns)[2:] == ["sentiment", "sentiment_score"]
    assert scored["sentiment"].tolist() == ["positive", "negative"]


def test_pandas_reads_a_file_whose_index_was_left_out(
    model: SentimentModel, tmp_path: Path
) -> None:
    by_pandas(tmp_path / "in.parquet")
    options = Options(keep=("stars",))
    score_files(tmp_path / "in.parquet", tmp_path / "out.parquet", model=model, options=options)
    scored = pd.read_parquet(tmp_path / "out.parquet")
    assert list(scored.columns) == ["stars", "sentiment", "sentiment_score"]
    assert scored.index.tolist() == [0, 1, 2]


def test_a_series_of_pandas_is_scored_whatever_its_type(model: SentimentModel) -> None:
    texts = ["a great film", None, "awful"]
    expected = model.score(texts).tobytes()
    for kind in (object, "str", "string", "category"):
        series = pd.Series(texts, index=[7, 7, 0], dtype=kind)
        assert model.score(series).tobytes() == expected, kind
        assert model.predict_proba(series).shape == (3, 2)
    with pytest.raises(TypeError, match="not a DataFrame; of a table name the column"):
        model.score(pd.DataFrame({"review": texts}))
