from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts
from scorer import SentimentModel
from scorer.model import ALIKE, micro_batches
from scorer.tokenizer import Tokens


@pytest.fixture(scope="module", params=["default", "fast"])
def model(request: pytest.FixtureRequest) -> SentimentModel:
    """Each model that ships: what holds for one has to hold for the other."""
    return SentimentModel.load(request.param)


def bits(scores: np.ndarray) -> list[int]:
    return scores.view(np.uint32).tolist()


def test_a_review_gets_the_same_bits_alone_in_a_batch_and_beside_a_long_one(model: SentimentModel) -> None:
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
        feed = {"token_ids": tokens.padded(rows, length), "lengths": tokens.lengths[rows].astype(np.int32)}
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


def test_a_review_of_100_000_words_is_scored_by_its_end(model: SentimentModel) -> None:
    end = " ".join(["wonderful"] * model.card.tokenizer.max_tokens)
    long = "awful " * 100_000 + end
    assert bits(model.score([long])) == bits(model.score([end]))


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 120))
def test_micro_batches_hold_every_row_with_a_token_once_within_the_budget(lengths: list[int], budget: int) -> None:
    array = np.array(lengths, np.int64)
    batches = list(micro_batches(array, budget, least=3))
    rows = [row for batch in batches for row in batch.tolist()]
    assert sorted(rows) == [row for row, length in enumerate(lengths) if length]
    for batch in batches:
        longest = array[batch].max()
        assert len(batch) * longest <= budget or (len(batch) <= 3 and longest <= ALIKE * array[batch].min())


def test_an_empty_set_of_tokens_makes_no_call(model: SentimentModel) -> None:
    assert model.score_tokens(Tokens(np.zeros(0, np.int32), np.zeros(1, np.int64), 400)).shape == (0,)


def test_labels_stand_on_either_side_of_the_threshold(model: SentimentModel) -> None:
    assert [model.label(score) for score in (0.0, 0.49999, 0.5, 1.0, float("nan"))] == [
        "negative",
        "negative",
        "positive",
        "positive",
        None,
    ]


def test_the_one_called_default_is_the_default() -> None:
    assert SentimentModel.load().file.sha256 == SentimentModel.load("default").file.sha256 != SentimentModel.load("fast").file.sha256


def test_an_arrow_column_of_numbers_is_refused(model: SentimentModel) -> None:
    with pytest.raises(Exception, match="can't be read as text"):
        model.score(pa.array([1, 2]))
