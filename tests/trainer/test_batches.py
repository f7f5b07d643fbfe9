from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.tokenizer import Tokens
from trainer.batches import LENGTH_STEP, TrainingBatches, draw_batches
from trainer.crops import CROP_LENGTHS, crop
from trainer.settings import preset

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=300).map(lambda lengths: np.array(lengths, np.int64))


@given(LENGTHS, st.integers(1, 40), st.booleans())
def test_every_review_is_dealt_once(lengths: np.ndarray, batch_size: int, bucketed: bool) -> None:
    batches = draw_batches(lengths, batch_size, np.random.default_rng(0), bucketed=bucketed)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert max(len(batch) for batch in batches) <= batch_size


@given(LENGTHS, st.integers(1, 40))
def test_the_longest_batch_stands_first_and_the_shortest_second(lengths: np.ndarray, batch_size: int) -> None:
    tops = [lengths[batch].max() for batch in draw_batches(lengths, batch_size, np.random.default_rng(1), bucketed=True)]
    assert tops[0] == max(tops)
    assert len(tops) == 1 or tops[1] == min(tops[1:])


def batches(epoch: int, seed: int = 0, **changes: object) -> TrainingBatches:
    lengths = np.random.default_rng(5).integers(1, 100, 500)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = Tokens(np.full(offsets[-1], 7, np.int32), offsets, max_tokens=60)
    targets = (lengths % 2).astype(np.float32)
    return TrainingBatches(tokens, targets, preset("default", **({"batch_size": 16, "seed": seed, "crops": 0.0} | changes)), epoch)


def test_the_order_is_drawn_from_seed_and_epoch_alone() -> None:
    def printed(made: TrainingBatches) -> list[bytes]:
        return [made[place][0].tobytes() for place in range(len(made))]

    assert printed(batches(3)) == printed(batches(3))
    assert printed(batches(3)) != printed(batches(4))
    assert printed(batches(3)) != printed(batches(3, seed=1))


def test_rows_are_padded_behind_to_a_shared_step_and_labels_stay_beside_them() -> None:
    made = batches(0, word_dropout=0.0)
    for place in range(len(made)):
        token_ids, labels = made[place]
        assert token_ids.shape[1] % LENGTH_STEP == 0
        lengths = np.count_nonzero(token_ids, axis=1)
        assert [row[:length].all() for row, length in zip(token_ids, lengths, strict=True)]
        short = lengths < 60
        assert (labels[short, 0] == lengths[short] % 2).all()


def test_a_share_of_words_is_made_unknown_and_no_padding() -> None:
    token_ids = np.concatenate([batches(0, word_dropout=0.3, bucketed=False)[place][0] for place in range(10)])
    assert 0.2 < (token_ids == 1).sum() / (token_ids != 0).sum() < 0.4
    assert (token_ids[:, -1] == 0).any()


def test_unbucketed_batches_all_have_one_length() -> None:
    made = batches(0, bucketed=False)
    assert {made[place][0].shape[1] for place in range(len(made))} == {60}


def ragged(lengths: list[int]) -> Tokens:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(np.arange(2, 2 + offsets[-1], dtype=np.int32), offsets, max_tokens=1000)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_a_crop_is_a_run_of_words_of_its_review(lengths: list[int], share: float, seed: int) -> None:
    whole = ragged(lengths)
    cut = crop(whole, share, np.random.default_rng(seed))
    assert len(cut) == len(whole)
    for row in range(len(whole)):
        words = whole.ids[whole.offsets[row] : whole.offsets[row + 1]]
        kept = cut.ids[cut.offsets[row] : cut.offsets[row + 1]]
        assert len(kept) == len(words) or CROP_LENGTHS[0] <= len(kept) <= CROP_LENGTHS[1]
        assert (np.diff(kept) == 1).all()
        assert set(kept) <= set(words)


def test_a_share_of_reviews_is_cut_anew_in_each_epoch() -> None:
    whole = ragged([200] * 1000)
    first, second = (np.diff(crop(whole, 0.3, np.random.default_rng(seed)).offsets) < 200 for seed in (1, 2))
    assert 250 < first.sum() < 350
    assert (first != second).any()
    made = batches(0, crops=1.0)
    assert max(made[place][0].shape[1] for place in range(len(made))) <= 64
