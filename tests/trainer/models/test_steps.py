from __future__ import annotations

import numpy as np

from trainer.models.network import build_network, load_network
from trainer.models.steps import SideBySide
from trainer.settings import preset


def test_tokens_stand_side_by_side_and_the_last_step_is_filled_up() -> None:
    features = np.arange(1, 11, dtype=np.float32).reshape(1, 5, 2)
    found = np.asarray(SideBySide(3)(features))
    assert found.tolist() == [[[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 0, 0]]]


def test_masked_tokens_are_zeros_and_a_step_lasts_as_long_as_its_first_token() -> None:
    features = np.ones((2, 4, 1), np.float32)
    mask = np.array([[True, True, True, False], [True, False, False, False]])
    layer = SideBySide(2)
    assert np.asarray(layer(features, mask=mask)).tolist() == [[[1, 1], [1, 0]], [[1, 0], [0, 0]]]
    assert np.asarray(layer.compute_mask(features, mask)).tolist() == [[True, True], [True, False]]


def test_a_saved_network_reads_as_many_tokens_a_step(tmp_path) -> None:
    settings = preset("default", embedding=4, units=3, wide_order=0, step_tokens=4)
    network = build_network(settings, words=20)
    assert network.get_layer("steps").output.shape == (None, None, 16)
    network.save(tmp_path / "made.keras")
    token_ids = np.random.default_rng(0).integers(1, 22, (3, 7)).astype(np.int32)
    again = load_network(tmp_path / "made.keras", training=False)
    np.testing.assert_array_equal(
        network.predict_on_batch(token_ids), again.predict_on_batch(token_ids)
    )


def test_the_order_of_the_tokens_of_a_step_matters() -> None:
    settings = preset("default", embedding=4, units=3, wide_order=0, step_tokens=4)
    network = build_network(settings, words=20)
    token_ids = np.array([[5, 6, 7, 8], [6, 5, 7, 8]], np.int32)
    first, second = network.predict_on_batch(token_ids)
    assert first != second
