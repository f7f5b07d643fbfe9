"""What ``scorer inspect`` says of figures and data, of files of before and of now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer import SentimentModel
from scorer.card import Base, Calibration, Card
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


def with_soft_labels(model: SentimentModel, count: int) -> Card:
    data = replace(model.card.provenance.data, soft_labels=count, soft_labels_sha256="ab12")
    return replace(model.card, provenance=replace(model.card.provenance, data=data))


def test_a_file_tells_its_soft_labels(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "soft labels" not in model_text(model)
    assert "soft_labels" not in model_json(model)["origin"]["data"]
    card = Card.from_metadata(with_soft_labels(model, 2000).to_metadata())
    assert card.provenance.data.soft_labels == 2000
    monkeypatch.setattr(model, "card", card)
    assert ", soft labels 2000, soft labels sha256 ab12" in model_text(model)
    assert model_json(model)["origin"]["data"]["soft_labels_sha256"] == "ab12"


def test_a_negative_number_of_soft_labels_is_refused(model: SentimentModel) -> None:
    with pytest.raises(ModelRefused, match="a number of reviews is -1, less than 0"):
        Card.from_metadata(with_soft_labels(model, -1).to_metadata())


def with_base(model: SentimentModel, reviews: int = 7) -> Card:
    data = replace(model.card.provenance.data, name="films", reviews=reviews)
    first = Base("first", "ab12", "trainer fit films", data)
    base = Base("second", "cd34", "trainer adapt first mine", replace(data, name="mine"), first)
    return replace(model.card, provenance=replace(model.card.provenance, base=base))


def test_an_adapted_file_tells_what_it_was_adapted_from(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.card.provenance.base is None
    assert "base" not in model.card.to_metadata()
    assert "adapted from" not in model_text(model)
    assert "base" not in model_json(model)["origin"]
    metadata = with_base(model).to_metadata()
    # A scorer of before reads the origin, and would refuse a key that it doesn't know.
    assert metadata["origin"] == model.card.to_metadata()["origin"]
    card = Card.from_metadata(metadata)
    assert card == with_base(model)
    monkeypatch.setattr(model, "card", card)
    lines = [line for line in model_text(model).splitlines() if line.startswith("adapted from")]
    assert [line.split(None, 2)[2] for line in lines] == [
        "second, sha256 cd34, trained on 7 reviews of mine",
        "first, sha256 ab12, trained on 7 reviews of films",
    ]
    assert model_json(model)["origin"]["base"]["base"]["name"] == "first"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ('{"name":"a"}', "the key 'base.sha256' is missing"),
        ("[]", "base is [], not an object"),
        ("{", "base is not JSON"),
        ('{"base":' * 5000 + "1" + "}" * 5000, "nested too deeply"),
    ],
    ids=["short", "list", "garbled", "deep"],
)
def test_a_garbled_base_is_refused(model: SentimentModel, stored: str, message: str) -> None:
    metadata = model.card.to_metadata() | {"base": stored}
    with pytest.raises(ModelRefused) as refused:
        Card.from_metadata(metadata)
    assert message in str(refused.value)


def test_a_base_with_a_negative_number_of_reviews_is_refused(model: SentimentModel) -> None:
    with pytest.raises(ModelRefused, match="a number of reviews is -1, less than 0"):
        Card.from_metadata(with_base(model, -1).to_metadata())
