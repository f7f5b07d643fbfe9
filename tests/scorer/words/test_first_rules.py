"""The first version of the rules, for the models that were made with it."""

from __future__ import annotations

import hashlib
import json
import time
import unicodedata
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ModelRefused
from scorer.tokenizer import valid_text
from scorer.words import cutting
from scorer.words.first_rules import FIRST_REPLACEMENTS, FirstRules
from scorer.words.rules import read_rules

RULES = FirstRules()
# Rules that are cut by their patterns alone.
OTHERS = (
    FirstRules(normalization="NFD"),
    FirstRules(lower_case=False),
    FirstRules(replacements=FIRST_REPLACEMENTS[:-1]),
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
PARTS = (
    *("'", "'", "''", "’", "ʼ", "‘", "`", "＇", "ŉ", "don't", "'n'", "a", "SO", "é", "É", "İ", "ß"),
    *("ſ", "\u212a", "Σ", " ", "  ", "\n", "\r", "\t", "\v", "\f", "\x1c", "\x1f", "\x85"),
    *("\u00a0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"),
    *("\x00", "\x7f", "\x80", "\x91", "\u200b", "\u200d", "\ufeff", "\ufffd", "\ufe0e"),
    *("\ufe0f", "\ufe0f\ufe0f", "\u3099", "\u309a", "\u3099\ufe0f", "\u0301", "\u0323", "\u20e3"),
    *("❤", "❤\ufe0f", "😍", "👍🏽", "\U0001f1e9", "⭐", "最", "の", "が", "ガ", "ｶﾞ", "ｶ", "ﾞ", "々"),
    *("⺀", "⼀", "\U00016fe2", "\U0001f200", "㋐", "한", "น", "не", "!", "?", "！", "‼", ".", "-"),
    *("&", "＆", "&amp;", "&#39;", "&#039;", "&#8217;", "&#X27;", "&APOS;", "&rsquo", "&rsquo;"),
    *(
        "&#123;",
        "&#x1F;",
        "&nbsp;",
        "&a1;",
        "&lt;b&gt;",
        ";",
        "#",
        "<",
        ">",
        "＜",
        "＞",
        "<b",
        "<B>",
    ),
    *("</b>", "<br />", "</", "<!--", "-->", "<!---->", "<!-- \n -->", "<1>", "<é>", "<ſ>"),
    *("<\u212a>", "1", "１", "½", "Ⅳ", "ﬁ", "™", "\ufdfa"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), ANY_TEXT), max_size=20).map("".join)
# As many of some characters as of all others.
FEW_PARTS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4)
CROWDED = FEW_PARTS.flatmap(
    lambda few: st.lists(st.sampled_from(["'", " ", "!", "\ufe0f", *few]), max_size=20)
).map("".join)


def decomposed(*words: str) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFKD", word) for word in words)


def cut(texts: pa.LargeStringArray, rules: FirstRules = RULES) -> tuple[list[str], list[int]]:
    """Return the tokens, and how many each text has: as scoring cuts them."""
    cuts = list(rules.cut(texts))
    tokens = [token for one in cuts for token in one.tokens().to_pylist()]
    return tokens, [count for one in cuts for count in one.counts.tolist()]


def plainly(texts: pa.LargeStringArray, rules: FirstRules = RULES) -> tuple[list[str], list[int]]:
    """Return the same, as the patterns say that it must be."""
    tokens, offsets = rules.split(texts)
    return tokens.to_pylist(), np.diff(offsets).tolist()


