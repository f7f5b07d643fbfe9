from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from scorer.card import Metrics
from trainer.measure.intervals import Intervals, auc_interval, wilson_interval


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
    # table I.
    for hits, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (0, 20, 0, 0.1611),
        (29, 29, 0.8830, 1),
    ):
        assert wilson_interval(hits, count) == pytest.approx((low, high), abs=1e-4)


def test_an_area_is_inside_its_interval_nineteen_times_of_twenty() -> None:
    rng, true = np.random.default_rng(0), 0.9214  # of normal scores that are two deviations apart
    labels, inside = np.repeat([0, 1], [60, 40]), 0
    for _ in range(300):
        low, high = auc_interval(roc_auc_score(labels, rng.normal(2 * labels)), 40, 60)
        inside += low <= true <= high
    assert 0.92 < inside / 300 < 0.99


def test_few_perfect_scores_promise_little() -> None:
    labels = np.repeat([0, 1], 5).astype(np.int8)
    intervals = Intervals.of(Metrics(10, 1.0, 1.0, 0.0, 0.0, 0.0), labels)
    assert intervals.accuracy == (0.7225, 1.0)
    assert intervals.auc[0] < 0.75
    assert intervals.auc[1] == 1
    assert Intervals.of(Metrics(10, 0.0, 0.0, 0.0, 0.0, 0.0), labels).auc[0] == 0
