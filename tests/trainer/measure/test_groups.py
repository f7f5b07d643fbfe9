from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from scorer.intervals import wilson_interval
from trainer.measure.groups import accuracy_by_length, confusion, roc_points, score_bins
from trainer.measure.metrics import calibration_error


@pytest.fixture(params=[3, 1], ids=["distinct", "many equal"])
def scored(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and labels, with few different scores or many."""
    rng = np.random.default_rng(request.param)
    scores = rng.random(500).round(request.param).astype(np.float32)
    return scores, (rng.random(500) < scores).astype(np.int8)


def test_the_roc_has_the_corners_and_the_area_of_scikit_learns(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, labels = scored
    negative, positive = roc_points(scores, labels)
    area = float(np.sum(np.diff(negative) * (positive[1:] + positive[:-1]) / 2))
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    known = set(zip(*(one.tolist() for one in roc_curve(labels, scores)[:2]), strict=True))
    assert set(zip(negative.tolist(), positive.tolist(), strict=True)) <= known
    assert (negative[0], positive[0], negative[-1], positive[-1]) == (0, 0, 1, 1)


def test_the_bins_hold_all_reviews_and_make_up_the_calibration_error(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, labels = scored
    bins = score_bins(scores, labels)
    assert sum(one.positive.reviews for one in bins) == 500
    assert sum(one.positive.hits for one in bins) == labels.sum()
    gaps = [one.positive.reviews * abs(one.score - one.positive.value) for one in bins]
    error = calibration_error(scores.astype(np.float64), labels)
    assert sum(gaps) / 500 == pytest.approx(error)
    one = bins[3].positive
    assert one.interval == wilson_interval(one.hits, one.reviews)


def test_calls_are_counted_by_label(scored: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = scored
    assert confusion(scores, labels).tolist() == confusion_matrix(labels, scores >= 0.5).tolist()


def test_a_length_belongs_to_the_group_that_ends_with_it() -> None:
    lengths = np.array([1, 10, 11, 300, 301, 5000])
    scores = np.array([0.9, 0.1, 0.9, 0.5, 0.4, 0.6], np.float32)
    labels = np.array([1, 1, 1, 1, 1, 1], np.int8)
    groups = accuracy_by_length(scores, labels, lengths)
    assert {name: (one.hits, one.reviews) for name, one in groups.items()} == {
        "1 to 10 words": (1, 2),
        "11 to 30": (1, 1),
        "101 to 300": (1, 1),
        "more than 300": (1, 2),
    }
