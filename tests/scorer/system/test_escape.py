"""Whatever a name holds, it is shown on one line and acts on no terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.system.escape import UNSAFE, escaped, escaped_page, json_text

# Surrogates stand for the bytes of a name that isn't UTF-8.
ANY_TEXT = st.text(st.characters(categories=["C", "L", "M", "N", "P", "S", "Z"]))


@given(ANY_TEXT)
def test_nothing_that_acts_or_hides_is_left(text: str) -> None:
    for shown in (escaped(text), json_text(text), json_text({text: [text]})):
        assert not {unicodedata.category(one) for one in shown} & UNSAFE
        shown.encode()
        assert len(shown.splitlines()) <= 1


@given(ANY_TEXT)
def test_json_gives_back_what_was_there(text: str) -> None:
    value = {"name": text, text: None, "list": [text, 1]}
    assert json.loads(json_text(value)) == value
    assert json.loads(json_text(value, indent=1)) == value


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"])))
def test_text_that_only_prints_stays(text: str) -> None:
    assert escaped(text) == text
    assert json_text(text) == json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evil\nError: all fine", r"evil\nError: all fine"),
        ("\r\x1b[2Jgone", r"\r\x1b[2Jgone"),
        ("\x9b31m", r"\x9b31m"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("caf\udce9.parquet", r"caf\udce9.parquet"),
        ("two  blanks\N{NO-BREAK SPACE}", "two  blanks\N{NO-BREAK SPACE}"),
    ],
)
def test_what_acts_on_a_terminal_is_written_out(name: str, shown: str) -> None:
    assert escaped(name) == shown
    assert escaped_page(f"{name.replace(chr(10), '')}\nsecond line").endswith("\nsecond line")
