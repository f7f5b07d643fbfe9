"""``scorer inspect``: what a model file holds."""

from __future__ import annotations

import click

from scorer.console import show
from scorer.system.escape import json_text


@click.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON, golden examples and tokenizer rules included.",
)
def inspect(model: str | None, as_json: bool) -> None:
    """Show what a model file holds: where it comes from, what it reached, its hash."""
    from scorer.model import SentimentModel
    from scorer.reports.model import model_json, model_text

    loaded = SentimentModel.load(model)
    if as_json:
        show(json_text(model_json(loaded), indent=1))
    else:
        show(model_text(loaded))
