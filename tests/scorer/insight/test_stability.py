"""The index, its bins, and what chance gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.insight.stability import chance, coarse, cuts, stability_index

COUNTS = st.lists(st.integers(0, 50), min_size=2, max_size=120).filter(any)
# What a chi-square variable exceeds once in 2,000 times, by degrees of freedom (from scipy.stats).
CHI_SQUARE = {1: 12.116, 2: 15.202, 5: 22.105, 8: 27.868, 11: 33.137, 13: 36.478}


def test_the_bins_are_deciles_and_two_tails_of_half_a_percent_each_side() -> None:
    reference = [1] * 1000
    bins = coarse(reference, cuts(reference))
    assert bins.tolist() == [5, 5, 90, *[100] * 8, 90, 5, 5]


@given(COUNTS)
def test_bins_hold_all_rows_and_none_of_them_is_empty_but_beyond_the_ends(
    reference: list[int],
) -> None:
    bounds = cuts(reference)
    bins = coarse(reference, bounds)
    assert sum(bins) == sum(reference)
    assert len(bins) == len(bounds) + 1 <= 14
    assert bins[1:-1].all()


def test_a_value_that_many_rows_share_is_not_split_and_what_lies_beyond_is_a_bin() -> None:
    assert cuts([0, 0, 1000, 0, 0]) == [2, 3]
    assert coarse([3, 1, 996, 0, 0], [2, 3]).tolist() == [4, 996, 0]


@given(COUNTS, st.data())
def test_the_index_is_finite_never_negative_and_the_same_both_ways(
    one: list[int], data: st.DataObject
) -> None:
    other = data.draw(st.lists(st.integers(0, 50), min_size=len(one), max_size=len(one)))
    if not any(other):
        other[0] = 1
    first, second = np.array(one), np.array(other)
    index = stability_index(first, second)
    assert math.isfinite(index)
    assert index >= 0
    assert index == pytest.approx(stability_index(second, first))
    assert stability_index(first, first) == 0


def test_an_empty_bin_counts_as_half_a_row() -> None:
    expected = (0.5 - 0.005) * math.log(0.5 / 0.005) + (1 - 0.5) * math.log(1 / 0.5)
    index = stability_index(np.array([50, 50]), np.array([0, 100]))
    assert index == pytest.approx(expected)


@pytest.mark.parametrize("freedom", CHI_SQUARE)
def test_the_bound_of_chance_is_the_quantile_of_chi_square(freedom: int) -> None:
    quantile = chance(freedom + 1, 400, 100) / (1 / 400 + 1 / 100)
    assert quantile == pytest.approx(CHI_SQUARE[freedom], rel=0.045)
    assert quantile >= CHI_SQUARE[freedom]


@pytest.mark.parametrize("rows", [200, 1000, 10_000])
def test_chance_exceeds_its_bound_in_hardly_one_of_three_hundred_slices(rows: int) -> None:
    rng = np.random.default_rng(rows)
    parts = np.array([0.005, 0.005, 0.09, *[0.1] * 8, 0.09, 0.005, 0.005])
    found = [
        stability_index(rng.multinomial(2000, parts), rng.multinomial(rows, parts))
        for _ in range(2000)
    ]
    assert np.mean(np.array(found) > chance(14, 2000, rows)) <= 1 / 300
    # And the bound isn't far above what chance gives.
    assert np.quantile(found, 0.999) > 0.8 * chance(14, 2000, rows)
