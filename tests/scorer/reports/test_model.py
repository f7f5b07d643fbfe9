"""What ``scorer inspect`` says of the figures: a file of before, and one that tells its folds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer import SentimentModel
from scorer.card import Calibration, Card
from scorer.errors import ModelRefused
from scorer.reports.model import model_json, model_text


def with_folds(model: SentimentModel, folds: int | None) -> Card:
    calibration = replace(model.card.calibration, folds=folds)
    return replace(model.card, calibration=calibration)


def held_out(text: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith("on held out"))
    return line.split("; ")[1]


def test_a_file_that_does_not_say_how_it_was_measured_is_not_cross_fitted(
    model: SentimentModel,
) -> None:
    assert "folds" not in model_json(model)["calibration"]
    assert held_out(model_text(model)) == "not cross-fitted"


def test_a_file_tells_its_folds(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card.from_metadata(with_folds(model, 5).to_metadata())
    assert card.calibration == replace(model.card.calibration, folds=5)
    monkeypatch.setattr(model, "card", card)
    assert held_out(model_text(model)) == "cross-fitted, 5 folds"
    assert model_json(model)["calibration"]["folds"] == 5
    assert Calibration.from_json(card.calibration.to_json()) == card.calibration


def test_a_single_fold_is_none(model: SentimentModel) -> None:
    with pytest.raises(ModelRefused, match="cross-fitted over 1 folds, not 2 or more"):
        Card.from_metadata(with_folds(model, 1).to_metadata())
