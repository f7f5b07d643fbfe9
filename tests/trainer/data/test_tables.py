from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError, UsageError
from trainer.data import tables
from trainer.data.label_map import LabelMap
from trainer.data.sources import read_reviews, read_texts, read_unlabeled
from trainer.data.tables import Layout

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
    lines = "".join(f"{json.dumps(row)}\n" for row in table.to_pylist())
    (tmp_path / "r.jsonl").write_text(lines)
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress((tmp_path / "r.csv").read_bytes()))
    (tmp_path / "r.tsv").write_bytes((tmp_path / "r.csv").read_bytes().replace(b'","', b'"\t"'))
    names = ("r.parquet", "r.csv", "r.jsonl", "r.csv.gz", "r.tsv", "both")
    assert len({read_reviews(tmp_path / name).fingerprint() for name in names}) == 1


def test_labels_of_texts_are_read_as_those_of_parquet(tmp_path: Path) -> None:
    stars = [5, 1, 4, 2]
    pa_csv.write_csv(pa.table({"review": TEXTS, "stars": stars}), tmp_path / "r.csv")
    rows = ({"review": text, "stars": one} for text, one in zip(TEXTS, stars, strict=True))
    (tmp_path / "r.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    layout = Layout(label_column="stars", labels=LabelMap.parse("positive=4,5 negative=1,2"))
    for name in ("r.csv", "r.jsonl"):
        assert read_reviews(tmp_path / name, layout).labels.tolist() == [1, 0, 1, 0]


def test_blanks_around_the_names_of_a_csv_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id, review , label\n1,good,1\n")
    reviews = read_reviews(tmp_path / "r.csv", Layout("review", "label"))
    assert (reviews.texts.to_pylist(), reviews.labels.tolist()) == (["good"], [1])


def test_reviews_of_json_lines_are_texts_in_every_line(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"review":"a","label":1}\n{"review":2,"label":0}\n')
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "r.jsonl")
    assert str(caught.value).startswith(
        f"reading {tmp_path}/r.jsonl: the field 'review' holds an integer in line 2; write a text"
    )


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.parquet", [1, 0, 1, 0], text="words", label="stars")
    assert len(read_reviews(path, Layout("words", "stars"))) == 4


def test_reviews_may_be_the_field_of_a_struct(tmp_path: Path) -> None:
    data = pa.array([{"review": "good", "id": 1}, None])
    pq.write_table(pa.table({"data": data, "label": [1, 0]}), tmp_path / "a.parquet")
    reviews = tables.read(tmp_path / "a.parquet", Layout("data.review"))
    assert reviews.texts.to_pylist() == ["good", None]
    texts = tables.read_unlabeled(tmp_path / "a.parquet", Layout("data.review")).texts
    assert texts.equals(reviews.texts)


def test_a_column_of_groups_is_read_as_text_from_parquet_and_csv(tmp_path: Path) -> None:
    table = pa.table({"review": TEXTS, "label": [1, 0, 1, 0], "film": [7, 7, 8, 9]})
    pq.write_table(table, tmp_path / "r.parquet")
    pa_csv.write_csv(table, tmp_path / "r.csv")
    for name in ("r.parquet", "r.csv"):
        reviews = read_reviews(tmp_path / name, Layout(group_column="film"))
        assert reviews.groups.to_pylist() == ["7", "7", "8", "9"]
    with pytest.raises(ReviewsError, match="there is no column 'book'; the columns are review, "):
        read_reviews(tmp_path / "r.parquet", Layout(group_column="book"))


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
        ("", "it is empty; check that it was copied whole"),
        ("1,a fine film,1\n2,bad,0\n", "its first line seems to be a row, not the names"),
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


