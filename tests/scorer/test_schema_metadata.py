from __future__ import annotations

import json

import pyarrow as pa
import pytest

from scorer import Kernel, SentimentModel
from scorer.schema_metadata import LEFT_OUT, SPARK_KEY, UPDATED, with_columns

NEW = [pa.field("sentiment", pa.string()), pa.field("sentiment_score", pa.float32())]
KEPT = pa.schema([("id", pa.int64()), ("review", pa.string())])


def answer(key: str, value: object, kept: pa.Schema = KEPT) -> object:
    """Return what an answer's schema holds under a key; None if it isn't there."""
    text = value if isinstance(value, bytes | str) else json.dumps(value)
    metadata = with_columns(kept.with_metadata({key: text}), NEW).metadata or {}
    stored = metadata.get(key.encode())
    return None if stored is None else json.loads(stored)


def spark_field(name: str, kind: object = "string", **metadata: object) -> dict[str, object]:
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def spark_schema(*fields: dict[str, object]) -> dict[str, object]:
    return {"type": "struct", "fields": list(fields)}


def test_the_schema_of_spark_loses_what_was_left_out_and_gains_the_new_columns() -> None:
    review, gone = spark_field("review", comment="Grüße"), spark_field("gone", "double")
    found = answer(SPARK_KEY, spark_schema(review, gone, spark_field("id", "long")))
    new = [spark_field("sentiment"), spark_field("sentiment_score", "float")]
    assert found == spark_schema(review, spark_field("id", "long"), *new)


def test_a_schema_of_spark_that_does_not_know_every_column_is_left_out() -> None:
    assert answer(SPARK_KEY, spark_schema(spark_field("review"))) is None
    twice = [spark_field("review"), spark_field("review"), spark_field("id")]
    assert answer(SPARK_KEY, spark_schema(*twice)) is None


def test_the_features_of_a_data_set_are_updated_and_its_fingerprint_is_left_out() -> None:
    label = {"names": ["a", "b"], "_type": "ClassLabel"}
    stored = {
        "info": {"features": {"gone": {"dtype": "int8", "_type": "Value"}, "id": label}},
        "fingerprint": "ab12",
    }
    features = {
        "id": label,
        "sentiment": {"dtype": "string", "_type": "Value"},
        "sentiment_score": {"dtype": "float32", "_type": "Value"},
    }
    assert answer("huggingface", stored) == {"info": {"features": features}}


def pandas(**changes: object) -> dict[str, object]:
    level = {
        "name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object",
        "metadata": {"encoding": "UTF-8"},
    }  # fmt: skip
    columns = [
        {"name": name, "field_name": field, "pandas_type": "x", "numpy_type": "x", "metadata": None}
        for name, field in (("review", "review"), ("gone", "gone"), (None, "__index_level_0__"))
    ]
    return {
        "index_columns": ["__index_level_0__"], "column_indexes": [level], "columns": columns,
        "attributes": {"a": 1}, "pandas_version": "3.0",
    } | changes  # fmt: skip


def test_the_columns_of_a_data_frame_are_updated() -> None:
    kept = KEPT.append(pa.field("__index_level_0__", pa.int64()))
    found = answer("pandas", pandas(), kept)
    assert [one["field_name"] for one in found["columns"]] == [
        "review", "__index_level_0__", "sentiment", "sentiment_score",
    ]  # fmt: skip
    types = [(one["pandas_type"], one["numpy_type"]) for one in found["columns"][2:]]
    assert types == [("unicode", "object"), ("float32", "float32")]
    rest = ("index_columns", "column_indexes", "attributes", "pandas_version")
    assert {name: found[name] for name in rest} == {name: pandas()[name] for name in rest}


def test_an_index_that_was_left_out_is_no_index_any_more_and_a_range_stays() -> None:
    assert answer("pandas", pandas())["index_columns"] == []
    rows = {"kind": "range", "name": None, "start": 0, "stop": 3, "step": 1}
    assert answer("pandas", pandas(index_columns=[rows]))["index_columns"] == [rows]


@pytest.mark.parametrize(
    "levels",
    [
        [{"pandas_type": "unicode", "numpy_type": "object"}] * 2,
        [{"pandas_type": "int64", "numpy_type": "int64"}],
        [{"pandas_type": "datetimetz", "numpy_type": "datetime64[ns]"}],
        [{"pandas_type": "unicode", "numpy_type": "category"}],
        [{"pandas_type": "bytes", "numpy_type": "object"}],
    ],
)
def test_a_data_frame_whose_column_names_are_no_texts_loses_its_metadata(levels: object) -> None:
    assert answer("pandas", pandas(column_indexes=levels)) is None


def test_geometry_columns_stay_described_as_far_as_they_are_kept() -> None:
    box = {"xmin": ["bbox", "xmin"], "ymax": ["bbox", "ymax"]}
    point = {"encoding": "WKB", "crs": {"id": 1}, "bbox": [0, 0, 1, 1]}
    stored = {
        "version": "1.1.0",
        "primary_column": "gone",
        "columns": {"gone": point, "id": point | {"covering": {"bbox": box}}},
    }
    found = {"version": "1.1.0", "primary_column": "id", "columns": {"id": point}}
    assert answer("geo", stored) == found
    with_boxes = KEPT.append(pa.field("bbox", pa.struct([("xmin", pa.float64())])))
    assert answer("geo", stored, with_boxes)["columns"] == {"id": stored["columns"]["id"]}
    assert answer("geo", stored | {"columns": {"gone": point}}) is None


@pytest.mark.parametrize("key", LEFT_OUT)
def test_schemas_that_cannot_be_updated_are_left_out(key: str) -> None:
    assert answer(key, {"type": "record"}) is None


@pytest.mark.parametrize("key", UPDATED)
@pytest.mark.parametrize(
    "value",
    [b"", b"\xff", "{", "[]", "{}", "1", "[" * 100_000, '{"fields": 1}', '{"fields": [[]]}',
     '{"fields": [{"name": []}]}', '{"info": {"features": []}}', '{"columns": [[]]}',
     '{"columns": {"id": {"covering": {"bbox": {"x": 1}}}}}',
     '{"columns": [{"name": []}], "index_columns": [[]]}'],
)  # fmt: skip
def test_metadata_that_make_no_sense_are_left_out(key: str, value: bytes | str) -> None:
    assert answer(key, value) is None


def test_other_keys_pass_untouched_and_keep_their_order() -> None:
    stored = {b"z": b"\xff", b"org.apache.spark.version": b"4.0", SPARK_KEY.encode(): b"no",
              b"a": b"1", b"writer.model.name": b"spark"}  # fmt: skip
    found = with_columns(KEPT.with_metadata(stored), NEW)
    del stored[SPARK_KEY.encode()]
    assert list(found.metadata.items()) == list(stored.items())
    assert found.names == [*KEPT.names, "sentiment", "sentiment_score"]
    assert with_columns(KEPT, NEW).metadata is None


def test_a_kernel_answers_with_metadata_of_its_own_columns(model: SentimentModel) -> None:
    stored = spark_schema(spark_field("id", "long"), spark_field("review"))
    schema = KEPT.with_metadata({SPARK_KEY: json.dumps(stored)})
    kernel = Kernel(model, schema, prefix="our_", keep=["id"])
    found = json.loads(kernel.schema.metadata[SPARK_KEY.encode()])
    assert [one["name"] for one in found["fields"]] == kernel.schema.names
    assert kernel.schema.names == ["id", "our_sentiment", "our_sentiment_score"]
