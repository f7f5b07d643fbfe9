"""What ``scorer inspect`` says of figures and data, of files of before and of now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scorer import SentimentModel
from scorer.card import Base, ByDomain, ByLength, Calibration, Card, DomainMetrics, TrainingData
from scorer.errors import ModelRefused
from scorer.reference import VERSION, Counted, Reference, count_lengths, count_scores, count_unknown
from scorer.reports.model import model_json, model_text


@pytest.fixture
def model(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> SentimentModel:
    """A model whose file tells no more than it has to."""
    card, data = model.card, model.card.provenance.data
    least = TrainingData(data.name, data.reviews, data.sha256, data.held_out, data.grouped)
    bare = replace(
        card,
        calibration=replace(card.calibration, folds=None, by_length=None, method="a line"),
        figures=replace(card.figures, left_out=None, domains=None),
        provenance=replace(card.provenance, data=least),
        reference=None,
    )
    monkeypatch.setattr(model, "card", bare)
    return model


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


def by_length(model: SentimentModel, steps: ByLength) -> Card:
    return replace(model.card, calibration=replace(model.card.calibration, by_length=steps))


def test_a_file_tells_its_calibration_by_length(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "by length" not in model_text(model)
    assert "by_length" not in model_json(model)["calibration"]
    steps = ByLength((5, 200), (1.5, 0.9), (0.25, -0.1))
    card = Card.from_metadata(by_length(model, steps).to_metadata())
    assert card.calibration == replace(model.card.calibration, by_length=steps)
    monkeypatch.setattr(model, "card", card)
    told = "by length    5 tokens slope 1.5 shift 0.25, 200 tokens slope 0.9 shift -0.1"
    assert told in model_text(model).splitlines()
    assert model_json(model)["calibration"]["by_length"] == {
        "knots": [5, 200],
        "slopes": [1.5, 0.9],
        "shifts": [0.25, -0.1],
    }


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (ByLength((5, 200), (1.5,), (0.25, -0.1)), "has 2 knots, 1 slopes and 2 shifts"),
        (ByLength((), (), ()), "has 0 knots"),
        (ByLength(tuple(range(1, 99)), (1.0,) * 98, (0.0,) * 98), "has 98 knots"),
        (ByLength((5, 5), (1.0, 1.0), (0.0, 0.0)), r"knots .* are \[5, 5\], not rising"),
        (ByLength((0, 5), (1.0, 1.0), (0.0, 0.0)), r"knots .* are \[0, 5\], not rising"),
        (ByLength((5, 10**9), (1.0, 1.0), (0.0, 0.0)), "not rising numbers from 1 to 1000000"),
        (ByLength((5, 9), (1.0, 0.0), (0.0, 0.0)), "a slope .* is 0, not above 0"),
    ],
)
def test_a_calibration_by_length_that_makes_no_sense_is_refused(
    model: SentimentModel, steps: ByLength, message: str
) -> None:
    with pytest.raises(ModelRefused, match=message):
        Card.from_metadata(by_length(model, steps).to_metadata())


def test_a_file_tells_its_reference(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = np.array([3, 40, 700])
    positive, negative = np.array([0.5, 0.999], np.float32), np.array([0.4], np.float32)
    counted = (
        count_scores(negative),
        count_scores(positive),
        count_lengths(lengths),
        count_unknown(np.array([0, 4, 700]), lengths),
    )
    films = Counted(*(tuple(one.tolist()) for one in counted))
    reference = Reference(VERSION, films, {"films": films})
    card = Card.from_metadata(replace(model.card, reference=reference).to_metadata())
    assert card.reference == reference
    monkeypatch.setattr(model, "card", card)
    told = "reference    scores, lengths and unknown words of 3 held-out reviews, and of 1 domains"
    assert told in model_text(model).splitlines()
    assert model_json(model)["reference"]["all"]["positive"][100] == 1
    of_films = model_json(model)["reference"]["domains"]["films"]
    assert [sum(of_films[name]) for name in ("positive", "negative")] == [2, 1]


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


BOOKS = DomainMetrics("books", 200, 0.91, 0.9, (0.86, 0.93), 0.25, 0.03)
TOYS = DomainMetrics("toys", 1, 1.0, None, None, 0.45, 0.1)


def with_domains(model: SentimentModel, count: int = 200) -> Card:
    domains = ByDomain(held_out=(replace(BOOKS, reviews=count),), left_out=(TOYS,))
    figures = replace(model.card.figures, domains=domains, left_out=model.card.figures.held_out)
    data = replace(model.card.provenance.data, domains={"books": 2000}, left_out={"toys": 1})
    provenance = replace(model.card.provenance, data=data)
    return replace(model.card, figures=figures, provenance=provenance)


def test_a_file_tells_its_domains(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    before = model_text(model), model_json(model)
    assert "books" not in before[0]
    assert "domains" not in before[1]["figures"]
    card = Card.from_metadata(with_domains(model).to_metadata())
    assert card == with_domains(model)
    monkeypatch.setattr(model, "card", card)
    lines = dict(line.split("  ", 1) for line in model_text(model).splitlines() if "  " in line)
    told = {name.strip(): value.strip() for name, value in lines.items()}
    assert told["held out, books"] == (
        "reviews 200, accuracy 0.91, balanced accuracy 0.9, balanced interval 0.86 to 0.93, "
        "log loss 0.25, calibration error 0.03"
    )
    assert told["left out, toys"] == (
        "reviews 1, accuracy 1.0, log loss 0.45, calibration error 0.1"
    )
    assert (told["domains"], told["left out"]) == ("books 2000", "toys 1")
    assert told["on left out"].startswith("reviews ")
    shown = model_json(model)
    assert shown["figures"]["domains"]["left_out"][0]["balanced_accuracy"] is None
    assert shown["origin"]["data"]["domains"] == {"books": 2000}


def test_a_negative_number_of_reviews_of_a_domain_is_refused(model: SentimentModel) -> None:
    with pytest.raises(ModelRefused, match="a number of reviews is -3, less than 0"):
        Card.from_metadata(with_domains(model, -3).to_metadata())


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
        ('{"base":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
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
