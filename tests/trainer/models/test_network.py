from __future__ import annotations

import keras
import numpy as np
import pytest

from trainer.models.network import build_network
from trainer.settings import preset
from trainer.wide.layer import WideBranch
from trainer.wide.ngrams import LENGTH_SMOOTHING, ngram_slots

VARIANTS = [
    {"wide_order": 3, "wide_slots": 64},
    {},
    {"bidirectional": False},
    {"step_tokens": 4},
    {"step_tokens": 2, "pooling": "last", "wide_order": 2, "wide_slots": 64},
    {"pooling": "last"},
    {"pooling": "last", "bidirectional": False, "optimizer": "rmsprop"},
]


def network(**changes: object) -> keras.Model:
    keras.utils.set_random_seed(0)
    settings = preset("default", embedding=4, units=3, dropout=0.2, **({"wide_order": 0} | changes))
    return build_network(settings, words=20, steps=100, wide=bool(settings.wide_order))


def token_ids() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 22, (8, 6)).astype(np.int32)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_padding_at_the_end_changes_nothing(changes: dict[str, object]) -> None:
    made = network(**changes)
    plain = made.predict_on_batch(token_ids())
    padded = made.predict_on_batch(np.pad(token_ids(), ((0, 0), (0, 9))))
    np.testing.assert_allclose(plain, padded, atol=1e-6)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_one_step_moves_every_weight(changes: dict[str, object]) -> None:
    made = network(**changes)
    before = [weight.numpy().copy() for weight in made.trainable_variables]
    made.train_on_batch(token_ids(), np.tile([[1.0], [0.0]], (4, 1)))
    for weight, old in zip(made.trainable_variables, before, strict=True):
        assert (weight.numpy() != old).any(), weight.path


def test_the_mask_keeps_padding_out_of_the_pooling() -> None:
    made = network()
    states = np.array([[[0.1, -0.9], [0.5, 0.9]]], np.float32)
    pooled = made.get_layer("pooling")(states, mask=np.array([[True, False]]))
    np.testing.assert_array_equal(pooled, [[np.float32(0.1), np.float32(-0.9)]])


def recurrent_sizes(made: keras.Model) -> list[float]:
    weights = [one for one in made.trainable_variables if "recurrent_kernel" in one.path]
    return [np.abs(weight.numpy()).sum() for weight in weights]


def test_the_recurrent_weights_are_held_small() -> None:
    made = network(recurrent_decay=0.5)
    assert len(made.losses) == 2  # one for each direction
    before = recurrent_sizes(made)
    for _ in range(20):
        made.train_on_batch(token_ids(), np.full((8, 1), 0.5))
    after = recurrent_sizes(made)
    assert all(small < large for small, large in zip(after, before, strict=True))
    assert not network(recurrent_decay=0.0).losses


def test_a_cosine_schedule_ends_at_nothing() -> None:
    settings = preset("default", schedule="cosine", units=2, embedding=2)
    made = build_network(settings, words=5, steps=10)
    made.optimizer.iterations.assign(10)
    assert float(made.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_the_wide_branch_gives_n_grams_where_they_end_and_their_sum() -> None:
    wide = WideBranch(words=8, order=3, slots=50)
    wide.build(None)
    rng = np.random.default_rng(0)
    tables = [rng.normal(size=table.shape).astype(np.float32) for table in wide.tables]
    words, pairs, triples = tables
    wide.set_weights([*tables, np.array([2.0, 1.0, 0.5])])
    two, three = ngram_slots(np.array([4, 7, 2]), 3, 50)
    total = 2 * words[[4, 7, 2]].sum() + pairs[two].sum() + 0.5 * triples[three].sum()
    expected = total / np.sqrt(3 + LENGTH_SMOOTHING)
    weights, logit = wide(np.array([[4, 7, 2, 0, 0], [3, 0, 0, 0, 0]], np.int32))
    np.testing.assert_array_equal(weights[0, :3, 0], words[[4, 7, 2]])
    np.testing.assert_array_equal(weights[0, :3, 1], [0, *pairs[two]])
    np.testing.assert_array_equal(weights[0, :3, 2], [0, 0, *triples[three]])
    np.testing.assert_array_equal(weights[:, 3:], np.zeros((2, 2, 3)))
    np.testing.assert_array_equal(weights[1, 1:], np.zeros((4, 3)))
    other = 2 * words[3] / np.sqrt(1 + LENGTH_SMOOTHING)
    np.testing.assert_allclose(logit, [[expected], [other]], rtol=1e-5)
