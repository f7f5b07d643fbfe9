from __future__ import annotations

import json
import time
import unicodedata
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plain_rules import plain_tokens
from scorer.errors import ModelRefused
from scorer.system.records import RecordError
from scorer.words import cutting
from scorer.words.rules import MOST_SIGNS, Rules, read_rules
from scorer.words.spelling import CONTRACTIONS, Replacement

RULES = Rules()
PARTS = (
    *("don't", "dont", "good", "SOOOO", "ooo", "a", "III", "'", "''", "`", "’", "\x92", "´", "â€™"),
    *(" ", "  ", "\n", "\t", "\u00a0", "\x00", "\xad", "\u200b", "\ufeff", "\\", "\\n", "\\'"),
    *("<br />", "<", ">", "<b", "<script>", "</script>", "<style>", "</style>", "<!--", "-->"),
    *("&", "&amp;", "&#39", "&#39;", "&#x2019;", "&rsquo;", "&lt;", "&no;", ";", "#", "&#55296;"),
    *("http://", "www.", "a.com", "@", "me@a.co.uk", ".", ",", "!", "?", ":)", ":-(", ":/", "<3"),
    *(":", ")", "(", "-", "C:\\new", "😍", "👍🏽", "❤️", "が", "か\u3099", "\u3099", "最", "é", "ü"),
    *("\u0301", "не", "１", "Ａ", "ﬁ", "İ", "ß", "\ufdfa", "0", "8", "\U0001f1e9", "\U000e0041"),
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), ANY_TEXT), max_size=20).map("".join)

# Rules that differ from ours in every step.
OTHERS = Rules(
    entities=(("x", "yy"),),
    replacements=(Replacement("good", "bad"), Replacement("b+", "", beyond_ascii=True)),
    normalization="NFD",
    lower_case=False,
    longest_run=1,
    word=r"a-z\p{Greek}\x00",
    apart=r"A-C\.",
    joined="",
    contractions=(),
    signs=(("C", "see"),),
)


def split(rules: Rules, texts: list[str | None]) -> list[list[str]]:
    tokens, offsets = rules.split(pa.array(texts, pa.large_string()))
    words = tokens.to_pylist()
    pairs = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    return [words[start:stop] for start, stop in pairs]


@given(TEXTS)
def test_the_fast_way_cuts_any_text_as_the_plain_way_does(text: str) -> None:
    assert split(RULES, [text]) == [plain_tokens(RULES, text)]


@given(TEXTS)
def test_other_rules_are_followed_to_the_letter(text: str) -> None:
    assert split(OTHERS, [text]) == [plain_tokens(OTHERS, text)]


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=12), st.integers(1, 40))
def test_the_tokens_of_a_text_do_not_depend_on_its_neighbours(
    texts: list[str | None], piece_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cutting, "PIECE_BYTES", piece_bytes)
        together = split(RULES, texts)
    assert together == [split(RULES, [text])[0] for text in texts]


def test_nothing_reaches_from_one_text_into_the_next() -> None:
    texts = ["soo", "oo", "o", "", "don", "'t", "&#3", "9;", "<b", ">", "か", "\u3099", "a'", "b"]
    assert split(RULES, texts) == [plain_tokens(RULES, text) for text in texts]


def test_a_part_of_a_column_is_cut_as_the_column_is() -> None:
    texts = pa.array(["x", "don`t", None, "so <b>GOOD</b> 😍", "&eacute;", "y"], pa.large_string())
    tokens, offsets = RULES.split(texts.slice(1, 4))
    assert tokens.to_pylist() == ["don't", "so", "good", "love", "e\u0301"]
    assert offsets.tolist() == [0, 1, 1, 4, 5]


