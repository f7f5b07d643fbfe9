"""The tokenizer of a run as JSON: vocabulary, rules and token limit."""

from __future__ import annotations

from dataclasses import dataclass

from scorer.system.records import Json, from_json, to_json
from scorer.tokenizer import Tokenizer
from scorer.words.rules import read_rules


@dataclass(frozen=True)
class StoredTokenizer:
    """The tokenizer as it is stored.

    Attributes:
        rules: how a text is cut, in the form of :meth:`scorer.words.rules.Rules.to_dict`.
        max_tokens: most tokens of a review that are read.
        words: the vocabulary; the first word has id 2.
    """

    rules: object
    max_tokens: int
    words: tuple[str, ...]


def tokenizer_to_json(tokenizer: Tokenizer) -> Json:
    """Return the stored form of a tokenizer."""
    rules = tokenizer.rules.to_dict()
    return to_json(StoredTokenizer(rules, tokenizer.max_tokens, tokenizer.words))


def tokenizer_from_json(stored: object) -> Tokenizer:
    """Read what :func:`tokenizer_to_json` wrote.

    Raises:
        RecordError: a key is missing, unknown or wrong, or the vocabulary is empty or has a word
            twice.
        ModelRefused: the rules are of another version.
    """
    read = from_json(StoredTokenizer, stored)
    tokenizer = Tokenizer(read.words, read_rules(read.rules), read.max_tokens)
    tokenizer.check()
    return tokenizer
