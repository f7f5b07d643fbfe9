"""Every figure of a card is the one that ``scorer inspect --json`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from card_tables import Tables, markdown_tables, page_tables
from exporter.card.content import model_card
from exporter.card.files import markdown_of
from exporter.card.front_matter import METRICS
from exporter.card.notes import NOTES_NAME, read_notes
from exporter.card.page import card_page
from scorer import SentimentModel
from scorer.model import SHIPPED
from scorer.reference import LENGTH_EDGES, SCORE_EDGES
from scorer.reports.model import model_json

NOTES = read_notes(SHIPPED / NOTES_NAME)
COLUMNS = ("reviews", "accuracy", "auc", "log_loss", "brier", "calibration_error")


@pytest.fixture(scope="module", params=["default", "fast"])
def shipped(request: pytest.FixtureRequest) -> SentimentModel:
    return SentimentModel.load(request.param)


@pytest.fixture(scope="module", params=["markdown", "page"])
def tables(request: pytest.FixtureRequest, shipped: SentimentModel) -> Tables:
    if request.param == "markdown":
        return markdown_tables(markdown_of(shipped, NOTES))
    return page_tables(card_page(model_card(shipped, NOTES)))


@pytest.fixture
def told(shipped: SentimentModel) -> dict[str, Any]:
    """What ``scorer inspect --json`` prints."""
    return model_json(shipped)


def rows_of(tables: Tables, caption: str) -> dict[str, list[str]]:
    named = [rows for name, rows in tables.items() if name.startswith(caption)]
    found = tables.get(caption, named[0])
    return {row[0]: row[1:] for row in found[1:]}


def shown(name: str, value: float) -> str:
    if name == "reviews":
        return f"{value:,}"
    return f"{value:.2%}" if "accuracy" in name else f"{value:.4f}"


def test_the_overall_figures_are_those_of_inspect(tables: Tables, told: dict[str, Any]) -> None:
    rows = rows_of(tables, "All reviews")
    parts = {name: figures for name, figures in told["figures"].items() if name in
             ("held_out", "test", "left_out")}  # fmt: skip
    assert len(rows) == len(parts)
    for name, figures in parts.items():
        (cells,) = (row for key, row in rows.items() if key.startswith(name.replace("_", " ")))
        assert cells == [shown(column, figures[column]) for column in COLUMNS]


def test_the_figures_of_each_domain_are_those_of_inspect(
    tables: Tables, told: dict[str, Any]
) -> None:
    for part, domains in told["figures"]["domains"].items():
        rows = rows_of(tables, f"By domain, {part.replace('_', ' ')}")
        assert list(rows) == [one["domain"] for one in domains]
        for one in domains:
            low, high = one["balanced_interval"]
            expected = [
                shown(name, one[name]) for name in ("reviews", "accuracy", "balanced_accuracy")
            ]
            expected.append(f"{low:.2%} to {high:.2%}")
            expected += [shown(name, one[name]) for name in ("log_loss", "calibration_error")]
            assert rows[one["domain"]] == expected


def test_the_counts_of_the_data_are_those_of_inspect(tables: Tables, told: dict[str, Any]) -> None:
    data, rows = told["origin"]["data"], rows_of(tables, "Labelled reviews, from ")
    assert rows.pop("all")[:2] == [f"{data['reviews']:,}", f"{data['held_out']:,}"]
    held_out = {one["domain"]: one["reviews"] for one in told["figures"]["domains"]["held_out"]}
    met: list[str] = []
    for reviews, kept, domains, *_ in rows.values():
        names = domains.split(", ")
        assert reviews == f"{sum(data['domains'][name] for name in names):,}"
        assert kept == f"{sum(held_out[name] for name in names):,}"
        met += names
    assert sorted(met) == sorted(data["domains"])
    soft = rows_of(tables, "Texts that nobody labelled")
    (number,) = (cells[0] for cells in soft.values())
    assert number == f"{data['soft_labels']:,}"


def test_calibration_and_length_are_those_of_inspect(tables: Tables, told: dict[str, Any]) -> None:
    calibration = told["calibration"]
    line = {name.removeprefix("slope_"): f"{value:g}" for name, value in calibration.items()
            if name.startswith("slope_") or name == "shift"}  # fmt: skip
    rows = rows_of(tables, "The line through the logits")
    assert {name: value for name, (value,) in rows.items()} == line
    by_length = calibration["by_length"]
    knots = zip(by_length["knots"], by_length["slopes"], by_length["shifts"], strict=True)
    assert rows_of(tables, "Calibration by length") == {
        f"{knot:,}": [f"{slope:g}", f"{shift:g}"] for knot, slope, shift in knots
    }


def test_the_held_out_reviews_are_counted_as_in_inspect(
    tables: Tables, told: dict[str, Any]
) -> None:
    counted = told["reference"]["all"]
    lows = np.concatenate([[0], SCORE_EDGES])
    for name, (reviews, share, _) in rows_of(tables, "Held-out reviews by score").items():
        low, high = (float(bound) for bound in name.split(" to "))
        inside = (lows >= low - 6e-4) & ((lows < high - 6e-4) | (high == 1))
        positive = np.array(counted["positive"])[inside].sum()
        total = positive + np.array(counted["negative"])[inside].sum()
        assert (reviews, share) == (f"{total:,}", f"{positive / total:.2%}")
    lows = np.concatenate([[0], LENGTH_EDGES])
    for name, (reviews, share) in rows_of(tables, "Held-out reviews by length").items():
        low, _, high = name.replace(",", "").partition(" to ")
        end = int(high) if high else 1 << 60
        inside = (lows >= int(low.split()[0])) & (lows <= end)
        count = np.array(counted["tokens"])[inside].sum()
        assert (reviews, share) == (f"{count:,}", f"{count / sum(counted['tokens']):.2%}")
    rows = rows_of(tables, "Held-out reviews by the part of their words")
    counts = [int(reviews.replace(",", "")) for reviews, _ in rows.values()]
    assert sum(counts) == sum(counted["unknown"])
    assert counts[:2] == counted["unknown"][:2]


def test_where_it_comes_from_is_what_inspect_says(tables: Tables, told: dict[str, Any]) -> None:
    rows = {name: value for name, (value,) in rows_of(tables, "The file").items()}
    origin = told["origin"]
    assert rows["sha256"] == told["sha256"]
    assert rows["bytes"] == f"{told['bytes']:,}"
    assert rows["vocabulary"] == f"{told['words']:,} words"
    assert rows["rules of the tokenizer"] == f"version {told['rules']['version']}"
    assert (rows["command"], rows["date"]) == (origin["command"], origin["date"])
    assert rows["sha256 of the labelled reviews"] == origin["data"]["sha256"]
    for caption, key in (("Settings", "settings"), ("Made with", "versions")):
        found = rows_of(tables, caption)
        assert found == {name: [str(value)] for name, value in origin[key].items()}


def test_the_rest_of_the_text_says_the_figures_of_inspect(
    shipped: SentimentModel, told: dict[str, Any]
) -> None:
    text = markdown_of(shipped, NOTES)
    calibration, rounding = told["calibration"], told["figures"]["rounding"]
    assert f"{calibration['error_before']:g} before, {calibration['error_after']:g} after" in text
    assert f"by more than {rounding['largest_change']:g}, and" in text
    assert f"the labels of {rounding['labels_changed']:.2%} of them" in text
    assert f"Of a text of more than {told['max_tokens']:,} tokens" in text
    test = told["figures"]["test"]
    assert f"| accuracy on {test['reviews']:,} test reviews | {test['accuracy']:.2%} |" in text


def test_the_front_matter_is_yaml_with_the_keys_of_the_hub_and_the_figures_of_inspect(
    shipped: SentimentModel, told: dict[str, Any]
) -> None:
    _, front, body = markdown_of(shipped, NOTES).split("---\n", 2)
    read = yaml.safe_load(front)
    name = Path(told["file"]).name.removesuffix(".onnx")
    assert read["language"] == ["en"]
    assert read["license"] == "mit"
    assert read["pipeline_tag"] == "text-classification"
    assert read["datasets"] == ["stanfordnlp/imdb"]
    assert set(read["metrics"]) <= set(METRICS.values())
    (index,) = read["model-index"]
    assert index["name"] == name
    parts = [part for part in ("held_out", "test", "left_out") if part in told["figures"]]
    types = [one["dataset"]["type"] for one in index["results"]]
    assert types == [part.replace("_", "-") for part in parts]
    for part, result in zip(parts, index["results"], strict=True):
        assert result["task"]["type"] == "text-classification"
        figures = told["figures"][part]
        assert str(figures["reviews"]) in result["dataset"]["name"]
        assert {one["type"]: one["value"] for one in result["metrics"]} == {
            kind: figures[key] for key, kind in METRICS.items()
        }
    assert body.lstrip().startswith(f"# {name}\n")


@pytest.mark.parametrize("name", ["default", "fast"])
def test_the_card_that_ships_is_that_of_the_model_that_ships(name: str) -> None:
    """If it isn't: ``exporter card NAME --out scorer/models/NAME.md``."""
    shown = (SHIPPED / f"{name}.md").read_text(encoding="utf-8")
    assert shown == markdown_of(SentimentModel.load(name), NOTES)