def test_a_csv_may_hold_quotes_line_breaks_and_a_byte_order_mark(tmp_path: Path) -> None:
    long = "word " * 40_000
    content = (
        '\ufeffreview,sentiment\n"he said ""no""\nthere",positive\n'.encode()
        + '"café",negative\n'.encode()
        + f'"{long}",positive\n'.encode()
    )
    (tmp_path / "k.csv").write_bytes(content)
    reviews = read_reviews(tmp_path / "k.csv")
    assert reviews.texts.to_pylist() == ['he said "no"\nthere', "café", long]
    assert reviews.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("names", "layout", "message"),
    [
        (["review", "label", "label"], Layout(), "there are 2 columns called 'label'"),
        (["review", "label", "label"], Layout(label_column="label"), "there are 2 columns called"),
        (["review", "review", "label"], Layout(), "there are 2 columns called 'review'"),
        (
            ["review", "label", "film", "film"],
            Layout(group_column="film"),
            "there are 2 columns called 'film'; rename all but one",
        ),
    ],
)
def test_a_column_that_is_given_twice_is_refused(
    tmp_path: Path, names: list[str], layout: Layout, message: str
) -> None:
    cells = {"review": "good", "label": "1", "film": "7"}
    columns = [pa.array([cells[name]]) for name in names]
    pq.write_table(pa.table(columns, names), tmp_path / "r.parquet")
    (tmp_path / "r.csv").write_text(
        f"{','.join(names)}\n{','.join(cells[name] for name in names)}\n"
    )
    for name in ("r.parquet", "r.csv"):
        with pytest.raises(ReviewsError) as caught:
            read_reviews(tmp_path / name, layout)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"), [("label", "label "), ("my label", "my\N{NO-BREAK SPACE}label")]
)
def test_columns_that_blanks_alone_tell_apart_are_refused(
    tmp_path: Path, first: str, second: str
) -> None:
    table = pa.table([["good"], [1], [0]], ["review", first, second])
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "r.parquet", Layout(label_column=first))
    assert str(caught.value).endswith(
        f"the columns {first!r}, {second!r} have nearly the same name; rename all but one"
    )
    if first == "label":
        with pytest.raises(ReviewsError, match="have nearly the same name"):
            read_reviews(tmp_path / "r.parquet")


def test_texts_without_labels_have_one_column_too(tmp_path: Path) -> None:
    pq.write_table(pa.table([["a"], ["b"]], ["review", " review"]), tmp_path / "r.parquet")
    with pytest.raises(ReviewsError, match="have nearly the same name"):
        read_texts(tmp_path / "r.parquet")


def test_a_label_column_is_found_in_any_case_and_with_blanks(tmp_path: Path) -> None:
    pq.write_table(pa.table({"review": TEXTS, " Sentiment": [1, 0, 1, 0]}), tmp_path / "r.parquet")
    assert len(read_reviews(tmp_path / "r.parquet")) == 4


@pytest.mark.parametrize(
    ("labels", "advice"),
    [
        ([1, 2, 3, 4, 5], "positive=4,5 negative=1,2"),
        (["1.0", "2.0"], "positive=2 negative=1"),
        ([-1, 1], "positive=1 negative=-1"),
        ([0, 4], "positive=4 negative=0"),
        (["negative", "neutral", "positive"], "positive=positive negative=negative"),
        (["good", "so so", "bad"], "positive=… negative=…"),
        ([0, 1, None], "positive=1 negative=0"),
    ],
    ids=str,
)
def test_other_labels_are_told_with_the_option_that_names_them(
    tmp_path: Path, labels: list[object], advice: str
) -> None:
    texts = [f"review {row}" for row in range(len(labels))]
    pq.write_table(pa.table({"review": texts, "label": labels}), tmp_path / "r.parquet")
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "r.parquet")
    assert str(caught.value).endswith(f": say what they mean, --labels {advice!r}")
    if "…" not in advice:
        reviews = read_reviews(tmp_path / "r.parquet", Layout(labels=LabelMap.parse(advice)))
        assert set(reviews.labels.tolist()) == {0, 1}
        kept = len(labels) - sum(reviews.reading.left_out.values())
        assert (len(reviews), reviews.reading.rows) == (kept, len(labels))


def test_rows_whose_labels_have_no_meaning_are_left_out_and_counted(tmp_path: Path) -> None:
    table = {"review": list("abcdef"), "stars": [5, 3, 1, None, 4, 3], "film": list("uvwxyz")}
    (tmp_path / "r").mkdir()
    for name in ("1", "2"):
        pq.write_table(pa.table(table), tmp_path / f"r/{name}.parquet")
    layout = Layout(None, "stars", "film", LabelMap.parse("positive=4,5 negative=1,2"))
    reviews = read_reviews(tmp_path / "r", layout)
    assert reviews.texts.to_pylist() == list("aceace")
    assert reviews.labels.tolist() == [1, 0, 1] * 2
    assert reviews.groups is not None
    assert reviews.groups.to_pylist() == list("uwyuwy")
    assert reviews.reading.lines() == [
        "left out 6 of 12 rows, whose labels have no meaning: '3' (4), 'none' (2)"
    ]


