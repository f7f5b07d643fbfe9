from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.wide.folds import FoldedWeights
from trainer.wide.kept_fit import key_of, take_up_or_fit
from trainer.wide.weights import WideWeights

IDS = np.arange(6, dtype=np.int32)
TARGETS = np.linspace(0, 1, 3, dtype=np.float32)
KEY = key_of({"ids": IDS, "targets": TARGETS, "importance": None}, [20, 3])


def fitted() -> FoldedWeights:
    tables = tuple(np.random.default_rng(size).random(size, np.float32) for size in (5, 9, 9))
    folded = tuple(np.stack([table, -table]) for table in tables)
    return FoldedWeights(WideWeights(tables), folded, np.array([0, 1, 1]))


def must_not_fit() -> FoldedWeights:
    raise AssertionError


def assert_same(one: FoldedWeights, other: FoldedWeights) -> None:
    np.testing.assert_array_equal(one.fold_of, other.fold_of)
    for left, right in zip(
        (*one.whole.tables, *one.tables), (*other.whole.tables, *other.tables), strict=True
    ):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def test_a_kept_fit_is_taken_up_to_the_bit(tmp_path: Path) -> None:
    take_up_or_fit(tmp_path / "wide", KEY, fitted)
    assert_same(take_up_or_fit(tmp_path / "wide", KEY, must_not_fit), fitted())


def test_every_array_and_number_that_a_fit_depends_on_is_in_its_key() -> None:
    others = [
        key_of({"ids": IDS + 1, "targets": TARGETS, "importance": None}, [20, 3]),
        key_of({"ids": IDS.astype(np.int64), "targets": TARGETS, "importance": None}, [20, 3]),
        key_of({"ids": IDS.reshape(2, 3), "targets": TARGETS, "importance": None}, [20, 3]),
        key_of({"ids": IDS, "targets": TARGETS, "importance": TARGETS}, [20, 3]),
        key_of({"ids": IDS, "targets": TARGETS, "importance": None}, [20, 2]),
    ]
    assert len({KEY, *others}) == 6


@pytest.mark.parametrize("left", [0, 100, 400])
def test_a_damaged_fit_is_fitted_anew(left: int, tmp_path: Path) -> None:
    take_up_or_fit(tmp_path, KEY, fitted)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:left])
    assert_same(take_up_or_fit(tmp_path, KEY, fitted), fitted())
    assert_same(take_up_or_fit(tmp_path, KEY, must_not_fit), fitted())


def test_a_fit_of_another_key_with_the_same_name_is_not_taken_up(tmp_path: Path) -> None:
    take_up_or_fit(tmp_path, KEY[:16] + "a" * 48, fitted)
    calls: list[int] = []

    def counted() -> FoldedWeights:
        calls.append(1)
        return fitted()

    take_up_or_fit(tmp_path, KEY[:16] + "b" * 48, counted)
    assert calls
