from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plain_rules import plain_tokens
from scorer import cutting
from scorer.rules import Rules, read_rules

RULES = Rules()
PARTS = (
    *("don't", "dont", "good", "SOOOO", "ooo", "a", "III", "'", "''", "`", "’", "\x92", "´", "â€™"),
    *(
        " ",
        "  ",
        "\n",
        "\t",
        "\u00a0",
        "\x00",
        "\xad",
        "\u200b",
        "\ufeff",
        "\\",
        "\\n",
        "\\t",
        "\\'",
    ),
    *("<br />", "<", ">", "<b", "<script>", "</script>", "<style>", "</style>", "<!--", "-->"),
    *(
        "&",
        "&amp;",
        "&#39",
        "&#39;",
        "&#x2019;",
        "&rsquo;",
        "&lt;",
        "&nosuch;",
        ";",
        "#",
        "&eacute;",
    ),
    *("http://", "www.", "a.com", "@", "me@a.co.uk", ".", ",", "!", "?", ":)", ":-(", ":/", "<3"),
    *(
        ":",
        ")",
        "(",
        "-",
        "C:\\new",
        "😍",
        "👍🏽",
        "❤️",
        "が",
        "か\u3099",
        "\u3099",
        "最",
        "é",
        "ü",
        "ß",
    ),
    *(
        "\u0301",
        "не",
        "１",
        "Ａ",
        "ﬁ",
        "İ",
        "\ufdfa",
        "0",
        "8",
        "12",
        "\U0001f1e9",
        "￼",
        "\U000e0041",
    ),
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), ANY_TEXT), max_size=20).map("".join)


def split(rules: Rules, texts: list[str | None]) -> list[list[str]]:
    tokens, offsets = rules.split(pa.array(texts, pa.large_string()))
    words = tokens.to_pylist()
    pairs = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    return [words[start:stop] for start, stop in pairs]


@given(TEXTS)
def test_the_fast_way_cuts_any_text_as_the_plain_way_does(text: str) -> None:
    assert split(RULES, [text]) == [plain_tokens(RULES, text)]
