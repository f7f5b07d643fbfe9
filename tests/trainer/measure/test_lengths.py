from __future__ import annotations

import numpy as np
import pytest

from scorer.card import ByLength
from trainer.measure.calibration import Calibration, Line, cross_fit, fit_calibration
from trainer.measure.folds import Folds
from trainer.measure.lengths import (
    KNOTS,
    LEAST_REVIEWS,
    LOWEST,
    Lengths,
    calibrate_by_length,
    fit_by_length,
    length_tables,
    undo_by_length,
)

TRUE = ByLength(KNOTS, (2.0, 1.5, 1.0, 0.8, 0.6), (0.8, 0.3, 0.0, -0.2, -0.4))


def drawn(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, logits and lengths of texts for which :data:`TRUE` is right."""
    rng = np.random.default_rng(seed)
    logits, lengths = rng.normal(0, 2, rows), np.exp(rng.uniform(0, 7, rows)).astype(np.int64) + 1
    chance = 1 / (1 + np.exp(-calibrate_by_length(TRUE, logits, lengths)))
    return (rng.random(rows) < chance).astype(np.int8), logits, lengths


def test_slopes_and_shifts_by_length_that_were_applied_are_recovered() -> None:
    labels, logits, lengths = drawn(60_000)
    found = fit_by_length(labels, logits, lengths, np.ones(len(labels)))
    np.testing.assert_allclose(found.slopes, TRUE.slopes, rtol=0.12)
    np.testing.assert_allclose(found.shifts, TRUE.shifts, atol=0.1)


def test_lengths_without_a_review_stay_at_the_line() -> None:
    labels, logits, lengths = drawn(20_000)
    long = lengths >= 80
    found = fit_by_length(labels[long], logits[long], lengths[long], np.ones(long.sum()))
    assert found.slopes[:3] == (1.0, 1.0, 1.0)
    assert found.shifts[:3] == (0.0, 0.0, 0.0)
    assert found.slopes[4] == pytest.approx(0.6, abs=0.05)


def test_few_reviews_leave_the_line_a_little_only() -> None:
    labels, logits, lengths = drawn(20)
    found = fit_by_length(labels, logits, lengths, np.ones(20))
    assert max(abs(slope - 1) for slope in found.slopes) < 0.5


def test_a_slope_never_turns_the_order_of_scores() -> None:
    labels, logits, lengths = drawn(20_000)
    found = fit_by_length(1 - labels, logits, lengths, np.ones(len(labels)))
    assert set(found.slopes) == {LOWEST}
    assert length_tables(found)[0].min() >= np.float32(LOWEST)


def test_a_text_of_weight_two_counts_as_two() -> None:
    labels, logits, lengths = drawn(2_000)
    twice = np.arange(2_000) % 3 == 0
    rows = np.concatenate([np.arange(2_000), np.flatnonzero(twice)])
    doubled = fit_by_length(labels[rows], logits[rows], lengths[rows], np.ones(len(rows)))
    weighed = fit_by_length(labels, logits, lengths, 1.0 + twice)
    np.testing.assert_allclose(weighed.slopes, doubled.slopes, atol=2e-3)
    np.testing.assert_allclose(weighed.shifts, doubled.shifts, atol=2e-3)


def test_a_probability_counts_for_both_labels_as_much_as_each_is_probable() -> None:
    labels, logits, lengths = drawn(2_000)
    probabilities = np.where(labels == 1, 0.8, 0.1)
    soft = fit_by_length(probabilities, logits, lengths, np.ones(2_000))
    both = fit_by_length(
        np.repeat([1, 0], 2_000).astype(np.int8),
        np.tile(logits, 2),
        np.tile(lengths, 2),
        np.concatenate([probabilities, 1 - probabilities]),
    )
    np.testing.assert_allclose(soft.slopes, both.slopes, atol=2e-3)


def test_undoing_gives_the_logits_back() -> None:
    _, logits, lengths = drawn(500)
    there = calibrate_by_length(TRUE, logits, lengths)
    np.testing.assert_allclose(undo_by_length(TRUE, there, lengths), logits, atol=1e-12)


def test_the_tables_end_at_the_last_knot_and_longer_reviews_read_its_entry() -> None:
    slopes, shifts = length_tables(TRUE)
    assert (len(slopes), slopes.dtype) == (201, np.float32)
    np.testing.assert_array_equal(slopes[list(KNOTS)], np.float32(TRUE.slopes))
    np.testing.assert_array_equal(shifts[list(KNOTS)], np.float32(TRUE.shifts))
    assert slopes[0] == slopes[5]
    assert slopes[5] > slopes[8] > slopes[12]
    last = calibrate_by_length(TRUE, np.ones(2), np.array([200, 10**9]))
    assert last[0] == last[1]


def test_each_fold_is_read_through_line_and_lengths_fitted_on_the_others() -> None:
    labels, logits, lengths = drawn(3_000)
    crops = np.minimum(lengths, 20)
    of_review = (np.arange(3_000) % 3).astype(np.int8)
    data = Lengths(lengths, crops, (0.5 * logits,))
    scores = cross_fit(labels, Folds(of_review, 3), logits, lengths=data)
    for fold in range(3):
        inside = of_review == fold
        fitted = fit_calibration(labels[~inside], logits[~inside], lengths=data.take(~inside))
        np.testing.assert_array_equal(scores[inside], fitted(lengths[inside], logits[inside]))
    whole = fit_calibration(labels, logits, lengths=data)
    assert np.abs(whole(lengths, logits) - scores).max() > 0


def test_crops_tell_of_lengths_that_no_review_has() -> None:
    labels, logits, lengths = drawn(20_000)
    long = lengths >= 80
    labels, logits, lengths = labels[long], logits[long], lengths[long]
    crops = Lengths(lengths, np.full(len(lengths), 12), (logits,))
    without = fit_calibration(labels, logits, lengths=Lengths(lengths)).by_length
    assert without is not None
    assert without.slopes[1] == 1.0
    found = fit_calibration(labels, logits, lengths=crops).by_length
    assert found is not None
    assert found.slopes[1] != 1.0
    line = Line((1.0,), 0.0)
    np.testing.assert_allclose(
        Calibration(line, found)(lengths, logits),
        1 / (1 + np.exp(-calibrate_by_length(found, logits, lengths))),
        atol=1e-6,
    )


def test_weights_reach_both_steps() -> None:
    labels, logits, lengths = drawn(4_000)
    # Twice as many positive reviews, weighted back.
    rows = np.concatenate([np.arange(4_000), np.flatnonzero(labels == 1)])
    weights = np.where(labels[rows] == 1, 0.5, 1.0)
    args = labels[rows], logits[rows]
    weighed = fit_calibration(*args, lengths=Lengths(lengths[rows]), weights=weights)
    plain = fit_calibration(labels, logits, lengths=Lengths(lengths))
    assert weighed.line.shift == pytest.approx(plain.line.shift, abs=1e-3)
    blind = fit_calibration(*args, lengths=Lengths(lengths[rows]))
    scores = [fitted(lengths, logits) for fitted in (weighed, plain, blind)]
    assert np.abs(scores[0] - scores[1]).mean() < 0.01
    assert np.abs(scores[2] - scores[1]).mean() > 0.05


def test_a_thousand_reviews_are_enough() -> None:
    assert Lengths(np.ones(LEAST_REVIEWS, np.int64)).are_enough
    assert not Lengths(np.ones(LEAST_REVIEWS - 1, np.int64)).are_enough
