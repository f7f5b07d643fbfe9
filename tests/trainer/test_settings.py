from __future__ import annotations

import pytest

from scorer.errors import UsageError
from trainer.settings import DocumentSettings, LinearSettings, RunSettings, Settings, preset


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "--epochs is 0; it must be at least 1"),
        ({"dropout": 1.0}, "--dropout is 1.0; it must be below 1"),
        ({"learning_rate": 0.0}, "--learning-rate is 0.0; it must be above 0"),
        ({"crops": 1.5}, "--crops is 1.5; it must be at most 1"),
        ({"wide_slots": 1}, "--wide-slots is 1; it must be at least 2"),
        ({"part": 3, "parts": 2}, "--part is 3; it must be at most --parts, which is 2"),
        ({"pooling": "mean"}, "--pooling is 'mean'; it must be one of max, last"),
    ],
)
def test_a_value_out_of_range_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        preset("default", **changes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (LinearSettings, {"vocabulary": 0}, "--vocabulary is 0; it must be at least 1"),
        (LinearSettings, {"held_out": 1.0}, "--held-out is 1.0; it must be below 1"),
        (DocumentSettings, {"epochs": 0}, "--epochs is 0; it must be at least 1"),
        (DocumentSettings, {"held_out": 0.0}, "--held-out is 0.0; it must be above 0"),
        (DocumentSettings, {"seed": -1}, "--seed is -1; it must be at least 0"),
    ],
)
def test_a_value_out_of_range_is_named_for_teachers_too(
    kind: type[RunSettings], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        kind(**changes)
    assert str(caught.value) == message


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no preset 'best'"):
        preset("best")


def test_none_changes_nothing() -> None:
    assert preset("default", epochs=None, seed=None) == Settings()
    assert LinearSettings().changed({"vocabulary": None}) == LinearSettings()


def test_options_give_the_settings_back() -> None:
    options = preset("default", bidirectional=False, units=8, dropout=0.0).options()
    assert options == [
        "--preset", "default", "--units", "8", "--no-bidirectional", "--dropout", "0.0",
    ]  # fmt: skip
    assert DocumentSettings(epochs=60).options() == [
        "--vocabulary", "60000", "--epochs", "60", "--held-out", "0.1", "--seed", "0",
    ]  # fmt: skip
