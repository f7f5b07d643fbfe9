from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError, UsageError
from trainer.reviews import Reviews, check_both_kinds
from trainer.sources import read_reviews

TEXTS = ["Good, really.", 'He said "no"', "two\nlines", "über"]


def parquet(path: Path, texts: list[str | None], labels: object, **names: str) -> Path:
    pq.write_table(pa.table({names.get("text", "review"): texts, names.get("label", "label"): labels}), path)
    return path


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0, 1, 0], [1.0, 0.0, 1.0, 0.0], [True, False, True, False], ["pos", "neg", "pos", "neg"],
        [" Positive", "NEGATIVE ", "positive", "negative"], ["1", "0", "1", "0"],
        pa.array(["pos", "neg", "pos", "neg"]).dictionary_encode(),
    ],
    ids=str,
)  # fmt: skip
def test_labels_can_be_written_in_any_usual_way(tmp_path: Path, labels: object) -> None:
    reviews = read_reviews(parquet(tmp_path / "r.parquet", TEXTS, labels))
    assert reviews.labels.tolist() == [1, 0, 1, 0]
    assert reviews.texts.to_pylist() == TEXTS


def test_csv_and_parquet_and_a_folder_of_both_give_the_same_reviews(tmp_path: Path) -> None:
    table = pa.table({"review": TEXTS, "sentiment": ["positive", "negative", "positive", "negative"]})
    pq.write_table(table, tmp_path / "r.parquet")
    pa_csv.write_csv(table, tmp_path / "r.csv")
    (tmp_path / "both").mkdir()
    pq.write_table(table.slice(0, 2), tmp_path / "both/1.parquet")
    pa_csv.write_csv(table.slice(2), tmp_path / "both/2.csv")
    (tmp_path / "both/_SUCCESS").touch()
    prints = {read_reviews(tmp_path / name).fingerprint() for name in ("r.parquet", "r.csv", "both")}
    assert len(prints) == 1


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = parquet(tmp_path / "r.parquet", TEXTS, [1, 0, 1, 0], text="words", label="stars")
    assert len(read_reviews(path, "words", "stars")) == 4


def test_the_fingerprint_changes_with_a_text_a_label_and_the_order() -> None:
    def printed(texts: list[str], labels: list[int]) -> str:
        return Reviews(pa.array(texts, pa.large_string()), np.array(labels, np.int8), "r").fingerprint()

    different = [printed(["a", "b"], [0, 1]), printed(["a", "c"], [0, 1]), printed(["a", "b"], [1, 1]), printed(["b", "a"], [1, 0])]
    assert len({*different, printed(["ab", ""], [0, 1])}) == 5


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"stars": [1], "label": [1]}, "no text column was found among 'stars', 'label'; name one with --text-column"),
        ({"review": ["a"], "stars": [1]}, "there is no label column (label, sentiment, target, polarity); the columns are review, stars"),
        ({"review": ["a", "b"], "label": [1, 3]}, "the label of row 1 is 3; labels are 0 and 1, neg and pos, or negative and positive"),
        ({"review": ["a"], "label": ["maybe"]}, "the label of row 0 is 'maybe'"),
        ({"review": ["a", "b"], "label": [0, None]}, "the label of row 1 is None"),
        ({"review": ["a"], "label": [0.5]}, "the label of row 0 is 0.5; labels are"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, table: dict[str, list[object]], message: str) -> None:
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    with pytest.raises(ReviewsError) as caught:
        read_reviews(tmp_path / "r.parquet")
    assert str(caught.value).startswith(f"reading {tmp_path}/r.parquet: ")
    assert message in str(caught.value)


def test_a_source_that_is_missing_empty_foreign_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none.parquet does not exist"):
        read_reviews(tmp_path / "none.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReviewsError, match="holds no .parquet and no .csv file"):
        read_reviews(tmp_path / "empty")
    (tmp_path / "r.txt").write_text("x")
    with pytest.raises(ReviewsError, match=r"only .parquet and .csv files"):
        read_reviews(tmp_path / "r.txt")
    (tmp_path / "r.parquet").write_bytes(b"PAR1")
    with pytest.raises(ReviewsError, match="reading .*r.parquet: "):
        read_reviews(tmp_path / "r.parquet")
    parquet(tmp_path / "none.parquet", pa.array([], pa.string()), pa.array([], pa.int8()))
    with pytest.raises(ReviewsError, match="there are no reviews in it"):
        read_reviews(tmp_path / "none.parquet")


def test_reviews_of_one_kind_are_refused(tmp_path: Path) -> None:
    reviews = read_reviews(parquet(tmp_path / "r.parquet", TEXTS, [1, 1, 1, 1]))
    with pytest.raises(ReviewsError, match="all 4 reviews are positive; both kinds are needed"):
        check_both_kinds(reviews)
