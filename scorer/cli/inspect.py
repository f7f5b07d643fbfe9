"""``scorer inspect``: what a model file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scorer.console import show
from scorer.errors import UsageError
from scorer.system.escape import json_text

if TYPE_CHECKING:
    from scorer.model import SentimentModel


@click.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON, golden examples and tokenizer rules included.",
)
@click.option(
    "--token-table",
    is_flag=True,
    help="Print its table of texts and token ids, a JSON object a line: to test another tokenizer.",
)
def inspect(model: str | None, as_json: bool, token_table: bool) -> None:
    """Show what a model file holds: where it comes from, what it reached, its hash."""
    if as_json and token_table:
        raise UsageError("--json and --token-table print different things; give one of them")
    from scorer.model import SentimentModel
    from scorer.reports.model import model_json, model_text

    loaded = SentimentModel.load(model)
    if token_table:
        _show_table(loaded)
    elif as_json:
        show(json_text(model_json(loaded), indent=1))
    else:
        show(model_text(loaded))


def _show_table(model: SentimentModel) -> None:
    from scorer.system.records import to_json
    from scorer.token_table import TokenTable

    table = TokenTable.from_metadata(model.metadata)
    if table is None:
        raise UsageError(
            f"inspecting the model {model.name}: it holds no table of token ids, a release before "
            "this one made it; export it again with this release"
        )
    for row in table.rows:
        show(json_text(to_json(row)))
