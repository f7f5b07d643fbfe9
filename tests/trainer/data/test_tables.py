from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError
from trainer.data import tables
from trainer.data.sources import read_reviews

TEXTS = ["Good, really.", 'He said "no"', "two\nlines", "über"]


def write(path: Path, labels: object, text: str = "review", label: str = "label") -> Path:
    pq.write_table(pa.table({text: TEXTS, label: labels}), path)
    return path


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0, 1, 0],
        [1.0, 0.0, 1.0, 0.0],
        [True, False, True, False],
        ["pos", "neg", "pos", "neg"],
        [" Positive", "NEGATIVE ", "positive", "negative"],
        ["1", "0", "1", "0"],
        pa.array(["pos", "neg", "pos", "neg"]).dictionary_encode(),
    ],
    ids=str,
)
def test_labels_can_be_written_in_any_usual_way(tmp_path: Path, labels: object) -> None:
    reviews = read_reviews(write(tmp_path / "r.parquet", labels))
    assert reviews.labels.tolist() == [1, 0, 1, 0]
    assert reviews.texts.to_pylist() == TEXTS


def test_csv_and_parquet_and_a_folder_of_both_give_the_same_reviews(tmp_path: Path) -> None:
    labels = ["positive", "negative", "positive", "negative"]
    table = pa.table({"review": TEXTS, "sentiment": labels})
    pq.write_table(table, tmp_path / "r.parquet")
    pa_csv.write_csv(table, tmp_path / "r.csv")
    (tmp_path / "both").mkdir()
    pq.write_table(table.slice(0, 2), tmp_path / "both/1.parquet")
    pa_csv.write_csv(table.slice(2), tmp_path / "both/2.csv")
    (tmp_path / "both/_SUCCESS").touch()
    names = ("r.parquet", "r.csv", "both")
    assert len({read_reviews(tmp_path / name).fingerprint() for name in names}) == 1


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.parquet", [1, 0, 1, 0], text="words", label="stars")
    assert len(read_reviews(path, "words", "stars")) == 4


def test_reviews_may_be_the_field_of_a_struct(tmp_path: Path) -> None:
    data = pa.array([{"review": "good", "id": 1}, None])
    pq.write_table(pa.table({"data": data, "label": [1, 0]}), tmp_path / "a.parquet")
    reviews = tables.read(tmp_path / "a.parquet", "data.review")
    assert reviews.texts.to_pylist() == ["good", None]
    texts = tables.read_texts(tmp_path / "a.parquet", "data.review")
    assert texts.equals(reviews.texts)


def test_a_column_of_groups_is_read_as_text_from_parquet_and_csv(tmp_path: Path) -> None:
    table = pa.table({"review": TEXTS, "label": [1, 0, 1, 0], "film": [7, 7, 8, 9]})
    pq.write_table(table, tmp_path / "r.parquet")
    pa_csv.write_csv(table, tmp_path / "r.csv")
    for name in ("r.parquet", "r.csv"):
        reviews = read_reviews(tmp_path / name, group_column="film")
        assert reviews.groups.to_pylist() == ["7", "7", "8", "9"]
    with pytest.raises(ReviewsError, match="there is no column 'book'; the columns are review, "):
        read_reviews(tmp_path / "r.parquet", group_column="book")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"stars": [1], "label": [1]},
            "no text column was found among 'stars', 'label'; name one with --text-column",
        ),
        (
            {"review": ["a"], "stars": [1]},
            "there is no label column (label, sentiment, target, polarity); "
            "the columns are review, stars",
        ),
        (
            {"review": ["a", "b"], "label": [1, 3]},
            "the label of row 1 is 3; labels are 0 and 1, neg and pos, or negative and positive",
        ),
        ({"review": ["a"], "label": ["maybe"]}, "the label of row 0 is 'maybe'"),
        ({"review": ["a", "b"], "label": [0, None]}, "the label of row 1 is None"),
        ({"review": ["a"], "label": [0.5]}, "the label of row 0 is 0.5; labels are"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, table: dict[str, list[object]], message: str
) -> None:
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "r.parquet")
    assert str(caught.value).startswith(f"reading {tmp_path}/r.parquet: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'review,sentiment\n"he said "no" there",positive\n',
            "line 2: ',' expected after '\"'; write a quote within a quoted field twice",
        ),
        (
            'review,sentiment\n"good,positive\n"bad",negative\n',
            "line 3: ',' expected after",
        ),
        (
            'review,sentiment\n"x",negative\n"good,positive\n',
            "line 3: unexpected end of data",
        ),
        (
            "review,sentiment\ngood, really,positive\n",
            "line 2 ends a row of 3 fields, the header has 2; mend its quotes",
        ),
        (
            "review,sentiment\nfine,positive\nfine,meh\n",
            "the label of row 1 is 'meh'",
        ),
        ("", "no text column was found among none at all"),
    ],
)
def test_a_csv_with_broken_quotes_or_rows_is_named(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "k.csv").write_text(content)
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "k.csv")
    assert str(caught.value).startswith(f"reading {tmp_path}/k.csv: ")
    assert message in str(caught.value)


def test_a_csv_may_hold_quotes_line_breaks_a_byte_order_mark_and_bad_bytes(tmp_path: Path) -> None:
    long = "word " * 40_000
    content = (
        '\ufeffreview,sentiment\n"he said ""no""\nthere",positive\n'.encode()
        + b'"caf\xe9",negative\n'
        + f'"{long}",positive\n'.encode()
    )
    (tmp_path / "k.csv").write_bytes(content)
    reviews = read_reviews(tmp_path / "k.csv")
    assert reviews.texts.to_pylist() == ['he said "no"\nthere', "caf\ufffd", long]
    assert reviews.labels.tolist() == [1, 0, 1]
