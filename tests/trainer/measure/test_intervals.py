from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from scorer.card import Metrics
from trainer.measure.intervals import Intervals, auc_interval


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
