"""Explanations as text, JSON, pages and tables."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer import SentimentModel
from scorer.errors import UsageError
from scorer.insight.explanation import Explanation, Word
from scorer.reports.explanation import explanation_json, explanation_text, pieces
from scorer.reports.explanation_files import (
    TABLE,
    check_table_target,
    page_file,
    table_file,
)
from scorer.reports.explanation_page import PAGE_MARK, fragment
from scorer.reports.target import check_page_target
from scorer.system.escape import escaped_page, json_text

FOUND = Explanation(
    "A <b>fine</b> film,\nnot dull",
    0.75,
    "positive",
    1.1,
    0.05,
    -0.15,
    (
        Word("a", 0, 1, 0.01),
        Word("fine", 5, 9, 2.0, 0.4),
        Word("film", 14, 18, -0.3),
        Word("not", 20, 23, 0.69),
        Word("dull", 24, 28, -1.2, 0.99),
    ),
)
HOSTILE = (
    "<script>alert(1)</script> good",
    "good\"'><img src=x onerror=alert(1)> &lt;b&gt; film",
    "</span></p></div><style>*{display:none}</style> nice",
    "abc \u202egnp.exe \u2066good\u2069 \u200fbad\u200e \u061c",
    "good \x00\x07\x1b[31m red \x7f\x85 bad",
    "👨\u200d👩\u200d👧 good 👍🏽 ❤️ \U0001f1e9\U0001f1ea",
    "<!-- good --> <![CDATA[ bad ]]> &#x3c;script&#x3e;",
    "x" * 1_000_000 + " good",
    "good\u2028bad\u2029\ufeff\ufffe",
)


class Shown(HTMLParser):
    """What a browser would make of a page: its tags, its text, its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_inert_in_a_page_and_its_offsets_are_right(
    model: SentimentModel, text: str
) -> None:
    found = model.explain(text, leave_out=True)
    for word in found.words:
        stands = text[word.start : word.end]
        assert word.token in stands.lower() or not stands.isascii()
    page = Shown(fragment(found, text[:50]))
    allowed = {"div", "p", "b", "small", "span", "table", "tr", "th", "td", "br"}
    assert set(page.tags) <= allowed
    assert page.names <= {"style", "dir", "title"}
    assert not set(page.text) & set("\x00\x07\x1b\x7f\x85\u202e\u2066\u2069\u200f\u200e\u061c")
    if text.isprintable():
        assert text in page.text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("colours", [True, False])
def test_hostile_text_does_nothing_on_a_terminal(
    model: SentimentModel, text: str, colours: bool
) -> None:
    shown = explanation_text(model.explain(text), colours=colours)
    bare = shown.replace("\x1b[0m", "").split("\x1b[30;48;5;")
    assert all("\x1b" not in part for part in bare)
    assert (len(bare) > 1) == colours
    assert all(escaped_page(part) == part for part in bare)


def test_the_pieces_are_the_whole_text_in_order() -> None:
    found = list(pieces(FOUND))
    assert "".join(piece.text for piece in found) == FOUND.text
    assert [piece.level for piece in found if piece.word] == [0, 3, 1, 2, 3]


def test_words_that_share_a_place_are_shown_once() -> None:
    words = (Word("x", 0, 4, 1.0), Word("y", 0, 4, 0.5), Word("z", 2, 6, 0.2))
    found = Explanation("&xy; z", 0.5, "positive", 0.0, 0.0, 0.0, words)
    assert [piece.text for piece in pieces(found)] == ["&xy;", " z"]


def test_without_colours_each_word_has_its_sign_behind_it() -> None:
    assert explanation_text(FOUND, colours=False, name="row 7").splitlines() == [
        "row 7  0.750  positive  logit +1.10 = words +1.20, bias +0.05, calibration -0.15",
        "A <b>fine[+++]</b> film[-],\\nnot[++] dull[---]",
        "  +2.00  fine   0.400 without it",
        "  -1.20  dull   0.990 without it",
        "  +0.69  not",
        "  -0.30  film",
        "  +0.01  a",
    ]


