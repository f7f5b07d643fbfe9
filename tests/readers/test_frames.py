"""What pandas and datasets know of a file beyond Arrow stays known of the scored file."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pandas as pd
import pyarrow.parquet as pq
import pytest

from scorer import Options, SentimentModel, score_files

TEXTS = ["A great film.", None, "What an awful story."]


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
    index = pd.Index([30, 10, 20], name="number")
    frame = pd.DataFrame({"review": TEXTS, "stars": [5.0, None, 1.0]}, index=index)
    frame.to_parquet(tmp_path / "in.parquet")
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
