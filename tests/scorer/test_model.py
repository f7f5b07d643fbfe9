from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts
from scorer import SentimentModel
from scorer.model import session_options
from scorer.tokenizer import Tokens

ONE_LINERS = Path(__file__).parents[1] / "benchmarks/one_liners.csv"


@pytest.fixture(scope="module", params=["default", "fast"])
def model(request: pytest.FixtureRequest) -> SentimentModel:
    """Each model that ships: what holds for one has to hold for the other."""
    return SentimentModel.load(request.param)


def bits(scores: np.ndarray) -> list[int]:
    return scores.view(np.uint32).tolist()


def test_a_review_gets_the_same_bits_alone_in_a_batch_and_beside_a_long_one(
    model: SentimentModel,
) -> None:
    texts = [*some_texts(64), "a great film. " * 300]
    alone = np.concatenate([model.score([text]) for text in texts])
    assert bits(model.score(texts)) == bits(alone)
    assert bits(model.score(texts[::-1])[::-1]) == bits(alone)
    assert bits(model.score(texts[:9])) == bits(alone[:9])


def test_padding_and_batch_do_not_change_a_bit(model: SentimentModel) -> None:
    tokens = model.card.tokenizer.encode(pa.array(some_texts(33)))
    reference = model.score_tokens(tokens)
    rows = np.flatnonzero(tokens.lengths > 0)
    for extra in (0, 1, 7, 200):
        length = int(tokens.lengths.max()) + extra
        feed = {
            "token_ids": tokens.padded(rows, length),
            "lengths": tokens.lengths[rows].astype(np.int32),
        }
        assert bits(model._session.run(["score"], feed)[0]) == bits(reference[rows])


def test_threads_do_not_change_a_bit(model: SentimentModel) -> None:
    texts = some_texts(200, seed=1)
    parts = [texts[start : start + 10] for start in range(0, 200, 10)]
    with ThreadPoolExecutor(2) as pool:
        threaded = np.concatenate(list(pool.map(model.score, parts)))
    assert bits(threaded) == bits(model.score(texts))


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=6))
def test_any_text_is_scored_as_it_is_alone(model: SentimentModel, texts: list[str | None]) -> None:
    together = model.score(texts)
    assert together.dtype == np.float32
    assert together.shape == (len(texts),)
    for text, score in zip(texts, together, strict=True):
        assert bits(model.score([text])) == bits(np.array([score], np.float32))


def test_scores_are_probabilities_and_nan_without_a_token(model: SentimentModel) -> None:
    scores = model.score(["great film", "awful film", None, "", "<br />", "zzzunheardof"])
    assert np.isnan(scores).tolist() == [False, False, True, True, True, False]
    assert 0.5 < scores[0] <= 1
    assert 0 <= scores[1] < 0.5


def test_bytes_arrow_arrays_and_no_texts_are_taken_too(model: SentimentModel) -> None:
    expected = bits(model.score(["great film"]))
    assert bits(model.score([b"great film"])) == expected
    assert bits(model.score(pa.chunked_array([["great film"]]))) == expected
    assert model.score([]).shape == (0,)


