"""Two models, or two outputs, compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import some_texts
from scorer import SentimentModel
from scorer.errors import ReviewsError, UsageError
from scorer.insight import comparison
from scorer.insight.compare import Question, compare_models, compare_outputs
from scorer.job.api import score_files


@pytest.fixture(scope="module")
def fast() -> SentimentModel:
    return SentimentModel.load("fast")


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two files with texts, labels and a product, some rows without a text."""
    folder = tmp_path_factory.mktemp("reviews")
    for seed in (1, 2):
        texts: list[str | None] = [*some_texts(1500, seed), None, "<br>"]
        labels = [None if row % 7 == 0 else row % 2 for row in range(len(texts))]
        products = [f"p{row % 5}" if row % 11 else None for row in range(len(texts))]
        table = pa.table({"review": texts, "label": labels, "product": products})
        pq.write_table(table, folder / f"{seed}.parquet", row_group_size=700)
    return folder


@pytest.fixture(scope="module")
def outputs(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return what both models that ship say of the first file."""
    folder = tmp_path_factory.mktemp("outputs")
    for name in ("default", "fast"):
        score_files(str(reviews / "1.parquet"), str(folder / f"{name}.parquet"), model=name)
    return folder / "default.parquet", folder / "fast.parquet"


def test_a_model_and_itself_differ_in_nothing(model: SentimentModel, reviews: Path) -> None:
    found = compare_models(model, model, [str(reviews)], Question()).total
    assert (found["rows"], found["scored"], found.flips, found.mean_move) == (3004, 3000, 0, 0)


def test_flips_are_those_of_a_join_by_hand(
    model: SentimentModel, fast: SentimentModel, reviews: Path
) -> None:
    question = Question(labels="label", by="product", examples=3)
    found = compare_models(model, fast, [str(reviews)], question)
    table = pa.concat_tables([pq.read_table(reviews / f"{seed}.parquet") for seed in (1, 2)])
    a, b = model.score(table["review"]), fast.score(table["review"])
    both = ~np.isnan(a)
    one, other = (model.card.is_positive(a), fast.card.is_positive(b))
    flips = both & (one != other)
    total = found.total
    assert 0 < total.flips == np.count_nonzero(flips)
    assert total["to_positive"] == np.count_nonzero(flips & other)
    assert total.flip_share == np.count_nonzero(flips) / np.count_nonzero(both)
    moves = (b.astype(float) - a)[both]
    assert total.mean_move == pytest.approx(np.abs(moves).mean())
    assert total.histogram == np.histogram(moves, comparison.MOVES)[0].tolist()

    truth = table["label"].to_numpy()
    known = both & ~np.isnan(truth)
    assert total["labelled"] == np.count_nonzero(known)
    assert total["right_a"] == np.count_nonzero(known & (one == truth))
    assert total["only_b"] == np.count_nonzero(known & (one != truth) & (other == truth))
    values = found.values()[0]
    products = np.array(table["product"].fill_null("(null)").to_pylist())
    assert {name: figures.flips for name, figures in values.items()} == {
        name: np.count_nonzero(flips & (products == name)) for name in set(products)
    }
    assert sum(figures["rows"] for figures in found.lengths().values()) == 3004
    assert [one.move for one in found.examples] == pytest.approx(
        np.sort(np.abs(moves))[::-1][:3].tolist()
    )
    first = found.examples[0]
    file = pq.read_table(first.file)["review"]
    assert first.text == file[first.row - 1].as_py()[:300]


def test_two_outputs_say_the_same_as_their_models(
    model: SentimentModel, fast: SentimentModel, reviews: Path, outputs: tuple[Path, Path]
) -> None:
    question = Question(labels="label", by="product", examples=2)
    by_models = compare_models(model, fast, [str(reviews / "1.parquet")], question)
    by_outputs = compare_outputs(*map(str, outputs), question)
    np.testing.assert_array_equal(by_outputs.total.counts, by_models.total.counts)
    assert by_outputs.by_value.keys() == by_models.by_value.keys()
    assert [one.row for one in by_outputs.examples] == [one.row for one in by_models.examples]


def test_outputs_of_other_rows_are_refused(outputs: tuple[Path, Path], tmp_path: Path) -> None:
    table = pq.read_table(outputs[1])
    short, long, other = (tmp_path / f"{name}.parquet" for name in ("short", "long", "other"))
    pq.write_table(table.slice(1), short)
    pq.write_table(pa.concat_tables([table, table.slice(0, 3000)]), long)
    texts = table["review"].to_pylist()
    texts[900] = "another"
    changed = table.set_column(0, "review", pa.array(texts))
    pq.write_table(changed, other)
    bare = tmp_path / "bare.parquet"
    pq.write_table(table.select(["review"]), bare)
    keyless = [
        table.drop_columns(["review"]).slice(1),
        pa.concat_tables([table.drop_columns(["review"])] * 2),
    ]
    for number, one in enumerate(keyless):
        pq.write_table(one, tmp_path / f"keyless{number}.parquet")
    cases = [
        (other, "row 901 holds another review than in the first output"),
        (bare, "there is no column 'sentiment'"),
        (short, "holds another review"),
        (long, "don't have the same number of rows"),
        (tmp_path / "keyless0.parquet", "don't have the same number of rows"),
        (tmp_path / "keyless1.parquet", "don't have the same number of rows"),
    ]
    for path, message in cases:
        with pytest.raises(ReviewsError) as error:
            compare_outputs(str(outputs[0]), str(path), Question())
        assert message in str(error.value)
    with pytest.raises(UsageError, match="does not exist"):
        compare_outputs(str(outputs[0]), str(tmp_path / "none.parquet"), Question())


@pytest.mark.parametrize(
    "values", [[True, False], ["Positive", "neg"], ["1", "0"], [1.0, 0.0]], ids=repr
)
def test_labels_are_read_in_their_usual_spellings(
    model: SentimentModel, tmp_path: Path, values: list[object]
) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"review": ["Wonderful.", "Awful."], "label": values}), path)
    found = compare_models(model, model, [str(path)], Question(labels="label")).total
    assert (found["labelled"], found["right_a"], found["right_b"]) == (2, 2, 2)


def test_what_is_no_label_is_named(model: SentimentModel, tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"review": ["Fine."], "label": [4]}), path)
    with pytest.raises(ReviewsError, match="column 'label' holds '4', which is no label; labels"):
        compare_models(model, model, [str(path)], Question(labels="label"))
    with pytest.raises(ReviewsError, match=r"in.parquet: there is no column 'no'"):
        compare_models(model, model, [str(path)], Question(by="no"))


def test_values_beyond_the_most_frequent_are_one_group(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_COUNTED", 4)
    monkeypatch.setattr(comparison, "MOST_TOLD", 2)
    path = tmp_path / "in.parquet"
    names = ["a", "b", "b", "c", "c", "c", "d", "e", "f"]
    pq.write_table(pa.table({"review": ["Fine."] * len(names), "by": names}), path)
    values, rest = compare_models(model, model, [str(path)], Question(by="by")).values()
    assert {name: one["rows"] for name, one in values.items()} == {"c": 3, "b": 2}
    assert rest["rows"] == 4
