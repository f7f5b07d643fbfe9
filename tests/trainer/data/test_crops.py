from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.tokenizer import Tokens
from trainer.data.crops import CROP_LENGTHS, crop


def ragged(lengths: list[int]) -> Tokens:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(np.arange(2, 2 + offsets[-1], dtype=np.int32), offsets, max_tokens=1000)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_a_crop_is_a_run_of_words_of_its_review(
    lengths: list[int], fraction: float, seed: int
) -> None:
    whole = ragged(lengths)
    cut = crop(whole, fraction, np.random.default_rng(seed))
    assert len(cut) == len(whole)
    for row in range(len(whole)):
        words = whole.ids[whole.offsets[row] : whole.offsets[row + 1]]
        kept = cut.ids[cut.offsets[row] : cut.offsets[row + 1]]
        assert len(kept) == len(words) or CROP_LENGTHS[0] <= len(kept) <= CROP_LENGTHS[1]
        assert (np.diff(kept) == 1).all()
        assert set(kept) <= set(words)


def test_a_fraction_of_reviews_is_cut_anew_in_each_epoch() -> None:
    whole = ragged([200] * 1000)
    first, second = (
        np.diff(crop(whole, 0.3, np.random.default_rng(seed)).offsets) < 200 for seed in (1, 2)
    )
    assert 250 < first.sum() < 350
    assert (first != second).any()
