"""The first version of the rules, for the models that were made with it."""

from __future__ import annotations

import hashlib
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ModelRefused
from scorer.words.first_rules import FirstRules
from scorer.words.rules import read_rules

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def decomposed(*words: str) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFKD", word) for word in words)


def tokens_of(text: str) -> list[str]:
    return FirstRules().split(pa.array([text], pa.large_string()))[0].to_pylist()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \t\n\u00a0\u3000", []),
        ("<br /><br/><p class='x'></p>", []),
        ("<!-- hidden -->", []),
        ("Good<br />film", ["good", "film"]),
        ("i <3 this, 2 < 3 > 1", ["i", "3", "this", "2", "3", "1"]),
        ("Don't DON’T donʼt don&#39;t don&apos;t", ["don't"] * 5),
        ("'quoted' ''twice'' rock 'n' 'roll'", ["quoted", "twice", "rock", "n", "roll"]),
        ("rock'n'roll", ["rock'n'roll"]),
        ("Tom &amp; Jerry &quot;live&quot;", ["tom", "jerry", "live"]),
        ("What?!", ["what", "?", "!"]),
        ("so-called film... 8/10", ["so", "called", "film", "8", "10"]),
        ("😍👍 ❤\ufe0f", ["😍", "👍", "❤"]),
        ("Ｆｕｌｌ ﬁlm！", ["full", "film", "!"]),
        ("e\u0301te\u0301", ["été"]),
        ("最高の映画が", ["最", "高", "の", "映", "画", "が"]),
        ("Не надо", ["не", "надо"]),
        ("a\u0000b\ufffdc", ["a", "b", "c"]),
    ],
)
def test_a_text_gives_these_tokens(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == list(decomposed(*tokens))


@given(ANY_TEXT)
def test_tokens_hold_no_white_space_and_are_never_empty(text: str) -> None:
    for token in tokens_of(text):
        assert token
        assert token.split() == [token]


@given(st.lists(st.one_of(st.none(), ANY_TEXT), max_size=5))
def test_our_rules_never_make_a_text_four_times_as_long(texts: list[str | None]) -> None:
    FirstRules().split(pa.array(texts, pa.large_string()))


@pytest.mark.parametrize("text", ["!" * 100_000, "\ufdfa" * 5_000, "\u0130" * 5_000, "最" * 9_999])
def test_texts_that_our_rules_lengthen_most_are_tokenized(text: str) -> None:
    assert len(tokens_of(text)) > 0


def test_rules_that_lengthen_a_text_no_probe_foresaw_end_there() -> None:
    rules = FirstRules(replacements=(("zqx", "zqxzqx"),) * 9)
    rules.check()
    with pytest.raises(ModelRefused, match="make a text more than 4 times as long"):
        rules.split(pa.array(["zqx" * 1000], pa.large_string()))


def test_texts_of_no_row_and_no_letter_are_within_the_bound() -> None:
    for texts in ([], [None], [""], [""] * 9):
        tokens, offsets = FirstRules().split(pa.array(texts, pa.large_string()))
        assert (len(tokens), len(offsets)) == (0, len(texts) + 1)


def test_rules_come_back_from_the_model_file() -> None:
    assert read_rules(FirstRules().to_dict()) == FirstRules()


# Texts of every kind; EXPECTED is how the release before there were other rules cut them.
KINDS = (
    "It's",
    "don’t",
    "don`t",
    "<br />",
    "&amp;",
    "&#39;",
    "GOOD",
    "bad",
    "soooo",
    "café",
    "😍",
    "!",
    "film\x00s",
    "\u200b",
    "Ｆｕｌｌ",
    "最高",
    "не",
    "'a'",
    "a''b",
    "8/10",
    "\\n",
    ":)",
    "characterisation",
    "incomprehensible",
    "straightforward",
    "-",
    "overacting?",
    "the",
    "and",
    "\ufffd",
    "ð",
    "e\u0301",
)
EXPECTED = "75d9faaf1150083a91a1f87cceae7b04e258d36cd914621a1d980780bd6bc645"


def test_texts_are_cut_as_before_to_the_last_token() -> None:
    texts = [joint.join((one, two)) for one in KINDS for two in KINDS for joint in ("", " ", ", ")]
    tokens, offsets = FirstRules().split(pa.array(texts, pa.large_string()))
    digest = hashlib.sha256("\n".join(tokens.to_pylist()).encode())
    digest.update(offsets.astype("<i8").tobytes())
    assert digest.hexdigest() == EXPECTED