@pytest.mark.parametrize(
    "apostrophe",
    [
        *("'", "‘", "’", "`", "´", "′", "ʹ", "ʼ", "‛", "＇", "\x91", "\x92", "''", "\\'", "\\\\'"),
        *("&lsquo;", "&rsquo;", "&apos;", "&#39;", "&#39", "&#039;", "&#x27;", "&#x2019;", "’’"),
        *("&#8217;", "&#146;", "&amp;#39;", "&amp;amp;rsquo;", "â€™", "â€˜", "\\u2019"),
    ],
)
def test_every_way_to_write_an_apostrophe_is_one(apostrophe: str) -> None:
    text = "I don't say 'no' to the '80s, it's Bob's rock'n'roll."
    clean = ["i", "don't", "say", "no", "to", "the", "80s", "it's", "bob's", "rock'n'roll"]
    assert split(RULES, [text.replace("'", apostrophe)]) == [clean]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Good film.\\nIt was\\r\\n\\r\\nfun.\\tYes", "good film it was fun yes"),
        ("see C:\\new\\readme.txt", "see c new readme txt"),
        ("grade B:\\nfine", "grade b fine"),
        ("go\xadod fi\u200blm a\x00b \ufeffc", "good film ab c"),
        ("&lt;b&gt;bold&lt;/b&gt; &eacute;t&Eacute; &EACUTE;", "bold été é"),
        ("&amp;lt;b&amp;gt; AT&amp;T R&B; &nosuch;", "at t r b nosuch"),
        ("&#0;&#55296;&#9999999;&#x41;", "a"),
        ("a<script type='x'>let b\n= 1 < 2;</script >c<STYLE>p</STYLE>d<!-- e\n -->f", "a c d f"),
        ("a <script> b", "a b"),
        ("a</script><script> b", "a"),
        ("dont didnt im its were well cant", "don't didn't i'm its were well cant"),
        ("sooooo GOOOOD Oooo www iii", "soo good oo ww ii"),
        ("1000 !!! ...", "1000 ! ! !"),
        ("see http://a.com/b?c=1&d, or www.e.org. Mail f.g@h.co.uk!", "see 🔗 or 🔗 mail 📧 !"),
        ("good :) fine:-) ok ;) =D ^^", "good great fine great ok great great great"),
        ("so :( and :'-(((, hm :/ I <3 it </3", "so bad and bad hm bad i love it disappointed"),
        ("the list:(1) 8:30 a:b 2 <3> 1", "the list 1 8 30 a b 2 3 1"),
        ("😍👍🏽 ❤\ufe0f❤ 🤷🏽\u200d♀️ 🦖", "love great love love 🤷 ♀ 🦖"),
        ("がか\u3099か", "が が か"),
    ],
)
def test_a_text_gives_these_tokens(text: str, tokens: str) -> None:
    assert split(RULES, [text]) == [unicodedata.normalize("NFKD", tokens).split()]


def test_no_contraction_is_another_word() -> None:
    words = {"its", "were", "well", "cant", "wont", "ill", "id", "shed", "hell", "shell", "wed"}
    assert not words & {token for token, _ in CONTRACTIONS}


@pytest.mark.parametrize("part", ["<script>", "<!--", "<", "&amp;", "a@", "'`", "www.", ":(", "\\"])
def test_hostile_texts_take_no_longer_than_others(part: str) -> None:
    text = part * (200_000 // len(part))
    texts = pa.array([f"-->{text}</script>{text}", "a" * 200_000], pa.large_string())
    started = time.process_time()
    RULES.split(texts)
    assert time.process_time() - started < 1


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=5))
def test_our_rules_never_make_a_text_four_times_as_long(texts: list[str | None]) -> None:
    RULES.split(pa.array(texts, pa.large_string()))


def test_rules_that_lengthen_a_text_no_probe_foresaw_end_there() -> None:
    rules = Rules(replacements=(Replacement("zqx", "zqxzqx", where=("q",)),) * 9)
    rules.check()
    with pytest.raises(ModelRefused, match="make a text more than 4 times as long"):
        rules.split(pa.array(["zqx" * 1000], pa.large_string()))


def test_rules_come_back_from_the_model_file() -> None:
    for rules in (RULES, OTHERS):
        assert read_rules(json.loads(json.dumps(rules.to_dict()))) == rules


