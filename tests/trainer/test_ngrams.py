from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.ngrams import bigram_slots, log_ratios

IDS = st.lists(st.integers(1, 1_000_000), min_size=1, max_size=50).map(lambda ids: np.array(ids, np.int32))


@given(IDS, st.sampled_from([64, 1000, 1 << 20]))
def test_slots_stay_in_the_table_and_leave_that_of_padding_alone(ids: np.ndarray, slots: int) -> None:
    found = bigram_slots(ids, ids[::-1], slots)
    assert found.dtype == np.int32
    assert found.min() >= 1
    assert found.max() < slots
    wide = ids.astype(np.int64)
    np.testing.assert_array_equal(found, bigram_slots(wide, wide[::-1], slots))  # nothing overflowed


def test_pairs_spread_over_the_table_and_their_order_counts() -> None:
    first, second = (axis.ravel().astype(np.int32) for axis in np.meshgrid(np.arange(2, 502), np.arange(2, 502)))
    found = bigram_slots(first, second, 1 << 20)
    # 250,000 pairs thrown at a million slots by chance would meet 222,000 of them.
    assert len(np.unique(found)) > 220_000
    assert (found != bigram_slots(second, first, 1 << 20))[first != second].mean() > 0.999


def test_log_ratios_are_those_worked_out_by_hand() -> None:
    found = log_ratios(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 0.0, 0.5], np.float32), size=3)
    positive, negative = np.array([3, 1.5, 1]) / 5.5, np.array([1, 2.5, 1]) / 4.5
    np.testing.assert_allclose(found, np.log(positive / negative), rtol=1e-6)
