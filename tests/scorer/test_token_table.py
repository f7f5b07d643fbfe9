"""The table of token ids in a model file: how it is read, shown and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from scorer import SentimentModel
from scorer.cli import cli
from scorer.errors import ModelRefused
from scorer.token_table import TABLE_KEY, TableRow, TokenTable
from tampered import with_metadata

TEXTS = ("It\u2019s good\u2028", None, b"caf\xe9", "<b>\u202e")


@pytest.fixture(scope="module")
def table(model: SentimentModel) -> TokenTable:
    tokenizer = model.card.tokenizer
    raw = [text.encode() if isinstance(text, str) else text for text in TEXTS]
    tokens = tokenizer.encode(pa.array(raw, pa.large_binary()))
    told = ("it's good", "", "caf", "")
    rows = [
        TableRow(
            of="words",
            text=text if isinstance(text, str) else None,
            hex=text.hex() if isinstance(text, bytes) else None,
            tokens=told[row],
            ids=tuple(tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]].tolist()),
        )
        for row, text in enumerate(TEXTS)
    ]
    return TokenTable(max_tokens=tokenizer.max_tokens, rows=tuple(rows))


def with_table(model: SentimentModel, folder: Path, table: str | None) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(with_metadata(model.file.content, {TABLE_KEY: table}))
    return path


def inspected(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["inspect", *map(str, arguments)])


def test_the_table_is_printed_as_json_lines_and_comes_back(
    model: SentimentModel, table: TokenTable, tmp_path: Path
) -> None:
    path = with_table(model, tmp_path, table.to_metadata())
    done = inspected(path, "--token-table")
    lines = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert [line["text"] for line in lines] == [TEXTS[0], None, None, TEXTS[3]]
    assert [line.get("hex") for line in lines] == [None, None, "636166e9", None]
    assert [tuple(line["ids"]) for line in lines] == [row.ids for row in table.rows]
    assert "\u202e" not in done.stdout
    assert TokenTable.from_metadata(SentimentModel.load(path).metadata) == table


def test_a_table_changes_no_score(model: SentimentModel, table: TokenTable, tmp_path: Path) -> None:
    other = SentimentModel.load(with_table(model, tmp_path, table.to_metadata()))
    assert other.score(TEXTS[:1]).tobytes() == model.score(TEXTS[:1]).tobytes()
    assert other.card == model.card


def test_a_file_of_before_holds_none_and_says_so(model: SentimentModel, tmp_path: Path) -> None:
    path = with_table(model, tmp_path, None)
    assert TokenTable.from_metadata(SentimentModel.load(path).metadata) is None
    done = inspected(path, "--token-table")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: inspecting the model {path}: it holds no table of token ids, a release before "
        "this one made it; export it again with this release\n"
    )


@pytest.mark.parametrize("name", ["default", "fast"])
def test_a_table_that_ships_is_what_the_tokenizer_gives(name: str) -> None:
    model = SentimentModel.load(name)
    table = TokenTable.from_metadata(model.metadata)
    rows = [] if table is None else table.rows
    tokens = model.card.tokenizer.encode(pa.array([row.raw for row in rows], pa.large_binary()))
    assert table is None or table.max_tokens == model.card.tokenizer.max_tokens
    for number, row in enumerate(rows):
        ids = tokens.ids[tokens.offsets[number] : tokens.offsets[number + 1]]
        assert row.ids == tuple(ids[-tokens.max_tokens :].tolist()), row


ROW = '{"of":"words","text":null,"tokens":"","ids":[]}'


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ("{", "it is garbled: Expecting property name"),
        ("[]", "it is garbled: token_table is [], not an object"),
        ('{"version":2}', "version 2 was found, this release reads version 1"),
        (ROW.replace('""', '"good"'), "it is garbled: a text has 1 tokens and 0 ids"),
        (ROW.replace(',"tok', ',"hex":"zz","tok'), "it is garbled: the bytes 'zz' are not in hex"),
        ("[" * 100_000, "it is garbled: "),
    ],
)
def test_a_garbled_table_is_refused_when_it_is_asked_for(stored: str, message: str) -> None:
    if stored.startswith('{"of"'):
        stored = (
            '{"format":"review-sentiment-token-table","version":1,"max_tokens":9,'
            f'"rows":[{ROW},{stored}]}}'
        )
    with pytest.raises(ModelRefused, match="reading the table of token ids: ") as refused:
        TokenTable.from_metadata({TABLE_KEY: stored})
    assert message in str(refused.value)


def test_two_ways_to_print_are_refused() -> None:
    done = inspected("fast", "--json", "--token-table")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: --json and --token-table print different things")
