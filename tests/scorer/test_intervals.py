"""The interval of a fraction."""

from __future__ import annotations

import pytest

from scorer.intervals import wilson_interval


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
    # table I.
    for hits, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (0, 20, 0, 0.1611),
        (29, 29, 0.8830, 1),
    ):
        assert wilson_interval(hits, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (5, 5), (911, 1000), (1, 2)])
def test_intervals_are_those_of_scipy(hits: int, count: int) -> None:
    scipy = pytest.importorskip("scipy.stats")
    interval = scipy.binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson_interval(hits, count) == pytest.approx(tuple(interval), abs=1e-6)
