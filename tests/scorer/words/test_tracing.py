"""Where each token stands in its text, as it was written."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.words import tracing
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules
from scorer.words.spelling import Replacement
from scorer.words.tracing import Spans, trace

PARTS = (
    *("don't", "dont", "good", "SOOOO", "'", "''", "`", "’", "\x92", "â€™", " ", "\n", "\x00"),
    *("\xad", "\u200b", "\u202e", "\\n", "\\'", "<br />", "<", ">", "<script>", "</script>"),
    *("<!--", "-->", "&amp;", "&#39;", "&rsquo;", "&hearts;", "&no;", ";", "http://", "a.com"),
    *(
        "me@a.co.uk",
        ".",
        "!",
        "?",
        ":)",
        ":-(",
        ":/",
        "<3",
        "C:\\new",
        "😍",
        "👍🏽",
        "❤️",
        "👨\u200d👩\u200d👧",
    ),
    *(
        "が",
        "か\u3099",
        "\u3099",
        "最",
        "é",
        "e\u0301",
        "\u0323\u0301",
        "Ａ",
        "ﬁ",
        "İ",
        "ß",
        "\ufdfa",
    ),
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), ANY_TEXT), max_size=16).map("".join)
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


def spans_of(rules: Rules | FirstRules, texts: list[str]) -> Spans:
    return trace(rules, pa.array(texts, pa.large_string()))


def places(text: str, rules: Rules | FirstRules = Rules()) -> list[str]:
    spans = spans_of(rules, [text])
    pairs = zip(spans.starts.tolist(), spans.ends.tolist(), strict=True)
    return [text[start:end] for start, end in pairs]


def tokens_of(spans: Spans) -> list[str]:
    return [token for one in spans.cuts for token in one.tokens().to_pylist()]


@pytest.mark.parametrize("rules", [Rules(), OTHERS, FirstRules()], ids=["ours", "other", "first"])
@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=6))
def test_the_tokens_are_those_of_cutting_and_each_stands_in_its_text(
    rules: Rules | FirstRules, texts: list[str]
) -> None:
    spans = spans_of(rules, texts)
    cut = list(rules.cut(pa.array(texts, pa.large_string())))
    assert tokens_of(spans) == [token for one in cut for token in one.tokens().to_pylist()]
    assert spans.counts.tolist() == [count for one in cut for count in one.counts.tolist()]
    owners = [text for text, count in zip(texts, spans.counts, strict=True) for _ in range(count)]
    for text, start, end in zip(owners, spans.starts, spans.ends, strict=True):
        assert 0 <= start <= end <= len(text)


@settings(max_examples=40)
@given(TEXTS)
def test_tokens_stand_in_order_and_none_in_no_place(text: str) -> None:
    spans = spans_of(Rules(), [text])
    assert (spans.starts < spans.ends).all()
    assert spans.starts.tolist() == sorted(spans.starts.tolist())
    assert spans.ends.tolist() == sorted(spans.ends.tolist())


@settings(max_examples=15)
@given(st.lists(TEXTS, max_size=4))
def test_the_places_of_a_text_do_not_depend_on_its_neighbours(texts: list[str]) -> None:
    spans = spans_of(Rules(), texts)
    alone = [spans_of(Rules(), [text]) for text in texts]
    assert spans.starts.tolist() == [start for one in alone for start in one.starts.tolist()]
    assert spans.ends.tolist() == [end for one in alone for end in one.ends.tolist()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's <b>GREAT</b>!", ["It's", "GREAT", "!"]),
        ("don&rsquo;t &amp; &hearts;", ["don&rsquo;t", "&hearts;"]),
        ("Loooooved it, sooo", ["Loooooved", "it", "sooo"]),
        (":(! ok </3 no", [":(", "!", "ok", "</3", "no"]),
        ("C:\\new\\readme \\nline", ["C", "new", "readme", "line"]),
        ("see http://x.com/a?b, me@x.org.", ["see", "http://x.com/a?b", "me@x.org"]),
        ("wonder\xadful a\u200b b", ["wonder\xadful", "a\u200b", "b"]),
        (
            "naïve e\u0301te\u0301 ﬁne １２ ＡＢ",
            ["naïve", "e\u0301te\u0301", "ﬁne", "１２", "ＡＢ"],
        ),
        ("最高が か\u3099", ["最", "高", "が", "か\u3099"]),
        ("👍🏽👨\u200d👩\u200d👧 ❤️", ["👍🏽", "👨\u200d", "👩\u200d", "👧", "❤️"]),
        ("<script>bad()</script>x<!-- good", ["x"]),
        ("", []),
        ("<br>", []),
    ],
)
def test_a_token_stands_where_a_reader_would_point_at(text: str, found: list[str]) -> None:
    assert places(text) == found


def test_the_first_rules_are_followed_too() -> None:
    assert places("It&#39;s <b>GREAT</b>, déjà!", FirstRules()) == [
        "It&#39;s",
        "GREAT",
        "déjà",
        "!",
    ]


def test_a_word_of_a_million_letters_is_one_place() -> None:
    text = f"é<br>{'ha' * 500_000} &amp; ok"
    assert places(text) == ["é", "ha" * 500_000, "ok"]


def test_a_difference_between_both_ways_is_never_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "_decoded", lambda rules, traced: traced)
    with pytest.raises(tracing.SentimentError, match="rewritten in another way than for scoring"):
        places("fish &amp; chips")
