from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.tokenizer import Tokens
from trainer.ngrams import bigram_slots, log_ratios, start_weights

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


def test_a_wide_branch_starts_from_words_and_pairs_within_a_review() -> None:
    tokens = Tokens(np.array([2, 3, 2, 4], np.int32), np.array([0, 2, 4]), max_tokens=9)
    words, bigrams = start_weights(tokens, np.array([1.0, 0.0], np.float32), words=3, slots=100)
    assert words.shape == (5,)
    assert words[0] == bigrams[0] == 0
    assert words[3] > 0 > words[4]
    assert words[2] == pytest.approx(0, abs=0.01)
    inside = bigram_slots(tokens.ids[[0, 2]], tokens.ids[[1, 3]], 100)
    across = bigram_slots(tokens.ids[[1]], tokens.ids[[2]], 100)
    assert bigrams[inside[0]] > 0 > bigrams[inside[1]]
    assert across[0] not in inside
    assert bigrams[across[0]] == pytest.approx(0, abs=0.01)
