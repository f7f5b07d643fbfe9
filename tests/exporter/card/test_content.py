"""What a card says of what nobody knows, of adapted models, and of names that mean harm."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from card_tables import markdown_tables, page_tables, page_tags
from exporter.card.content import model_card
from exporter.card.files import markdown_of
from exporter.card.learned import idle_notes
from exporter.card.markdown import START
from exporter.card.notes import DataNote, Notes
from exporter.card.page import PAGE_START, card_page
from scorer import SentimentModel
from scorer.card import Base, TrainingData

EVIL = "</td><script>alert(1)</script>|x|<!-- \u202e `a` **b** [c](javascript:d) &lt; _e_\n# f"


@pytest.fixture
def model(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> SentimentModel:
    """The shipped model, to be given another card."""
    monkeypatch.setattr(model, "card", model.card)
    monkeypatch.setattr(model, "file", model.file)
    return model


def with_data(model: SentimentModel, **changes: object) -> SentimentModel:
    provenance = model.card.provenance
    data = replace(provenance.data, **changes)
    model.card = replace(model.card, provenance=replace(provenance, data=data))
    return model


def bare(model: SentimentModel) -> SentimentModel:
    """Give a model the card of a file that tells no more than it has to."""
    model = with_data(model, domains=None, soft_labels=None, soft_labels_sha256=None)
    card = model.card
    model.card = replace(
        card,
        calibration=replace(card.calibration, folds=None, by_length=None),
        figures=replace(card.figures, domains=None, test=None),
        reference=None,
    )
    return model


def test_what_nobody_said_is_said_to_be_unknown(model: SentimentModel) -> None:
    text = markdown_of(model, Notes())
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "unknown"
    assert "language" not in front
    assert "datasets" not in front
    assert "Unknown: nobody has said under which licence" in text
    assert "Nobody has written down what it is for." in text
    tables = markdown_tables(text)
    (rows,) = (rows for name, rows in tables.items() if name.startswith("Labelled reviews"))
    assert len(rows) == 1 + len(model.card.provenance.data.domains or {}) + 1
    assert all(row[4:] == ["unknown"] * 3 for row in rows[1:-1])
    assert tables["Measured on, and not learned from"][1][2:] == ["unknown"] * 3


def test_a_file_that_tells_the_least_has_a_card(model: SentimentModel) -> None:
    model = with_data(bare(model), name="a.csv, b.csv")
    notes = Notes(data=(DataNote(files=("b.csv",), title="Mine", terms="CC0-1.0"),))
    tables = markdown_tables(markdown_of(model, notes))
    assert page_tables(card_page(model_card(model, notes))).keys() >= tables.keys()
    data = model.card.provenance.data
    assert tables["Labelled reviews, from a.csv, b.csv"][1:] == [
        ["a.csv", "unknown", "unknown", "", "unknown", "unknown", "unknown"],
        ["Mine: b.csv", "unknown", "unknown", "", "unknown", "unknown", "CC0-1.0"],
        ["all", f"{data.reviews:,}", f"{data.held_out:,}", "", "", "", ""],
    ]
    assert not any(name.startswith(("By domain", "Held-out")) for name in tables)


def test_the_card_of_an_adapted_model_tells_of_the_one_before(model: SentimentModel) -> None:
    first = TrainingData("first.csv", 900, "f" * 64, 90, False, unlabeled=7)
    base = Base("old.onnx", "a" * 64, "trainer fit first.csv", first)
    model.card = replace(model.card, provenance=replace(model.card.provenance, base=base))
    notes = Notes(data=(DataNote(kind="unlabeled", terms="none"), DataNote(files=("first.csv",))))
    tables = markdown_tables(markdown_of(model, notes))
    (rows,) = (rows for name, rows in tables.items() if name.startswith("old.onnx, which it was"))
    assert rows[1][:3] == ["first.csv", "900", "90"]
    assert any(name.startswith("The reviews that it was adapted to") for name in tables)
    assert idle_notes(model.card, notes) == []


def test_notes_on_data_that_the_model_never_met_are_told(model: SentimentModel) -> None:
    notes = Notes(data=(DataNote(domains=("films", "flims")), DataNote(kind="unlabeled")))
    assert idle_notes(model.card, notes) == ["flims", "unlabeled"]


def test_a_name_that_means_harm_stays_a_name(model: SentimentModel) -> None:
    model = with_data(model, name=EVIL, domains={EVIL: 9}, soft_labels=3)
    model.card = replace(
        model.card, provenance=replace(model.card.provenance, command=EVIL, date=EVIL)
    )
    model.file = replace(model.file, name=f"models/{EVIL.replace('/', '')}.onnx")
    notes = Notes(
        summary=EVIL, uses=(EVIL,), limits=(EVIL,), data=(DataNote(domains=(EVIL,), origin=EVIL),)
    )
    page, text = card_page(model_card(model, notes)), markdown_of(model, notes)
    assert "script" not in page_tags(page)
    assert page.startswith(PAGE_START)
    assert text.startswith(START)
    assert "\u202e" not in page + text
    _, front, body = text.split("---\n", 2)
    shown = EVIL.replace("\u202e", "\\u202e").replace("\n", "\\n")
    (index,) = yaml.safe_load(front)["model-index"]
    assert index["name"] == shown.replace("/", "")
    outside = "".join(body.split("\n```")[::2])
    assert "<" not in outside
    assert "`a`" not in outside.replace("\\`", "")
    rows = markdown_tables(text)[f"Labelled reviews, from {shown}"]
    assert [len(row) for row in rows] == [7, 7, 7]
    assert rows[1][0] == shown
    assert rows[1][4] == shown


def test_names_without_end_make_no_page_without_end(model: SentimentModel) -> None:
    word = "x" * (1 << 20)
    model = with_data(model, name=word, domains={word: 9})
    notes = Notes(summary=word, data=(DataNote(domains=(word,), title=word, origin=word),))
    text, page = markdown_of(model, notes), card_page(model_card(model, notes))
    assert max(len(text), len(page)) < 100_000
    assert f"{word[:1900]}" in text