class Series:
    """What `score` sees of a pandas Series: rows in order, whatever its index."""

    ndim = 1

    def __init__(self, values: list[object]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[object]:
        return iter(self.values)

    def __getitem__(self, label: object) -> object:
        raise KeyError(label)


@pytest.mark.parametrize("method", ["score", "__call__", "predict", "predict_proba"])
@pytest.mark.parametrize(
    "one",
    [
        "a great film",
        b"a great film",
        bytearray(b"great"),
        memoryview(b"great"),
        np.str_("great"),
        pa.scalar("great"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_one_review_is_not_a_list_of_letters(
    model: SentimentModel, method: str, one: object
) -> None:
    message = r"^score takes a list of reviews; for one review: score\(\[text\]\)$"
    with pytest.raises(TypeError, match=message):
        getattr(model, method)(one)


@pytest.mark.parametrize(
    "texts",
    [
        {"review": ["great"]},
        {"great", "awful"},
        np.array([["great"], ["awful"]]),
        np.array("great"),
        type("DataFrame", (Series,), {"ndim": 2})(["review", "stars"]),
        type("PolarsFrame", (Series,), {"columns": ["review"]})([Series(["great"])]),
        pa.table({"review": ["great"]}),
        pa.record_batch({"review": ["great"]}),
        None,
        5,
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_what_is_walked_through_by_other_things_than_rows_is_refused(
    model: SentimentModel, texts: object
) -> None:
    with pytest.raises(TypeError, match="score takes a list of reviews, not a "):
        model.score(texts)


@pytest.mark.parametrize("value", [1, 0.5, ["great"], b"x"[0], object(), True])
def test_a_value_that_is_no_review_is_named(model: SentimentModel, value: object) -> None:
    with pytest.raises(TypeError, match=r"^score takes strings, bytes and None, not a "):
        model.score(["great film", value])


def test_a_series_is_scored_as_its_list_and_its_missing_values_have_no_score(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = type("NAType", (), {"__bool__": None, "__ne__": None, "__hash__": None})()
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(NA=missing))
    texts = ["a great film", None, float("nan"), np.float32("nan"), missing, "", "awful"]
    plain = ["a great film", None, None, None, None, "", "awful"]
    for rows in (texts, Series(texts), np.array(texts, object), iter(texts)):
        assert bits(model.score(rows)) == bits(model.score(plain))
    assert model.predict(Series(texts)).tolist() == model.predict(plain).tolist()


def test_calling_the_model_scores(model: SentimentModel) -> None:
    texts = ["a great film", None, "awful"]
    assert bits(model(texts)) == bits(model.score(texts))


def test_predict_gives_labels(model: SentimentModel) -> None:
    assert model.predict(["great film", "awful film", None]).tolist() == [
        "positive",
        "negative",
        None,
    ]
    assert model.predict([]).shape == (0,)


def test_predict_proba_gives_a_column_for_negative_and_one_for_positive(
    model: SentimentModel,
) -> None:
    texts = ["great film", "awful film", None]
    found, scores = model.predict_proba(texts), model.score(texts)
    assert (found.dtype, found.shape) == (np.float32, (3, 2))
    assert bits(found[:, 1].copy()) == bits(scores)
    assert np.isnan(found).tolist() == [[False, False], [False, False], [True, True]]
    np.testing.assert_allclose(found[:2].sum(axis=1), 1)
    assert model.predict_proba([]).shape == (0, 2)


def test_a_review_of_100_000_words_is_scored_by_its_end(model: SentimentModel) -> None:
    end = " ".join(["wonderful"] * model.card.tokenizer.max_tokens)
    long = "awful " * 100_000 + end
    assert bits(model.score([long])) == bits(model.score([end]))


def test_an_empty_set_of_tokens_makes_no_call(model: SentimentModel) -> None:
    nothing = Tokens(np.zeros(0, np.int32), np.zeros(1, np.int64), 400)
    assert model.score_tokens(nothing).shape == (0,)


def test_labels_stand_on_either_side_of_the_threshold(model: SentimentModel) -> None:
    assert [model.label(score) for score in (0.0, 0.49999, 0.5, 1.0, float("nan"))] == [
        "negative",
        "negative",
        "positive",
        "positive",
        None,
    ]


def test_an_array_of_scores_gets_an_array_of_labels(model: SentimentModel) -> None:
    labels = model.label(np.array([0.1, 0.9, np.nan], np.float32))
    assert labels.tolist() == ["negative", "positive", None]
    assert model.label(np.zeros(0, np.float32)).shape == (0,)


def test_onnxruntime_computes_on_the_callers_thread_alone(model: SentimentModel) -> None:
    for options in (session_options(), model._session.get_session_options()):
        assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_the_fingerprint_is_the_same_each_time_and_another_for_other_arithmetic(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded() -> SentimentModel:
        return SentimentModel(model.file)

    assert re.fullmatch("[0-9a-f]{64}", model.fingerprint)
    assert loaded().fingerprint == model.fingerprint
    monkeypatch.setattr(onnxruntime, "__version__", "0.1")
    assert loaded().fingerprint != model.fingerprint
    monkeypatch.undo()
    run = SentimentModel.run

    def with_another_last_bit(self: SentimentModel, *feed: np.ndarray) -> np.ndarray:
        return np.nextafter(run(self, *feed), np.float32(2))

    monkeypatch.setattr(SentimentModel, "run", with_another_last_bit)
    assert loaded().fingerprint != model.fingerprint


def test_a_model_is_shown_on_one_line(model: SentimentModel) -> None:
    for shown in (repr(model), repr(model.file)):
        assert model.file.name in shown
        assert len(shown) < 300
        assert "\n" not in shown


def test_the_model_called_default_is_the_default() -> None:
    default, named, fast = map(SentimentModel.load, (None, "default", "fast"))
    assert default.file.sha256 == named.file.sha256 != fast.file.sha256


def test_a_model_that_ships_labels_at_least_80_of_100_one_liners_right(
    model: SentimentModel,
) -> None:
    with ONE_LINERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    labels = model.label(model.score([row["review"] for row in rows]))
    expected = [("negative", "positive")[int(row["label"])] for row in rows]
    assert sum(map(str.__eq__, labels, expected)) >= 80


def test_an_arrow_column_of_numbers_is_refused(model: SentimentModel) -> None:
    with pytest.raises(Exception, match="can't be read as text"):
        model.score(pa.array([1, 2]))
