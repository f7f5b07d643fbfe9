from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.ngrams import log_ratios, ngram_slots

IDS = st.lists(st.integers(1, 1_000_000), min_size=1, max_size=50).map(lambda ids: np.array(ids, np.int32))


@given(IDS, st.sampled_from([64, 1000, 1 << 20]))
def test_slots_stay_in_the_table_and_leave_that_of_padding_alone(ids: np.ndarray, slots: int) -> None:
    for words, found in enumerate(ngram_slots(ids, 3, slots), 2):
        assert found.dtype == np.int32
        assert len(found) == max(len(ids) - words + 1, 0)
        assert ((found >= 1) & (found < slots)).all()
    wide = ngram_slots(ids.astype(np.int64), 3, slots)
    for found, without_overflow in zip(ngram_slots(ids, 3, slots), wide, strict=True):
        np.testing.assert_array_equal(found, without_overflow)


def test_n_grams_spread_over_the_table_and_their_order_counts() -> None:
    first, second = (axis.ravel().astype(np.int32) for axis in np.meshgrid(np.arange(2, 502), np.arange(2, 502)))
    (pairs,) = ngram_slots(np.stack([first, second], axis=1), 2, 1 << 20)
    (turned,) = ngram_slots(np.stack([second, first], axis=1), 2, 1 << 20)
    # 250,000 n-grams thrown at a million slots by chance would meet 222,000 of them.
    assert len(np.unique(pairs)) > 220_000
    assert (pairs != turned)[first != second].mean() > 0.999
    triples = ngram_slots(np.stack([first, second, np.full_like(first, 9)], axis=1), 3, 1 << 20)[1]
    others = ngram_slots(np.stack([first, second, np.full_like(first, 8)], axis=1), 3, 1 << 20)[1]
    assert (triples != others).all()
    # A triple knows its pair by 15 bits.
    assert len(np.unique(triples)) > 32_000


def test_log_ratios_are_those_worked_out_by_hand() -> None:
    found = log_ratios(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 0.0, 0.5], np.float32), size=3)
    positive, negative = np.array([3, 1.5, 1]) / 5.5, np.array([1, 2.5, 1]) / 4.5
    np.testing.assert_allclose(found, np.log(positive / negative), rtol=1e-6)
