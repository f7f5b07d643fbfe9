"""The charting room: pages that hold whatever a text says, and let none of it act."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from scorer.pages.charts import Dots, Line, bar_chart, interval_chart, line_chart
from scorer.pages.lines import MOST_POINTS
from scorer.pages.page import code, folded, items, page, page_mark, paragraph, section
from scorer.pages.style import DARK, LIGHT, SERIES
from scorer.pages.tables import figures, table
from scorer.pages.text import plain_text

EVIL = "</title></style><script>alert(1)</script>\"'><img src=x onerror=y>\u202eevil\udcff"
VOID = {"meta", "path", "rect", "circle", "polygon", "polyline", "br"}


class Seen(HTMLParser):
    """What a browser would see: elements, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def dots(name: str, value: float = 0.5) -> Dots:
    return Dots(name, [value], [value - 0.25], [value + 0.125])


def full_page(text: str) -> str:
    """Return a page that holds the text wherever a text can stand."""
    return page(
        text,
        "scorer test",
        paragraph(text),
        items([text]),
        code(text, text),
        figures([(text, text)]),
        section(
            text,
            table(text, [text, text], [[text, text]], texts=[1]),
            line_chart(
                text,
                [Line(text, [0, 1], [1, 2]), Line("b", [0, 1], [1, 2])],
                x=text,
                y=text,
                mark=(1, text),
            ),
            bar_chart(text, [text], {text: [1.0], "b": [2.0]}, unit=text),
            bar_chart(text, [text], {text: [1.0], "b": [3.0]}, unit=text, horizontal=True),
            interval_chart(text, [text], [dots(text), dots("b")], x=text),
            folded(text, paragraph(text)),
        ),
    )


def test_a_page_begins_with_its_mark_and_closes_what_it_opens() -> None:
    text = full_page("fine")
    assert text.startswith("<!doctype html>\n<!-- scorer test -->\n<html lang=")
    assert page_mark("scorer test") == text[: len(page_mark("scorer test"))]
    assert Seen(text).open == []


def test_a_text_of_evil_changes_no_element_of_a_page() -> None:
    good, evil = Seen(full_page("fine")), Seen(full_page(EVIL))
    assert evil.tags == good.tags
    assert {name for name, _ in evil.attributes} == {name for name, _ in good.attributes}
    assert "script" not in evil.tags
    assert "\u202e" not in full_page(EVIL)
    full_page(EVIL).encode()


def test_a_page_loads_nothing_and_lets_nothing_run() -> None:
    seen = Seen(full_page("fine"))
    names = {name for name, _ in seen.attributes}
    assert not names & {"src", "href", "style", "srcset", "xlink:href"}
    assert not [name for name in names if name.startswith("on")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            "form-action 'none'") in seen.attributes  # fmt: skip
    assert not re.search(r"url\(|@import|https?:", full_page("fine"))


def test_each_chart_has_a_name_and_a_description_of_its_own() -> None:
    text = full_page("fine")
    ids = re.findall(r' id="([^"]+)"', text)
    named = [
        one for names in re.findall(r'aria-labelledby="([^"]+)"', text) for one in names.split()
    ]
    assert len(set(ids)) == len(ids) == 8
    assert sorted(named) == sorted(ids)
    assert text.count('role="img"') == 4


def test_the_figures_of_a_chart_stand_in_its_table() -> None:
    line = Line("a", [1, 2, 3], [0.25, float("nan"), 1234567], [0.2, 0.3, 0.4], [0.5, 0.6, 0.7])
    lines = Seen(line_chart("c", [line], x="epoch", y="loss")).text
    bars = Seen(bar_chart("c", ["one", "two"], {"rows": [0.125, 7]}, unit="%")).text
    for told in ("epoch", "a, from", "0.25", "–", "1,234,567", "0.2", "0.7"):
        assert told in lines
    for told in ("one", "0.125", "two", "7", "rows (%)"):
        assert told in bars


def test_lines_of_other_places_stand_in_one_long_table() -> None:
    chart = line_chart("c", [Line("a", [0, 1], [0, 1]), Line("b", [0, 0.5], [0, 1])], x="x", y="y")
    assert chart.count('<th scope="row">') == 4
    with_band = [Line("a", [0, 1], [0, 1], [0, 0.875], [0, 1.5]), Line("b", [2], [3])]
    seen = Seen(line_chart("c", with_band, x="x", y="y")).text
    for told in ("from", "to", "0.875", "1.5", "–"):
        assert told in seen


def test_a_figure_is_marked_where_it_stands_and_told_to_those_who_hear_the_chart() -> None:
    line = Line("a", [1, 2, 3], [1, 2, 3])
    chart = line_chart("c", [line], x="epoch", y="loss", whole=True, mark=(3, "kept"))
    end = re.findall(r'<path d="M[0-9.]+ [0-9.]+H([0-9.]+)" class="axis"', chart)
    assert re.findall(r'<path d="M([0-9.]+) [0-9.]+V', chart) == end
    assert ">kept</text>" in chart
    assert "Marked: kept, at 3." in chart


