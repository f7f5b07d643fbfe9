from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.packing import ALIKE, micro_batches


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 120))
def test_micro_batches_hold_every_row_with_a_token_once_within_the_budget(
    lengths: list[int], budget: int
) -> None:
    array = np.array(lengths, np.int64)
    batches = list(micro_batches(array, budget, least=3))
    rows = [row for batch in batches for row in batch.tolist()]
    assert sorted(rows) == [row for row, length in enumerate(lengths) if length]
    for batch in batches:
        longest = array[batch].max()
        assert len(batch) * longest <= budget or (
            len(batch) <= 3 and longest <= ALIKE * array[batch].min()
        )


def sizes(*lengths: int) -> list[int]:
    return [len(batch) for batch in micro_batches(np.array(lengths, np.int64), budget=1000)]


def test_four_long_rows_of_similar_length_share_a_batch_beyond_the_budget() -> None:
    assert sizes(800, 800, 900, 1000) == [4]
    assert sizes(800, 800, 900, 1000, 1000) == [4, 1]


def test_long_rows_of_different_length_do_not() -> None:
    assert sizes(600, 900) == [1, 1]
