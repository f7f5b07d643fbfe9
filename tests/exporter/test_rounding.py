from __future__ import annotations

import numpy as np

from exporter.rounding import integer_tables, round_weights
from trainer.models.network import build_network
from trainer.settings import preset


def test_rounded_weights_are_whole_steps_and_stay_when_rounded_again() -> None:
    network = build_network(
        preset("default", embedding=4, units=3, wide_slots=500), words=40, wide=True
    )
    rng = np.random.default_rng(0)
    wide, embedding = network.get_layer("wide"), network.get_layer("embedding")
    wide.set_weights([rng.laplace(0, 0.3, weight.shape) for weight in wide.get_weights()])
    before = wide.get_weights()
    round_weights(network)
    after, rows = wide.get_weights(), embedding.get_weights()[0]
    np.testing.assert_array_equal(rows, rows.astype(np.float16).astype(np.float32))
    for kernel in network.get_layer("lstm").get_weights()[::3]:
        np.testing.assert_array_equal(kernel, kernel.astype(np.float16).astype(np.float32))
    tables = integer_tables(wide)
    assert [table.integers.dtype for table in tables] == [np.int16, np.int8, np.int8]
    for old, new, table in zip(before[:-1], after[:-1], tables, strict=True):
        assert new[0] == 0
        np.testing.assert_array_equal(new, table.weights())
        np.testing.assert_allclose(new[1:], old[1:], atol=np.abs(old).max() / 120)
        small = np.abs(old[1:]) < 0.01 * np.abs(old).max()
        np.testing.assert_allclose(new[1:][small], old[1:][small], atol=np.abs(old).max() / 1200)
    np.testing.assert_array_equal(before[-1], after[-1])
    round_weights(network)
    for once, twice in zip(after, wide.get_weights(), strict=True):
        np.testing.assert_array_equal(once, twice)