def test_what_is_counted_has_whole_figures_only() -> None:
    line = Line("a", [1, 2, 3], [1, 2, 3])
    halves = line_chart("c", [line], x="epoch", y="loss")
    whole = line_chart("c", [line], x="epoch", y="loss", whole=True)
    assert ">1.5</text>" in halves.split("<details>")[0]
    below = re.findall(r'y="268"[^>]*>([^<]+)<', whole)
    assert below == ["1", "2", "3"]


def test_an_interval_reaches_from_its_low_end_to_its_high_end_around_its_figure() -> None:
    chart = interval_chart("c", ["a", "b"], [Dots("x", [0.5, 0.75], [0.25, 0.5], [1, 1])], x="x")
    drawn = re.findall(r'<path d="M([0-9.]+) ([0-9.]+)H([0-9.]+)"/><circle cx="([0-9.]+)"', chart)
    places = [[float(one) for one in found] for found in drawn]
    (low, _, high, middle), (other_low, other_y, other_high, _) = places
    assert (other_low, other_high) == (middle, high)
    assert (middle - low) * 2 == pytest.approx(high - middle, abs=0.3)
    assert other_y > places[0][1]
    for told in ("0.5", "0.25", "0.75", "from", "to"):
        assert told in Seen(chart).text


def test_a_figure_without_an_interval_is_not_drawn_and_others_are() -> None:
    nothing = float("nan")
    chart = interval_chart("c", ["a", "b"], [Dots("x", [nothing, 1], [nothing, 0], [1, 2])], x="x")
    assert chart.count("<circle") == 1
    assert "–" in Seen(chart).text
    with pytest.raises(ValueError, match="not as many"):
        interval_chart("c", ["a"], [Dots("x", [1, 2], [1], [1])], x="x")


def test_a_gap_is_not_drawn_over_and_a_lone_point_is_seen() -> None:
    gap = Line("a", [1, 2, 3, 4], [1, 2, float("inf"), 4])
    chart = line_chart("c", [gap], x="x", y="y")
    assert chart.count("stroke-linejoin") == 1
    assert chart.count("<circle") == 1


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [float("nan")], [-1.0], [1e300], [1e-12]])
def test_any_figures_make_a_chart(values: list[float]) -> None:
    labels = [str(value) for value in values]
    for chart in (
        line_chart("c", [Line("a", values, values)], x="x", y="y", diagonal=True),
        bar_chart("c", labels, {"a": values}),
        bar_chart("c", labels, {"a": values}, horizontal=True),
        interval_chart("c", labels, [Dots("a", values, values, values)], x="x"),
    ):
        assert Seen(chart).open == []
        drawn = chart.split("<details>")[0].replace(">nan<", "")
        assert "nan" not in drawn
        assert "inf" not in drawn


def test_a_line_of_a_million_points_is_thinned_and_keeps_its_ends() -> None:
    xs = range(1_000_000)
    thin = Line("a", xs, xs).thinned()
    assert (len(thin.xs), thin.xs[0], thin.ys[-1]) == (MOST_POINTS, 0, 999_999)
    assert len(line_chart("c", [Line("a", xs, xs)], x="x", y="y")) < 100_000


def test_points_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="unequal"):
        Line("a", [1, 2], [1])
    with pytest.raises(ValueError, match="not as many"):
        bar_chart("c", ["a"], {"b": [1, 2]})


def test_lines_and_bars_are_told_apart_without_colour() -> None:
    lines = [Line(name, [0, 1], [0, 1], dashed=name > "b") for name in "abcd"]
    chart = line_chart("c", lines, x="x", y="y")
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', chart))) == 4
    chart = interval_chart("c", ["x"], [dots(one) for one in "abc"], x="x")
    assert len(set(re.findall(r"</?(?:circle|rect|path)[^>]*(?:hollow|r=)", chart))) >= 3
    bars = bar_chart("c", ["x"], {"a": [1], "b": [1], "c": [1]})
    assert len(set(re.findall(r'fill-opacity="([^"]+)"', bars))) == 3


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_lines_stand_out_from_the_page(colours: dict[str, str]) -> None:
    for name in ("text", "soft", *SERIES):
        assert contrast(colours[name], colours["page"]) >= 4.5
        assert contrast(colours[name], colours["raised"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
            for share in shares
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_a_wide_table_is_reached_by_keyboard() -> None:
    shown = table("files", ["file", "rows"], [["a", "1"]])
    assert '<div class="wide" role="group" aria-label="files" tabindex="0">' in shown


@pytest.mark.parametrize("text", ["\udcff", "\x00", "\x7f", "\u2028\u202e", "\r"])
def test_a_plain_text_can_be_written_and_acts_on_nothing(text: str) -> None:
    assert "\u202e" not in plain_text(text)
    assert plain_text(text).encode()
