"""The table of token ids holds what the tokenizer gives, and every rule is tried in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from exporter.table_texts import table_texts
from exporter.token_table import make_token_table
from plain_rules import plain_tokens
from scorer import SentimentModel
from scorer.token_table import TABLE_KEY, TokenTable
from scorer.tokenizer import Tokenizer
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules, read_rules

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def words() -> tuple[str, ...]:
    """The vocabulary of a model that ships."""
    return SentimentModel.load("fast").card.tokenizer.words


@pytest.fixture(scope="module", params=[FirstRules(), Rules()], ids=["rules 1", "rules 2"])
def tokenizer(request: pytest.FixtureRequest, words: tuple[str, ...]) -> Tokenizer:
    return Tokenizer(words, request.param, max_tokens=60)


def test_the_table_holds_two_hundred_texts_and_what_the_tokenizer_gives(
    tokenizer: Tokenizer,
) -> None:
    table = make_token_table(tokenizer)
    assert len(table.rows) == 200
    raw = [row.raw for row in table.rows]
    tokens = tokenizer.encode(pa.array(raw, pa.large_binary()))
    for number, row in enumerate(table.rows):
        ids = tokens.ids[tokens.offsets[number] : tokens.offsets[number + 1]]
        assert row.ids == tuple(ids[-60:].tolist())
    assert max(len(row.ids) for row in table.rows) == 60
    assert None in raw
    assert any(row.hex for row in table.rows)


def test_the_table_comes_back_from_its_metadata(tokenizer: Tokenizer) -> None:
    table = make_token_table(tokenizer)
    assert TokenTable.from_metadata({TABLE_KEY: table.to_metadata()}) == table


def test_a_plain_tokenizer_made_of_the_metadata_alone_gives_the_same_ids(exported: Path) -> None:
    """As somebody would write it who has the file's metadata and nothing else of ours."""
    metadata = SentimentModel.load(exported).metadata
    stored = json.loads(metadata["tokenizer"])
    rules = read_rules(stored["rules"])
    assert isinstance(rules, Rules)
    ids = {word: number for number, word in enumerate(metadata["vocabulary"].split("\n"), 2)}
    table = json.loads(metadata["token_table"])
    assert (table["format"], table["version"]) == ("review-sentiment-token-table", 1)
    assert table["max_tokens"] == stored["max_tokens"]
    for row in table["rows"]:
        text = row["text"] or ""
        if "hex" in row:
            text = bytes.fromhex(row["hex"]).decode("utf-8", "replace")
        tokens = plain_tokens(rules, text)[-stored["max_tokens"] :]
        assert " ".join(tokens) == row["tokens"], row
        assert [ids.get(token, 1) for token in tokens] == row["ids"], row


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_tokenizer_in_another_language_made_of_the_metadata_gives_the_same_ids(
    exported: Path, tmp_path: Path
) -> None:
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps(dict(SentimentModel.load(exported).metadata)))
    command = ["node", BENCHMARKS / "other_tokenizer.mjs", metadata]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "200 of 200 texts as the table has them\n")


def changed_rules() -> Iterator[Rules]:
    """Yield the rules with one of them taken away or changed."""
    rules = Rules()
    for number in range(len(rules.replacements)):
        rest = rules.replacements[:number] + rules.replacements[number + 1 :]
        yield replace(rules, replacements=rest)
    for number in range(len(rules.contractions)):
        rest = rules.contractions[:number] + rules.contractions[number + 1 :]
        yield replace(rules, contractions=rest)
    for number in range(len(rules.signs)):
        yield replace(rules, signs=rules.signs[:number] + rules.signs[number + 1 :])
    yield replace(rules, entities=())
    yield replace(rules, normalization="NFD")
    yield replace(rules, longest_run=3)
    yield replace(rules, longest_run=1)
    yield replace(rules, joined="")
    yield from (replace(rules, word=rf"\p{one}\p{two}") for one, two in ("LM", "LN", "MN"))
    for apart in (r"\p{Han}", r"\p{Hiragana}", r"\p{Katakana}", r"!", r"\x{2B50}", r"\x{2B55}"):
        yield replace(rules, apart=rules.apart.replace(apart, "", 1))


def test_a_tokenizer_that_lacks_any_one_rule_is_told_by_the_table() -> None:
    raw = [text.encode() if isinstance(text, str) else text for _, text in table_texts(9)]
    texts = pa.array([(one or b"").decode("utf-8", "replace") for one in raw], pa.large_string())
    expected, bounds = Rules().split(texts)
    for rules in changed_rules():
        tokens, offsets = rules.split(texts)
        assert not tokens.equals(expected) or offsets.tolist() != bounds.tolist(), rules
