from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.tokenizer import UNKNOWN_ID, Tokens
from trainer.models.batches import LENGTH_STEP, TrainingBatches, draw_batches, shifted
from trainer.settings import preset

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=300).map(
    lambda lengths: np.array(lengths, np.int64)
)


@given(LENGTHS, st.integers(1, 40), st.booleans())
def test_every_review_is_dealt_once(lengths: np.ndarray, batch_size: int, bucketed: bool) -> None:
    dealt = draw_batches(lengths, batch_size, np.random.default_rng(0), bucketed=bucketed)
    assert sorted(np.concatenate(dealt).tolist()) == list(range(len(lengths)))
    assert max(len(batch) for batch in dealt) <= batch_size


@given(LENGTHS, st.integers(1, 40))
def test_the_longest_batch_comes_first_and_the_shortest_second(
    lengths: np.ndarray, batch_size: int
) -> None:
    dealt = draw_batches(lengths, batch_size, np.random.default_rng(1), bucketed=True)
    longest = [lengths[batch].max() for batch in dealt]
    assert longest[0] == max(longest)
    assert len(longest) == 1 or longest[1] == min(longest[1:])


def batches(epoch: int, seed: int = 0, **changes: object) -> TrainingBatches:
    lengths = np.random.default_rng(5).integers(1, 100, 500)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = Tokens(np.full(offsets[-1], 7, np.int32), offsets, max_tokens=60)
    targets = (lengths % 2).astype(np.float32)
    settings = preset("default", **({"batch_size": 16, "seed": seed, "crops": 0.0} | changes))
    return TrainingBatches(tokens, targets, settings, epoch)


def test_the_order_is_drawn_from_seed_and_epoch_alone() -> None:
    def printed(made: TrainingBatches) -> list[bytes]:
        return [made[index][0].tobytes() for index in range(len(made))]

    assert printed(batches(3)) == printed(batches(3))
    assert printed(batches(3)) != printed(batches(4))
    assert printed(batches(3)) != printed(batches(3, seed=1))


def test_rows_are_padded_at_the_end_to_a_shared_step_and_labels_stay_beside_them() -> None:
    made = batches(0, word_dropout=0.0, step_tokens=1)
    for index in range(len(made)):
        token_ids, labels = made[index]
        assert token_ids.shape[1] % LENGTH_STEP == 0
        lengths = np.count_nonzero(token_ids, axis=1)
        assert [row[:length].all() for row, length in zip(token_ids, lengths, strict=True)]
        short = lengths < 60
        assert (labels[short, 0] == lengths[short] % 2).all()


def test_a_fraction_of_words_is_made_unknown_and_no_padding() -> None:
    made = batches(0, word_dropout=0.3, bucketed=False)
    token_ids = np.concatenate([made[index][0] for index in range(10)])
    assert 0.2 < (token_ids == 1).sum() / (token_ids != 0).sum() < 0.4
    assert (token_ids[:, -1] == 0).any()


def test_unbucketed_batches_all_have_one_length() -> None:
    for changes, length in (
        ({"step_tokens": 1}, 60),
        ({"step_tokens": 3}, 62),
        ({"mask": False}, 60),
    ):
        made = batches(0, bucketed=False, **changes)
        assert {made[index][0].shape[1] for index in range(len(made))} == {length}


def test_crops_shorten_the_batches() -> None:
    made = batches(0, crops=1.0)
    longest = 64 + preset("default").step_tokens - 1
    assert max(made[index][0].shape[1] for index in range(len(made))) <= longest


def test_reviews_are_shifted_over_the_places_of_a_step_and_keep_their_words() -> None:
    made = batches(0, word_dropout=0.0, step_tokens=4)
    whole = batches(0, word_dropout=0.0, step_tokens=1)
    before = []
    for index in range(len(made)):
        token_ids, rows = made[index][0], whole[index][0]
        for row, plain in zip(token_ids, rows, strict=True):
            words = row[row != 0]
            before.append(int((words == UNKNOWN_ID).sum()))
            assert (words[before[-1] :] == plain[plain != 0]).all()
    assert set(before) == {0, 1, 2, 3}
    assert min(np.bincount(before)) > 60


def test_weights_are_shifted_with_their_words() -> None:
    token_ids = np.array([[5, 6], [7, 0]], np.int32)
    weights = np.array([[[1.0], [2.0]], [[3.0], [0.0]]], np.float32)
    ids, moved = shifted(token_ids, weights, np.array([1, 0]), 1)
    assert ids.tolist() == [[1, 5, 6], [7, 0, 0]]
    assert moved[..., 0].tolist() == [[0, 1, 2], [3, 0, 0]]
