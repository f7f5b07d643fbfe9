"""The commands of the trainer: thin, each calls a plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer._version import __version__
from scorer.command import CommandGroup, import_quietly, say
from trainer.settings import PRESETS, Settings, preset

if TYPE_CHECKING:
    from trainer.artifact import RunFolder


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


GROUP_OPTION = click.option(
    "--group-column", metavar="NAME", help="Column that tells what a review is about: those of one product are held out together."
)
HELD_OUT_OPTION = click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Share that is held out.",
)
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
@click.option("--unlabeled", type=click.Path(path_type=Path), help="Further reviews, without labels, to learn from through --teacher.")
@click.option(
    "--teacher",
    "teacher_dirs",
    metavar="RUN_DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labels them; repeatable.",
)
@click.option("--resume", is_flag=True, help="Go on after the last finished epoch of an interrupted run in --out.")
@column_options
@GROUP_OPTION
@settings_options
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
    """Train on labelled reviews; leave a run folder.

    DATA is a Parquet or CSV file with a text and a label column (0 and 1, neg and pos, or negative and positive), a folder
    of such files, an aclImdb folder or .tar.gz, or `imdb`, the reviews that Keras downloads.
    Defaults of settings are those of the preset `default`.
    """
    settings = preset(preset_name, **changes)
    from trainer.sources import read_reviews, read_texts
    from trainer.teacher import open_teachers

    teachers = open_teachers(teacher_dirs, unlabeled=unlabeled is not None)
    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    unlabeled_texts = None if unlabeled is None else read_texts(unlabeled, text_column)
    test_reviews = None if test is None else read_reviews(test, text_column, label_column, part="test")
    say(f"read {len(reviews)} reviews from {data}; starting Keras")
    import_quietly("keras")
    from trainer.training import fit as fit_network
    from trainer.watching import StepLine

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
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run folder to make.")
@click.option("--test", type=click.Path(path_type=Path), help="Labelled reviews to report on when the run is done.")
@click.option("--vocabulary", type=click.IntRange(1), default=60_000, show_default=True, help="Words that the model knows.")
@HELD_OUT_OPTION
@column_options
@GROUP_OPTION
def linear(
    data: Path,
    out: Path,
    test: Path | None,
    vocabulary: int,
    held_out: float,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
) -> None:
    """Fit the linear model that people would use instead: a yardstick for networks, and their first teacher."""
    from trainer.linear_training import LinearSettings, train_linear
    from trainer.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    test_reviews = None if test is None else read_reviews(test, text_column, label_column, part="test")
    settings = LinearSettings(vocabulary=vocabulary, held_out=held_out)
    _show(train_linear(reviews, settings, out, test=test_reviews, say=say))


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--unlabeled", required=True, type=click.Path(path_type=Path), help="The reviews that it is to label.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run folder to make.")
@click.option("--vocabulary", type=click.IntRange(1), default=60_000, show_default=True, help="Words that n-grams are made of.")
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True, help="Passes over all reviews.")
@HELD_OUT_OPTION
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the vectors before the first pass.")
@click.option("--resume", is_flag=True, help="Go on after the passes that an interrupted run in --out has kept.")
@column_options
@GROUP_OPTION
def documents(
    data: Path,
    unlabeled: Path,
    out: Path,
    vocabulary: int,
    epochs: int,
    held_out: float,
    seed: int,
    resume: bool,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
) -> None:
    """Learn a vector of each review, labelled or not: a teacher for those reviews, and for no others."""
    from trainer.documents_training import DocumentSettings, train_documents
    from trainer.sources import read_reviews, read_texts

    reviews = read_reviews(data, text_column, label_column, group_column=group_column)
    settings = DocumentSettings(vocabulary=vocabulary, epochs=epochs, held_out=held_out, seed=seed)
    _show(train_documents(reviews, read_texts(unlabeled, text_column), settings, out, resume=resume, say=say))


def _show(run: RunFolder) -> None:
    from trainer.evaluation import metrics_table

    click.echo(metrics_table({name.replace("_", " "): run.metrics[name] for name in ("held_out", "test") if name in run.metrics}))
    say(f"wrote {run.path}")


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@column_options
def evaluate(run_dir: Path, data: Path, text_column: str | None, label_column: str | None) -> None:
    """Measure the model of the run folder RUN_DIR on the labelled reviews DATA."""
    from trainer.sources import read_reviews

    reviews = read_reviews(data, text_column, label_column, part="test")
    import_quietly("keras")
    from trainer.artifact import RunFolder
    from trainer.evaluation import evaluate as evaluate_scores
    from trainer.evaluation import metrics_table

    run = RunFolder.open(run_dir)
    evaluation = evaluate_scores(run.predict(reviews.texts), reviews)
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
