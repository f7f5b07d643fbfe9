"""The rules, one after another on every text with Arrow's patterns: what the fast way must equal.

Nothing of :mod:`scorer.words.cutting` is used here, and each text is cut by itself.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from scorer.words.rules import Rules
from scorer.words.spelling import Replacement

ENTITY = re.compile(
    r"&(?:amp;)*(#0*39|#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31};);?"
)


def plain_tokens(rules: Rules, text: str) -> list[str]:
    """Return the tokens of a text."""
    texts = pa.array([plain_entities(rules, text)], pa.large_string())
    for rule in rules.replacements:
        if _is_for(rule, texts[0].as_py()):
            texts = pc.replace_substring_regex(texts, rule.pattern, rule.replacement)
    texts = pc.utf8_normalize(texts, rules.normalization)
    texts = pc.utf8_lower(texts) if rules.lower_case else texts
    shortened = re.sub(
        r"([a-zA-Z])\1{%d,}" % rules.longest_run,  # noqa: UP031  # braces
        lambda run: run[1] * rules.longest_run,
        texts[0].as_py(),
    )
    texts = pa.array([shortened], pa.large_string())
    after = f"[{rules.joined}]?" if rules.joined else ""
    for pattern, replacement in (
        (f"[^{rules.word}{rules.apart}' ]", " "),
        (f"([{rules.apart}]{after})", r" \1 "),
        ("''+", " "),
        ("'(?: +'?|$)|(?:^| )'", " "),
    ):
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    read_as = dict([*rules.contractions, *rules.signs])
    return [read_as.get(token, token) for token in texts[0].as_py().split(" ") if token]


def plain_entities(rules: Rules, text: str) -> str:
    """Return a text with its entities decoded, one by one."""
    names = dict(rules.entities)

    def character(entity: re.Match[str]) -> str:
        what = entity[1]
        if not what.startswith("#"):
            name = what[:-1]
            return names.get(name, names.get(name.lower(), entity[0]))
        code = int(what[2:], 16) if what[1] in "xX" else int(what[1:])
        try:
            return chr(code).encode().decode()
        except (ValueError, UnicodeError, OverflowError):
            return " "

    return ENTITY.sub(character, text)


def _is_for(rule: Replacement, text: str) -> bool:
    if not rule.where and not rule.beyond_ascii:
        return True
    return any(place in text for place in rule.where) or (rule.beyond_ascii and not text.isascii())
