"""The commands of the trainer; each calls one plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer._version import __version__
from scorer.console import HELP_OPTIONS, CommandGroup, import_quietly, say, show, tell
from trainer.settings import (
    PRESETS,
    DocumentSettings,
    LinearSettings,
    RunSettings,
    Settings,
    option_name,
    preset,
)

if TYPE_CHECKING:
    from trainer.run.folder import RunFolder

Command = Callable[..., None]

PATH = click.Path(path_type=Path)
DATA = click.argument("data", type=PATH)
OUT = click.option("--out", required=True, type=PATH, help="The run folder to make.")
TEST = click.option("--test", type=PATH, help="Labelled reviews to report on when the run is done.")
GROUP_COLUMN = click.option(
    "--group-column",
    metavar="NAME",
    help="Column with the product that a review is about; the reviews of one product are held out "
    "together.",
)
PRESET = click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Settings to start from.",
)
NUMBERS = {"int": int, "float": float}


@click.group(cls=CommandGroup, context_settings=HELP_OPTIONS)
@click.version_option(__version__, prog_name="trainer")
def cli() -> None:
    """Fit a Keras LSTM on labelled reviews.

    \b
    Example:
      trainer fit reviews.parquet --out runs/first
    """


def settings_options(kind: type[RunSettings]) -> Callable[[Command], Command]:
    """Add an option for each setting. Its value is None if it isn't given."""
    options = [_option(one) for one in fields(kind) if "help" in one.metadata]
    return lambda command: _decorated(command, options)


def column_options(command: Command) -> Command:
    """Add the options that name the columns of a table."""
    return _decorated(
        command,
        [
            click.option(
                "--text-column",
                metavar="NAME",
                help="Column with the reviews.  [default: review, text, body, …]",
            ),
            click.option(
                "--label-column",
                metavar="NAME",
                help="Column with the labels.  [default: label, sentiment, target, …]",
            ),
        ],
    )


def _option(one: Field[Any]) -> Callable[[Command], Command]:
    """Return the option of a setting, with the default and the limits of its dataclass."""
    name, limits = option_name(one.name), one.metadata["limits"]
    facts = "; ".join(filter(None, [f"default: {one.default}", str(limits)]))
    return click.option(
        f"{name}/--no-{name.removeprefix('--')}" if one.type == "bool" else name,
        default=None,
        type=click.Choice(limits.choices) if limits.choices else NUMBERS.get(str(one.type)),
        help=f"{one.metadata['help']}  [{facts}]",
    )


def _decorated(command: Command, options: list[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@DATA
@OUT
@TEST
@click.option(
    "--unlabeled",
    type=PATH,
    help="Further reviews without labels, to learn from through --teacher.",
)
@click.option(
    "--teacher",
    "teacher_dirs",
    metavar="RUN_DIR",
    multiple=True,
    type=PATH,
    help="Finished run that labels the unlabeled reviews; repeatable.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on after the last finished epoch of an interrupted run in --out.",
)
@column_options
@GROUP_COLUMN
@PRESET
@settings_options(Settings)
def fit(
    data: Path,
    out: Path,
    test: Path | None,
    unlabeled: Path | None,
    teacher_dirs: tuple[Path, ...],
    resume: bool,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
    preset_name: str,
    **changes: Any,
) -> None:
    """Train a network on labelled reviews; leave a run folder.

    DATA is a Parquet or CSV file with a text and a label column (0 and 1, neg and pos, or negative
    and positive), a folder of such files, an aclImdb folder or .tar.gz, or `imdb`, the reviews that
    Keras downloads. Defaults of settings are those of the preset `default`.
    """
    settings = preset(preset_name, **changes)
    from trainer.data.sources import read_reviews, read_texts
    from trainer.fit.soft_labels import open_teachers

    teachers = open_teachers(teacher_dirs, unlabeled=unlabeled is not None)
    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    unlabeled_texts = None if unlabeled is None else read_texts(unlabeled, text_column)
    test_reviews = None
    if test is not None:
        test_reviews = read_reviews(test, text_column, label_column, part="test")
    say(f"read {len(reviews)} reviews from {data}; starting Keras")
    import_quietly("trainer.quiet")
    from trainer.fit.network import fit as fit_network
    from trainer.fit.step_line import StepLine

    run = fit_network(
        reviews,
        settings,
        out,
        unlabeled=unlabeled_texts,
        teachers=teachers,
        test=test_reviews,
        resume=resume,
        say=say,
        callbacks=[StepLine()],
    )
    _show(run)


@cli.command()
@DATA
@OUT
@TEST
@settings_options(LinearSettings)
@column_options
@GROUP_COLUMN
def linear(
    data: Path,
    out: Path,
    test: Path | None,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
    **changes: Any,
) -> None:
    """Fit a linear model: what people would use instead of a network, and its first teacher."""
    settings = LinearSettings().changed(changes)
    from trainer.data.sources import read_reviews
    from trainer.fit.linear import fit_linear

    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    test_reviews = None
    if test is not None:
        test_reviews = read_reviews(test, text_column, label_column, part="test")
    _show(fit_linear(reviews, settings, out, test=test_reviews, say=say))


@cli.command()
@DATA
@click.option("--unlabeled", required=True, type=PATH, help="The reviews to label.")
@OUT
@settings_options(DocumentSettings)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on after the last kept pass of an interrupted run in --out.",
)
@column_options
@GROUP_COLUMN
def documents(
    data: Path,
    unlabeled: Path,
    out: Path,
    resume: bool,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
    **changes: Any,
) -> None:
    """Fit a vector of each review, labelled or not: a teacher for these reviews and no others."""
    settings = DocumentSettings().changed(changes)
    from trainer.data.sources import read_reviews, read_texts
    from trainer.fit.documents import fit_documents

    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    texts = read_texts(unlabeled, text_column)
    _show(fit_documents(reviews, texts, settings, out, resume=resume, say=say))


@cli.command()
@click.argument("run_dir", type=PATH)
@DATA
@column_options
def evaluate(run_dir: Path, data: Path, text_column: str | None, label_column: str | None) -> None:
    """Measure the model of the run folder RUN_DIR on the labelled reviews DATA."""
    from trainer.data.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column, part="test")
    import_quietly("trainer.quiet")
    from trainer.measure.evaluation import evaluate as evaluate_scores
    from trainer.measure.metrics import rounded
    from trainer.run.compare import metrics_column, metrics_table
    from trainer.run.folder import RunFolder

    run = RunFolder.open(run_dir)
    evaluation = evaluate_scores(run.predict(reviews.texts), reviews)
    show(metrics_table({reviews.name: metrics_column(rounded(evaluation.metrics))}))
    if evaluation.without_text:
        say(f"{evaluation.without_text} reviews without text have no score and are left out")


@cli.command()
@click.argument("run_dirs", metavar="RUN_DIR...", nargs=-1, required=True, type=PATH)
def compare(run_dirs: tuple[Path, ...]) -> None:
    """Put runs side by side: the settings in which they differ, and what they reached."""
    from trainer.run.compare import compare as compare_runs
    from trainer.run.folder import RunFolder

    show(compare_runs([RunFolder.open(run_dir) for run_dir in run_dirs]))


def _show(run: RunFolder) -> None:
    from trainer.run.compare import metrics_column, metrics_table

    parts = {"held out": run.metrics.held_out, "test": run.metrics.test}
    columns = {name: metrics_column(one) for name, one in parts.items() if one is not None}
    tell(*metrics_table(columns).split("\n"))
    say(f"wrote {run.path}")
