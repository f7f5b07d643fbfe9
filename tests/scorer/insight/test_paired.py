"""Tests and intervals of paired answers."""

from __future__ import annotations

import pytest

from scorer.insight.paired import mcnemar


@pytest.mark.parametrize("pair", [(0, 0), (1, 0), (3, 3), (12, 40), (499, 501), (0, 1000)])
def test_few_rows_are_tested_exactly_as_by_scipy(pair: tuple[int, int]) -> None:
    scipy = pytest.importorskip("scipy.stats")
    expected = scipy.binomtest(pair[0], sum(pair), 0.5).pvalue if sum(pair) else 1.0
    assert mcnemar(*pair) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(*pair) == mcnemar(*reversed(pair))


@pytest.mark.parametrize("pair", [(501, 500), (1000, 1100), (5000, 4000), (30_000, 29_500)])
def test_many_rows_are_tested_by_chi_square_as_by_scipy(pair: tuple[int, int]) -> None:
    scipy = pytest.importorskip("scipy.stats")
    statistic = (abs(pair[0] - pair[1]) - 1) ** 2 / sum(pair)
    assert mcnemar(*pair) == pytest.approx(scipy.chi2.sf(statistic, 1), rel=1e-9)