def test_values_that_no_row_has_are_told_by_those_that_are_there(tmp_path: Path) -> None:
    path = write(tmp_path / "r.parquet", ["5 stars", "1 star", "5 stars", "1 star"])
    with pytest.raises(ReviewsError) as caught:
        read_reviews(path, Layout(labels=LabelMap.parse("positive=5 negative=1")))
    assert str(caught.value) == (
        f"reading {path}: there are no reviews in it; left out 4 of 4 rows, whose labels have no "
        "meaning: '1 star' (2), '5 stars' (2)"
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "positive=1",
            "--labels is 'positive=1'; give it as in --labels 'positive=4,5 negative=1,2'",
        ),
        ("positive=1 negative=0 neutral=2", "give it as in"),
        ("positive=1 negative=1.0", "--labels names '1' twice; give it"),
        ("positive=1, negative=0", "--labels has an empty value for positive; give it"),
        ("positive='1 negative=0", "with an open quote; give it"),
    ],
)
def test_an_option_of_another_form_is_refused(option: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        LabelMap.parse(option)
    assert message in str(caught.value)


def write_rows(path: Path, encoding: str, rows: int = 1) -> Path:
    lines = ["review,label", *["plain,1"] * rows, '"caf\u00e9, gar\u00e7on",0']
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


@pytest.mark.parametrize("rows", [1, 200_000])
def test_a_csv_in_another_encoding_is_refused_by_line_and_byte(tmp_path: Path, rows: int) -> None:
    path = write_rows(tmp_path / "r.csv", "cp1252", rows)
    offset = 13 + 8 * rows + 4
    for read in (read_reviews, read_texts):
        with pytest.raises(ReviewsError) as caught:
            read(path)
        assert str(caught.value) == (
            f"reading {path}: line {rows + 2} holds the byte 0xe9, the file's byte {offset:,}, "
            "which isn't in UTF-8; name the file's encoding, such as --encoding cp1252"
        )
    reviews = read_reviews(path, Layout(encoding="cp1252"))
    assert reviews.texts[-1].as_py() == "café, garçon"


def test_a_csv_that_says_it_is_utf_16_is_read_so(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "r.csv", "utf-16")
    for layout in (Layout(), Layout(encoding="utf-16"), Layout(encoding="cp1252")):
        assert read_reviews(path, layout).labels.tolist() == [1, 0]


def test_a_csv_that_ends_inside_a_letter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"review,label\ngood,1\nbad,0\xc3")
    with pytest.raises(ReviewsError, match="line 3 holds the byte 0xc3, the file's byte 25, which"):
        read_reviews(tmp_path / "r.csv")


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    for name in ("klingon", "base64"):
        with pytest.raises(UsageError) as caught:
            Layout(encoding=name)
        assert str(caught.value) == (
            f"--encoding is {name!r}, which is none; give one such as utf-8, cp1252 or utf-16"
        )


def test_parquet_with_invalid_utf_8_is_read_and_told(tmp_path: Path) -> None:
    texts = pa.array([b"caf\xe9", b"fine"], pa.binary())
    pq.write_table(pa.table({"review": texts, "label": [0, 1]}), tmp_path / "r.parquet")
    reading = read_reviews(tmp_path / "r.parquet").reading
    assert reading.lines() == ["replaced invalid UTF-8 in 1 reviews by \ufffd"]


def test_ratings_of_ten_are_labels_but_numbers_without_end_are_another_column(
    tmp_path: Path,
) -> None:
    for count, end in (
        (10, "--labels 'positive=6,7,8,9,10 negative=1,2,3,4,5'"),
        (40, "'12' (1) and 28 more; name another column with --label-column"),
    ):
        values = list(range(1, count + 1))
        pq.write_table(
            pa.table({"review": [f"r{one}" for one in values], "label": values}),
            tmp_path / "r.parquet",
        )
        with pytest.raises(ReviewsError) as caught:
            read_reviews(tmp_path / "r.parquet")
        assert str(caught.value).endswith(end)


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (["a", "b", None, "d"], ["a", "b", None, "d"]),
        ([1, 2, 3, 4], ["1", "2", "3", "4"]),
        ([0.5, 1, 2, 3], None),
        (None, None),
    ],
    ids=str,
)
def test_ids_are_read_where_a_table_has_them(
    ids: list[object] | None, read: list[str | None] | None, tmp_path: Path
) -> None:
    columns = {"review": TEXTS, "label": [1, 0, 1, 0]} | ({} if ids is None else {"id": ids})
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert read_reviews(tmp_path).ids is None
    layout = Layout(id_column="id")
    assert read_unlabeled(tmp_path, layout).ids.to_pylist() == (read or [None] * 4)
    write(tmp_path / "b.parquet", [1, 0, 1, 0])
    both = read_unlabeled(tmp_path, layout).ids
    assert both.to_pylist() == (read or [None] * 4) + [None] * 4
    reviews = read_reviews(tmp_path, layout)
    assert reviews.ids is None if read is None else reviews.ids.equals(both)
    if read is not None:
        assert reviews.take(np.array([1, 7])).ids.to_pylist() == [read[1], None]
