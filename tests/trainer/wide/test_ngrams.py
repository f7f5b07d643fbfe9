from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.tokenizer import Tokens
from trainer.wide.ngrams import (
    exact_step,
    hash_step,
    log_ratios,
    ngram_slots,
    row_ngram_keys,
    slot_step,
)

IDS = st.lists(st.integers(1, 1_000_000), min_size=1, max_size=50).map(
    lambda ids: np.array(ids, np.int32)
)
ROWS = st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=8)

# Three words, none, four, and one.
TOKENS = Tokens(
    np.array([5, 7, 5, 900_001, 7, 3, 2, 2], np.int32), np.array([0, 3, 3, 7, 8]), max_tokens=9
)


@given(IDS, st.sampled_from([64, 1000, 1 << 20]))
def test_slots_stay_in_the_table_and_leave_the_slot_of_padding_alone(
    ids: np.ndarray, slots: int
) -> None:
    for n, found in enumerate(ngram_slots(ids, 3, slots), 2):
        assert found.dtype == np.int32
        assert len(found) == max(len(ids) - n + 1, 0)
        assert ((found >= 1) & (found < slots)).all()
    wide = ngram_slots(ids.astype(np.int64), 3, slots)
    for found, without_overflow in zip(ngram_slots(ids, 3, slots), wide, strict=True):
        np.testing.assert_array_equal(found, without_overflow)


def test_n_grams_spread_over_the_table_and_the_order_of_their_words_counts() -> None:
    ids = np.arange(2, 502)
    first, second = (axis.ravel().astype(np.int32) for axis in np.meshgrid(ids, ids))
    (pairs,) = ngram_slots(np.stack([first, second], axis=1), 2, 1 << 20)
    (turned,) = ngram_slots(np.stack([second, first], axis=1), 2, 1 << 20)
    # 250,000 n-grams in random slots of a million would fill 222,000 of them.
    assert len(np.unique(pairs)) > 220_000
    assert (pairs != turned)[first != second].mean() > 0.999
    nines, eights = (
        np.stack([first, second, np.full_like(first, third)], axis=1) for third in (9, 8)
    )
    triples, others = ngram_slots(nines, 3, 1 << 20)[1], ngram_slots(eights, 3, 1 << 20)[1]
    assert (triples != others).all()
    # A triple keeps 15 bits of the slot of its pair.
    assert len(np.unique(triples)) > 32_000


def test_slots_are_the_same_in_every_release() -> None:
    pairs, triples = ngram_slots(TOKENS.ids, 3, 1 << 20)
    assert pairs.tolist() == [377275, 408295, 843616, 598220, 358341, 171416, 130929]
    assert triples.tolist() == [874460, 874004, 947782, 265484, 957637, 595567]
    pairs, triples = ngram_slots(TOKENS.ids, 3, 1000)
    assert pairs.tolist() == [652, 703, 199, 722, 699, 587, 60]
    assert triples.tolist() == [958, 413, 992, 881, 746, 663]


def test_slots_of_ragged_rows_are_those_of_the_words_in_a_row() -> None:
    _, pairs, triples = row_ngram_keys(TOKENS, 3, partial(slot_step, slots=1 << 20))
    assert pairs[0].tolist() == [377275, 408295, 598220, 358341, 171416]
    assert triples[0].tolist() == [874460, 265484, 957637]


def test_hashes_are_the_same_in_every_release() -> None:
    words, pairs, triples = row_ngram_keys(TOKENS, 3, partial(hash_step, slots=1 << 22))
    assert words[0].tolist() == TOKENS.ids.tolist()
    assert pairs[0].tolist() == [5000066, 7000058, 900003700054, 7000044, 3000025]
    assert triples[0].tolist() == [805764417324, 331630336410, 606725161685]


def test_exact_keys_are_the_digits_of_the_words() -> None:
    words, pairs, triples = row_ngram_keys(TOKENS, 3, partial(exact_step, base=1_000_000))
    assert words[0].tolist() == TOKENS.ids.tolist()
    assert pairs[0].tolist() == [5_000007, 7_000005, 900001_000007, 7_000003, 3_000002]
    assert triples[0].tolist() == [
        5_000007_000005,
        900001_000007_000003,
        7_000003_000002,
    ]


def test_each_n_gram_of_ragged_rows_has_the_number_of_its_row() -> None:
    found = row_ngram_keys(TOKENS, 3, partial(exact_step, base=1_000_000))
    assert [rows.tolist() for _, rows in found] == [
        [0, 0, 0, 2, 2, 2, 2, 3],
        [0, 0, 2, 2, 2],
        [0, 2, 2],
    ]


@given(ROWS, st.integers(1, 4))
def test_no_n_gram_reaches_into_the_next_row(rows: list[list[int]], order: int) -> None:
    ids = np.array([word for row in rows for word in row], np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    found = row_ngram_keys(Tokens(ids, offsets, max_tokens=9), order, partial(exact_step, base=10))
    assert len(found) == order
    for n, (keys, numbers) in enumerate(found, 1):
        expected = [
            (int("".join(map(str, row[start : start + n]))), number)
            for number, row in enumerate(rows)
            for start in range(len(row) - n + 1)
        ]
        assert list(zip(keys.tolist(), numbers.tolist(), strict=True)) == expected


def test_log_ratios_are_those_worked_out_by_hand() -> None:
    targets = np.array([1.0, 1.0, 0.0, 0.5], np.float32)
    found = log_ratios(np.array([0, 0, 1, 1]), targets, size=3)
    positive, negative = np.array([3, 1.5, 1]) / 5.5, np.array([1, 2.5, 1]) / 4.5
    np.testing.assert_allclose(found, np.log(positive / negative), rtol=1e-6)
