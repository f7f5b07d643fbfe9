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
            help=f"{one.metadata['help'][:1].upper()}{one.metadata['help'][1:]}.  [default: {one.default}]",
        )(command)
    return click.option(
        "--preset", "preset_name", type=click.Choice(list(PRESETS)), default="default", show_default=True, help="Settings to start from."
    )(command)


COLUMN_OPTIONS = (
    click.option("--text-column", metavar="NAME", help="Column with the reviews.  [default: review, text, body, …]"),
    click.option("--label-column", metavar="NAME", help="Column with the labels.  [default: label, sentiment, target, …]"),
)


def column_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name the columns of a table."""
    for option in reversed(COLUMN_OPTIONS):
        command = option(command)
    return command


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run folder to make.")
@click.option("--test", type=click.Path(path_type=Path), help="Labelled reviews to report on when the run is done.")
@click.option("--resume", is_flag=True, help="Go on after the last finished epoch of an interrupted run in --out.")
@column_options
@settings_options
def fit(
    data: Path,
    out: Path,
    test: Path | None,
    resume: bool,
    text_column: str | None,
    label_column: str | None,
    preset_name: str,
    **changes: Any,
) -> None:
    """Train on labelled reviews; leave a run folder.

    DATA is a Parquet or CSV file with a text and a label column (0 and 1, neg and pos, or negative and positive), a folder
    of such files, an aclImdb folder or .tar.gz, or `imdb`, the reviews that Keras downloads.
    Defaults of settings are those of the preset `default`.
    """
    settings = preset(preset_name, **changes)
    from trainer.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column)
    test_reviews = None if test is None else read_reviews(test, text_column, label_column, part="test")
    say(f"read {len(reviews)} reviews from {data}; starting Keras")
    import_quietly("keras")
    from trainer.evaluation import metrics_table
    from trainer.training import fit as fit_network
    from trainer.watching import StepLine

    run = fit_network(reviews, settings, out, test=test_reviews, resume=resume, say=say, callbacks=[StepLine()])
    click.echo(metrics_table({name.replace("_", " "): run.metrics[name] for name in ("held_out", "test") if name in run.metrics}))
    say(f"wrote {out}")


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@column_options
def evaluate(run_dir: Path, data: Path, text_column: str | None, label_column: str | None) -> None:
    """Measure the network of the run folder RUN_DIR on the labelled reviews DATA."""
    from trainer.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column, part="test")
    import_quietly("keras")
    from trainer.artifact import RunFolder
    from trainer.evaluation import evaluate as evaluate_network
    from trainer.evaluation import metrics_table

    run = RunFolder.open(run_dir)
    evaluation = evaluate_network(run.network(), run.tokenizer, reviews)
    click.echo(metrics_table({reviews.name: evaluation.metrics.to_dict()}))
    if evaluation.without_text:
        say(f"{evaluation.without_text} reviews without text have no score and are left out")


@cli.command()
@click.argument("run_dirs", metavar="RUN_DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
def compare(run_dirs: tuple[Path, ...]) -> None:
    """Put runs side by side: the settings in which they differ, and what they reached."""
    import_quietly("keras")
    from trainer.artifact import RunFolder
    from trainer.evaluation import compare as compare_runs

    click.echo(compare_runs([RunFolder.open(run_dir) for run_dir in run_dirs]))