def large(texts: Sequence[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def tokens_of(text: str) -> list[str]:
    return cut(large([text]))[0]


@given(st.one_of(TEXTS, CROWDED))
def test_the_fast_way_cuts_any_text_as_the_patterns_do(text: str) -> None:
    assert cut(large([text])) == plainly(large([text]))


@given(st.lists(st.one_of(st.none(), TEXTS, CROWDED), max_size=12), st.integers(1, 40))
def test_several_texts_are_cut_as_the_patterns_do(
    texts: list[str | None], piece_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cutting, "PIECE_BYTES", piece_bytes)
        found = cut(large(texts))
    assert found == plainly(large(texts))
    assert cut(large(["'", *texts]).slice(1)) == found


@given(st.lists(st.one_of(st.binary(max_size=9), TEXTS.map(str.encode)), max_size=9).map(b"".join))
def test_bytes_that_were_mended_are_cut_as_the_patterns_do(raw: bytes) -> None:
    texts, _ = valid_text(pa.array([raw, b"a"], pa.large_binary()))
    assert cut(texts) == plainly(texts)


# Latin to kana and their symbols, compatibility forms, old Chinese marks, emoji.
@pytest.mark.parametrize(
    "codes", [(0x80, 0x3400), (0xF900, 0x10000), (0x16F00, 0x17100), (0x1F000, 0x1FC00)]
)
def test_every_character_is_in_every_place_what_the_patterns_say(codes: tuple[int, int]) -> None:
    around = "a'{0}'b!{0}\ufe0f'{0}最\u3099{0}\u3099 {0}\ufe0f"
    texts = large([around.format(chr(code)) for code in range(*codes)])
    assert cut(texts) == plainly(texts)


def test_nothing_reaches_from_one_text_into_the_next() -> None:
    texts = large(
        ["a'", "'b", "'", "c", "❤", "\ufe0f", "か", "\u3099", "&#39", ";", "<b", ">", "!"]
    )
    assert cut(texts) == plainly(texts)


def test_a_null_is_empty_whatever_bytes_stand_there() -> None:
    full = large(["café", "hidden", "end"])
    texts = pa.Array.from_buffers(full.type, 3, [pa.py_buffer(b"\x05"), *full.buffers()[1:]])
    assert cut(texts) == plainly(texts) == (["cafe\u0301", "end"], [1, 0, 1])


@given(st.sampled_from(OTHERS), st.one_of(TEXTS, CROWDED))
def test_other_rules_are_followed_to_the_letter(rules: FirstRules, text: str) -> None:
    assert cut(large([text]), rules) == plainly(large([text]), rules)


@pytest.mark.parametrize(
    "part", ["'", "' ", "<", "</a", "&", "&#39;", "!", "\ufe0f", "❤\ufe0f", "’"]
)
def test_hostile_texts_take_no_longer_than_others(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.process_time()
    list(RULES.cut(large([text, f"a{text}b", "a" * 200_000])))
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \t\n\u00a0\u3000", []),
        ("<br /><br/><p class='x'></p>", []),
        ("<!-- hidden -->", []),
        ("Good<br />film", ["good", "film"]),
        ("a<B\n'c'>d</e>f</ g></>h<1>", ["a", "d", "f", "g", "h", "1"]),
        ("<a <!-- hidden --> b>c<i>d", ["a", "b", "c", "d"]),
        ("<a &lt;>b&<i>amp;", ["b", "amp"]),
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


def test_the_rules_are_those_of_the_files_that_were_made_with_them() -> None:
    stored = json.dumps(RULES.to_dict(), sort_keys=True)
    assert hashlib.sha256(stored.encode()).hexdigest() == STORED


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
# Of the rules that stand in a file of that release.
STORED = "9babaff795e98010a9e4b0293075eaff55efe6c31352f3dfd87555e3fdd4338b"
EXPECTED = "75d9faaf1150083a91a1f87cceae7b04e258d36cd914621a1d980780bd6bc645"


def test_texts_are_cut_as_before_to_the_last_token() -> None:
    texts = [joint.join((one, two)) for one in KINDS for two in KINDS for joint in ("", " ", ", ")]
    tokens, counts = cut(large(texts))
    digest = hashlib.sha256("\n".join(tokens).encode())
    digest.update(np.cumsum([0, *counts], dtype="<i8").tobytes())
    assert digest.hexdigest() == EXPECTED