def test_on_a_terminal_strength_is_a_colour() -> None:
    shown = explanation_text(FOUND, colours=True).splitlines()[1]
    assert "\x1b[30;48;5;114mfine\x1b[0m" in shown
    assert "\x1b[30;48;5;210mdull\x1b[0m" in shown
    assert shown.startswith("A <b>")


def test_what_was_not_read_is_told() -> None:
    long = Explanation("x", 0.5, "positive", 0.0, 0.0, 0.0, (), unread=1234)
    assert "(the first 1,234 words were not read)" in explanation_text(long, colours=False)
    assert "the first 1,234 words were not read" in fragment(long)


def test_a_review_without_text_is_one_line() -> None:
    nan = float("nan")
    none = Explanation("<br>", None, None, nan, nan, nan, ())
    assert explanation_text(none, colours=False) == "    -  no text   <br>"
    assert json.loads(json_text(explanation_json(none)))["logit"] is None
    assert "no text" in fragment(none)


def test_json_holds_all_that_adds_up() -> None:
    stored = json.loads(json_text(explanation_json(FOUND)))
    assert stored["words"][1] == {
        "token": "fine",
        "start": 5,
        "end": 9,
        "contribution": 2.0,
        "score_without": 0.4,
    }
    assert "score_without" not in stored["words"][0]
    parts = [word["contribution"] for word in stored["words"]]
    assert sum(parts) + stored["bias"] + stored["calibration"] == pytest.approx(stored["logit"])


def test_the_parts_of_each_row_of_a_table_add_up_to_its_logit(
    model: SentimentModel, tmp_path: Path
) -> None:
    texts = ["A fine film.", None, "Dull &amp; <b>long</b>", ""]
    found = model.explainer.explain(pa.array(texts), leave_out=True)
    with table_file(tmp_path / "why.parquet") as add:
        add(np.array([3, 4, 9, 10]), found)
    table = pq.read_table(tmp_path / "why.parquet")
    assert table.schema.remove_metadata() == TABLE
    rows = table.to_pylist()
    assert [(row["row"], row["part"], row["token"]) for row in rows] == [
        *((3, "word", "a"), (3, "word", "fine"), (3, "word", "film")),
        *((3, "bias", None), (3, "calibration", None)),
        *((9, "word", "dull"), (9, "word", "long")),
        *((9, "bias", None), (9, "calibration", None)),
    ]
    words = [row for row in rows if row["part"] == "word"]
    assert [texts[{3: 0, 9: 2}[row["row"]]][row["start"] : row["end"]] for row in words] == [
        *("A", "fine", "film", "Dull", "long"),
    ]
    for number, place in ((3, 0), (9, 2)):
        total = sum(row["contribution"] for row in rows if row["row"] == number)
        assert total == pytest.approx(found[place].logit, abs=1e-5)
    assert all(row["score_without"] is not None for row in words)


def test_a_page_stands_alone_and_appears_whole(model: SentimentModel, tmp_path: Path) -> None:
    path = tmp_path / "why.html"
    found = model.explainer.explain(pa.array(["A fine film.", HOSTILE[0]]))
    with pytest.raises(KeyboardInterrupt), page_file(path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with page_file(path) as add:
        add(np.array([1, 2]), found)
    page = path.read_text()
    assert "default-src 'none'" in page
    assert page.endswith("</html>\n")
    shown = Shown(page)
    assert not {"script", "link", "img", "iframe"} & set(shown.tags)
    assert not {"src", "href"} & shown.names
    check_page_target(path, PAGE_MARK)


def test_only_files_of_ours_are_replaced(model: SentimentModel, tmp_path: Path) -> None:
    page, table = tmp_path / "a.html", tmp_path / "a.parquet"
    page.write_text("<!doctype html>\n<p>mine")
    pq.write_table(pa.table({"row": [1]}), table)
    with pytest.raises(UsageError, match=r"a.html is not a page of scorer's; name another file"):
        check_page_target(page, PAGE_MARK)
    with pytest.raises(UsageError, match=r"a.parquet is not a table of explanations of scorer's"):
        check_table_target(table)
    table.unlink()
    with table_file(table) as add:
        add(np.array([1]), model.explainer.explain(pa.array(["good"])))
    check_table_target(table)
