"""The commands of the trainer: thin, each calls a plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from scorer._version import __version__
from scorer.command import CommandGroup, import_quietly, say
from trainer.settings import PRESETS, Settings, preset


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trainer")
def cli() -> None:
    """Fit a Keras LSTM on labelled reviews.

    \b
    Example:
      trainer fit reviews.parquet --out runs/first
    """


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each setting; those that aren't given keep the preset's value."""
    for one in reversed(fields(Settings)):
        if one.name == "preset":
            continue
        name = one.name.replace("_", "-")
        flag = one.type == "bool"
        kind = (
            click.Choice(one.metadata["choices"])
            if "choices" in one.metadata
            else {"int": int, "float": float, "bool": None}[str(one.type)]
        )
        command = click.option(
            f"--{name}/--no-{name}" if flag else f"--{name}",
            default=None,
            type=kind,
            help=f"{one.metadata['help'].capitalize()}.  [default: {one.default}]",
        )(command)
    return click.option(
        "--preset", "preset_name", type=click.Choice(list(PRESETS)), default="default", show_default=True, help="Settings to start from."
    )(command)


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run folder to make.")
@click.option("--resume", is_flag=True, help="Go on after the last finished epoch of an interrupted run in --out.")
@click.option("--text-column", metavar="NAME", help="Column with the reviews.  [default: review, text, body, …]")
@click.option("--label-column", metavar="NAME", help="Column with the labels.  [default: label, sentiment, target, …]")
@settings_options
def fit(data: Path, out: Path, resume: bool, text_column: str | None, label_column: str | None, preset_name: str, **changes: Any) -> None:
    """Train on DATA: a Parquet or CSV file with a text and a label column, or a folder of such files.

    Labels are 0 and 1, neg and pos, or negative and positive. Defaults of settings are those of the preset `default`.
    """
    settings = preset(preset_name, **changes)
    from trainer.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column)
    say(f"read {len(reviews)} reviews from {data}; starting Keras")
    import_quietly("keras")
    from trainer.training import fit as fit_network
    from trainer.watching import StepLine

    run = fit_network(reviews, settings, out, resume=resume, say=say, callbacks=[StepLine()])
    held_out = run.metrics["held_out"]
    click.echo(f"{out}: held out: accuracy {held_out['accuracy']:.4f}, AUC {held_out['auc']:.4f}, log loss {held_out['log_loss']:.4f}")