@pytest.mark.parametrize("version", [0, 3, True, "2", None, 2.0])
def test_rules_of_another_version_are_refused_by_name(version: object) -> None:
    with pytest.raises(ModelRefused, match=f"version {version!r} was found, this release reads"):
        read_rules(RULES.to_dict() | {"version": version})


def test_a_key_of_the_rules_that_is_unknown_or_missing_is_named() -> None:
    stored = json.loads(json.dumps(RULES.to_dict()))
    with pytest.raises(RecordError, match=r"'rules\.more' is unknown"):
        read_rules(stored | {"more": 1})
    stored["replacements"][0].pop("where")
    with pytest.raises(RecordError, match=r"'rules\.replacements\[0\]\.where' is missing"):
        read_rules(stored)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entities": (("a b", "c"),)}, "the entity 'a b' is no name"),
        ({"entities": (("a", ""),)}, "the entity 'a' stands for '', not for 1 to 8 bytes"),
        ({"entities": (("a", "b" * 9),)}, "not for 1 to 8 bytes"),
        ({"entities": (("a", "b"),) * 401}, "there are 401 entities, more than 400"),
        ({"replacements": (Replacement("a", "b"),) * 41}, "there are 41 replacements, more than"),
        ({"replacements": (Replacement("(", ""),)}, "the replacement rule 1 doesn't compile"),
        ({"replacements": (Replacement("a", "b" * 9),)}, "puts 'bbbbbbbbb', more than 8 bytes"),
        ({"replacements": (Replacement("", "abc"),) * 5}, "more than 4 times as long"),
        ({"replacements": (Replacement("a", "b", ("",)),)}, "is for texts with '', not with 1 to"),
        ({"replacements": (Replacement("a", "b", ("c",) * 41),)}, "there are 41 places of the rep"),
        ({"longest_run": 0}, "the longest run of a letter is 0, not 1 to 8"),
        ({"longest_run": 10**50}, "the longest run of a letter is"),
        ({"word": ""}, "the class 'word' of characters is empty"),
        ({"apart": "a]|[b"}, "the class 'apart' of characters is .*with a bracket"),
        ({"joined": "a" * 401}, "the class 'joined' of characters is .*longer than 400"),
        ({"joined": r"\p{Nosuch}"}, "the class 'joined' of characters doesn't compile"),
        ({"contractions": (("a", "b"),) * 101}, "there are 101 contractions, more than 100"),
        ({"signs": (("a", "b"),) * 61}, "there are 61 signs, more than 60"),
        ({"signs": (("a", "b c"),)}, "the token 'a' is read as 'b c': one of them is empty"),
        ({"signs": (("", "b"),)}, "the token '' is read as 'b': one of them is empty"),
        ({"signs": (("a", "b" * 65),)}, "has more than 64 bytes"),
        ({"contractions": (("a", "b"),), "signs": (("a", "c"),)}, "'a' is read as two words"),
        ({"normalization": "NFKC"}, "the normalisation 'NFKC' is unknown"),
    ],
)
def test_rules_out_of_bounds_are_refused_in_a_sentence(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(RecordError, match=message):
        replace(RULES, **changes).check()


def test_at_most_sixty_signs_are_read_as_words_and_each_is_one_token() -> None:
    assert len(RULES.signs) <= MOST_SIGNS
    unread = replace(RULES, signs=(), contractions=())
    for token, word in [*RULES.signs, *RULES.contractions]:
        assert split(unread, [token, word]) == [[token], [word]]


@settings(max_examples=20)
@given(st.integers(0, 1 << 30))
def test_every_character_is_what_its_class_says(seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 0x110000, 500).tolist()
    text = " ".join(f"a{chr(code)}b" for code in codes if not 0xD800 <= code < 0xE000)
    for rules in (RULES, OTHERS):
        assert split(rules, [text]) == [plain_tokens(rules, text)]
