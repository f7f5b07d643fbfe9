"""Texts with probabilities: what a file of them may hold, and what is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError, UsageError
from trainer.data import soft_reviews
from trainer.data.soft_reviews import SoftReviews, read_soft_reviews

TEXTS = ["Good, really.", "so so", "über"]
PROBABILITIES = [0.9, 0.5, 1]
GROUPS = ["a", "b", "a"]


def write(path: Path, **columns: object) -> Path:
    wanted = {"text": TEXTS, "probability": PROBABILITIES, "group": GROUPS} | columns
    pq.write_table(pa.table({name: one for name, one in wanted.items() if one is not None}), path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ReviewsError) as caught:
        read_soft_reviews(path)
    return str(caught.value).removeprefix(f"reading soft labels from {path}: ")


@pytest.mark.parametrize(
    ("columns", "groups"),
    [
        ({}, GROUPS),
        ({"group": None}, TEXTS),
        ({"group": [7, 8, 7]}, ["7", "8", "7"]),
        ({"group": pa.array(GROUPS).dictionary_encode()}, GROUPS),
        ({"text": pa.array(TEXTS).dictionary_encode(), "kind": ["review"] * 3}, GROUPS),
        ({"probability": pa.array([0.9, 0.5, 1], pa.float32())}, GROUPS),
        ({"probability": pa.array([0.9, 0.5, 1], pa.float16())}, GROUPS),
    ],
)
def test_texts_probabilities_and_groups_are_read(
    columns: dict[str, object], groups: list[str], tmp_path: Path
) -> None:
    soft = read_soft_reviews(write(tmp_path / "soft.parquet", **columns))
    assert soft.texts.to_pylist() == TEXTS
    assert soft.probabilities.dtype == np.float32
    np.testing.assert_allclose(soft.probabilities, PROBABILITIES, atol=1e-3)
    assert soft.groups.to_pylist() == groups
    assert soft.grouped == (groups != TEXTS)
    assert soft.name == "soft.parquet"


def test_several_files_become_one(tmp_path: Path) -> None:
    first = read_soft_reviews(write(tmp_path / "a.parquet"))
    second = read_soft_reviews(write(tmp_path / "b.parquet", group=None))
    both = SoftReviews.concatenate([first, second])
    assert both.texts.to_pylist() == TEXTS * 2
    assert both.groups.to_pylist() == GROUPS + TEXTS
    assert both.grouped
    assert both.name == "a.parquet, b.parquet"


def test_the_fingerprint_changes_with_each_column_and_not_with_the_name(tmp_path: Path) -> None:
    changes = [
        {},
        {"text": ["Good, really!", *TEXTS[1:]]},
        {"probability": [0.9, 0.5, 0.99]},
        {"group": ["a", "a", "a"]},
        {"group": None},
    ]
    found = {
        read_soft_reviews(write(tmp_path / f"{index}.parquet", **change)).fingerprint()
        for index, change in enumerate(changes)
    }
    assert len(found) == len(changes)
    assert read_soft_reviews(write(tmp_path / "again.parquet")).fingerprint() in found


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"probability": None},
            "there is no column 'probability'; the columns are 'text', 'group'; soft labels have "
            "the columns text and probability, and where wanted group",
        ),
        (
            {"text": None, "review": TEXTS, "probability": None},
            "there is no column 'text', 'probability'; the columns are 'group', 'review'; soft "
            "labels have the columns text and probability, and where wanted group",
        ),
        (
            {"probability": ["high", "low", "?"]},
            "column 'probability' is of type string; give it as numbers",
        ),
        ({"text": [1, 2, 3]}, "column 'text' is of type int64; give it as text"),
        (
            {"group": [1.0, 2.0, 1.0]},
            "column 'group' is of type double; give it as text or integers",
        ),
        (
            {" text": TEXTS},
            "the columns 'text', ' text' have nearly the same name; rename all but one",
        ),
        ({"group": ["a", None, "b"]}, "row 1 has no group; name one in each row, or leave the "
         "column out"),
        ({"text": ["good", " \n", "bad"]}, "row 1 has no text; leave it out of the file"),
        ({"text": ["good", "bad", None]}, "row 2 has no text; leave it out of the file"),
        ({"text": pa.nulls(3)}, "row 0 has no text; leave it out of the file"),
        *(
            (
                {"probability": pa.array([0.1, wrong, 0.2], pa.float64())},
                f"the probability of row 1 is {told}; give the probability of positive, "
                "from 0 to 1",
            )
            for wrong, told in [
                (1.2, "1.2"), (-0.25, "-0.25"), (1.0000001, "1.0000001"), (None, "null"),
                (float("nan"), "nan"), (float("inf"), "inf"),
            ]
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_column_or_row(
    columns: dict[str, object], message: str, tmp_path: Path
) -> None:
    assert refusal(write(tmp_path / "soft.parquet", **columns)) == message


def test_rows_are_counted_over_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soft_reviews, "ROWS_AT_ONCE", 2)
    source = write(tmp_path / "soft.parquet", probability=[0.1, 0.2, 3])
    assert refusal(source).startswith("the probability of row 2 is 3; ")
    assert read_soft_reviews(write(source)).texts.to_pylist() == TEXTS


def test_invalid_utf_8_is_replaced_and_counted(tmp_path: Path) -> None:
    texts = pa.array([b"good", b"caf\xe9", b"bad"])
    soft = read_soft_reviews(write(tmp_path / "soft.parquet", text=texts))
    assert soft.texts.to_pylist() == ["good", "caf\N{REPLACEMENT CHARACTER}", "bad"]
    assert soft.reading.lines() == [
        "replaced invalid UTF-8 in 1 reviews by \N{REPLACEMENT CHARACTER}"
    ]


def test_a_file_that_is_no_table_or_has_no_row_or_does_not_exist_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "soft.parquet"
    with pytest.raises(UsageError) as caught:
        read_soft_reviews(path)
    assert str(caught.value) == f"reading soft labels: {path} does not exist"
    empty = {"text": pa.array([], pa.string()), "probability": pa.array([], pa.float32())}
    assert refusal(write(path, **empty, group=None)) == "there are no rows in it"
    path.write_text("text,probability\ngood,0.9\n")
    assert refusal(path).endswith("; give a whole Parquet file")
    path.unlink()
    path.mkdir()
    assert "directory" in refusal(path)
