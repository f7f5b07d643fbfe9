"""The commands of the trainer; each calls one plain function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer._version import __version__
from scorer.console import HELP_OPTIONS, CommandGroup, import_quietly, say, show, tell
from trainer.report import EXAMPLES, FEW_REVIEWS
from trainer.settings import (
    PRESETS,
    AdaptSettings,
    DocumentSettings,
    LinearSettings,
    RunSettings,
    Settings,
    option_name,
    preset,
)

if TYPE_CHECKING:
    from scorer.card import Metrics
    from trainer.data.reviews import Reviews
    from trainer.data.soft_reviews import SoftReviews
    from trainer.data.tables import Layout
    from trainer.data.unlabeled import Unlabeled
    from trainer.measure.metrics import Evaluation
    from trainer.run.folder import RunFolder

Command = Callable[..., None]
Option = Callable[[Command], Command]

PATH = click.Path(path_type=Path)
DATA = click.argument("data", metavar="DATA...", nargs=-1, required=True, type=PATH)
OUT = click.option("--out", required=True, type=PATH, help="The run folder to make.")
TEST = click.option(
    "--test",
    "tests",
    metavar="DATA",
    multiple=True,
    type=PATH,
    help="Labelled reviews to report on when the run is done; repeatable.",
)
GROUP_COLUMN = click.option(
    "--group-column",
    metavar="NAME",
    help="Column with the product that a review is about; the reviews of one product are held out "
    "together.",
)
DOMAIN_COLUMN = click.option(
    "--domain-column",
    metavar="NAME",
    help="Column with the domain of a review, for the split and the figures. Of several DATA, one "
    "without it is a domain, named by its file.  [default: domain, if there is one]",
)
HELD_OUT_COLUMN = click.option(
    "--held-out-column",
    metavar="NAME",
    help="Column of 0 and 1: the rows with 1 are held out, in place of a fraction.",
)
LEAVE_OUT = click.option(
    "--leave-out",
    metavar="DOMAIN",
    multiple=True,
    help="Domain to learn nothing from, and to be measured on when the run is done; repeatable.",
)
PRESET = click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Settings to start from.",
)
TABLE_OPTIONS = (
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
    click.option(
        "--labels",
        metavar="'positive=… negative=…'",
        help="Values of the labels, such as 'positive=4,5 negative=1,2'; rows with another "
        "value are left out, and counted.  [default: 0 and 1, neg and pos, …]",
    ),
    click.option(
        "--encoding", metavar="NAME", help="Encoding of CSV and JSON Lines.  [default: utf-8]"
    ),
)
# The options above and those of columns, which together make a layout.
LAYOUT = (
    "text_column",
    "label_column",
    "labels",
    "encoding",
    "group_column",
    "domain_column",
    "held_out_column",
)
# Column with the id of a labelled review, which the groups of soft labels may name.
REVIEW_ID = "review_id"
NUMBERS = {"int": int, "float": float}
# The most reviews of each label that a page of a run shows.
MOST_EXAMPLES = 1000


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


def layout_options(*further: Option) -> Callable[[Command], Command]:
    """Add the options that say how the tables are laid out; the command takes them as ``layout``.

    Args:
        further: options of some commands only, whose names are those of attributes of the layout.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_layout(**values: Any) -> None:
            given = {name: values.pop(name, None) for name in LAYOUT}
            command(**values, layout=_layout(**given))

        return _decorated(with_layout, [*TABLE_OPTIONS, *further])

    return decorate


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
    "--soft-labels",
    "soft_files",
    metavar="FILE",
    multiple=True,
    type=PATH,
    help="Parquet file of texts that another model labelled: columns text, probability (of "
    "positive) and, where wanted, group (the review_id or --group-column value of the review that "
    "a text is cut from) and domain; repeatable.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on after the last finished epoch of an interrupted run in --out.",
)
@click.option(
    "--wide-folder",
    metavar="FOLDER",
    type=PATH,
    help="Where the fit of the wide branch is kept: runs that differ in the network only take it "
    "up.  [default: it goes with the unfinished run]",
)
@layout_options(GROUP_COLUMN, DOMAIN_COLUMN, HELD_OUT_COLUMN)
@LEAVE_OUT
@PRESET
@settings_options(Settings)
def fit(
    data: tuple[Path, ...],
    out: Path,
    tests: tuple[Path, ...],
    unlabeled: Path | None,
    teacher_dirs: tuple[Path, ...],
    soft_files: tuple[Path, ...],
    resume: bool,
    wide_folder: Path | None,
    layout: Layout,
    leave_out: tuple[str, ...],
    preset_name: str,
    **changes: Any,
) -> None:
    """Train a network on labelled reviews; leave a run folder.

    DATA is a file of Parquet, CSV or JSON Lines with a text and a label column (0 and 1, neg and
    pos, negative and positive, or what --labels says), a folder of such files, an aclImdb folder or
    .tar.gz, or `imdb`, the reviews that Keras downloads; there may be several. Defaults of settings
    are those of the preset `default`.
    """
    settings = preset(preset_name, **changes)
    from trainer.fit.soft_labels import open_teachers

    teachers = open_teachers(teacher_dirs, unlabeled=unlabeled is not None)
    soft = _read_soft(soft_files)
    layout = layout if soft is None else replace(layout, id_column=REVIEW_ID)
    reviews = _read_training(data, layout)
    others = None if unlabeled is None else _read_unlabeled(unlabeled, layout, leave_out)
    test_reviews = _read_tests(tests, layout)
    say(f"read {len(reviews)} reviews from {', '.join(map(str, data))}; starting Keras")
    import_quietly("trainer.quiet")
    from trainer.fit.network import fit as fit_network
    from trainer.fit.step_line import StepLine

    run = fit_network(
        reviews,
        settings,
        out,
        unlabeled=None if others is None else others.texts,
        unlabeled_ids=None if others is None else others.ids,
        teachers=teachers,
        soft=soft,
        leave_out=leave_out,
        test=test_reviews,
        resume=resume,
        wide_folder=wide_folder,
        say=say,
        callbacks=[StepLine()],
    )
    _show(run)


@cli.command()
@DATA
@OUT
@TEST
@settings_options(LinearSettings)
@layout_options(GROUP_COLUMN, DOMAIN_COLUMN, HELD_OUT_COLUMN)
@LEAVE_OUT
def linear(
    data: tuple[Path, ...],
    out: Path,
    tests: tuple[Path, ...],
    layout: Layout,
    leave_out: tuple[str, ...],
    **changes: Any,
) -> None:
    """Fit a linear model: what people would use instead of a network, and its first teacher."""
    settings = LinearSettings().changed(changes)
    from trainer.fit.linear import fit_linear

    reviews = _read_training(data, layout)
    test_reviews = _read_tests(tests, layout)
    _show(fit_linear(reviews, settings, out, leave_out=leave_out, test=test_reviews, say=say))


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
@layout_options(GROUP_COLUMN, DOMAIN_COLUMN, HELD_OUT_COLUMN)
def documents(
    data: tuple[Path, ...],
    unlabeled: Path,
    out: Path,
    resume: bool,
    layout: Layout,
    **changes: Any,
) -> None:
    """Fit a vector of each review, labelled or not: a teacher for these reviews and no others."""
    settings = DocumentSettings().changed(changes)
    from trainer.data.sources import read_texts
    from trainer.fit.documents import fit_documents

    reviews = _read_training(data, layout)
    texts = read_texts(unlabeled, _without_split(layout))
    _show(fit_documents(reviews, texts, settings, out, resume=resume, say=say))


@cli.command()
@click.argument("model", type=PATH)
@DATA
@OUT
@TEST
@settings_options(AdaptSettings)
@layout_options(GROUP_COLUMN, DOMAIN_COLUMN, HELD_OUT_COLUMN)
def adapt(
    model: Path,
    data: tuple[Path, ...],
    out: Path,
    tests: tuple[Path, ...],
    layout: Layout,
    **changes: Any,
) -> None:
    """Adapt MODEL to labelled reviews of your own: 500 are enough, and it takes a minute.

    MODEL is a model file, the name of a model that ships, or a run folder. Its calibration and the
    weights of its words are fitted anew; its LSTM and its vocabulary stay.

    \b
    Example:
      trainer adapt default mine.parquet --out runs/mine
    """
    settings = AdaptSettings().changed(changes)
    reviews = _read_training(data, layout)
    test_reviews = _read_tests(tests, layout)
    say(f"read {len(reviews)} reviews from {', '.join(map(str, data))}; starting Keras")
    import_quietly("trainer.quiet")
    from trainer.fit.adapt import adapt as adapt_model
    from trainer.fit.base import open_base
    from trainer.measure.evaluation import evaluate as evaluate_scores

    base = open_base(model)
    run = adapt_model(base, reviews, settings.held_out, out, test=test_reviews, say=say)
    sets = {"held out": run.held_out()}
    if test_reviews is not None:
        sets["test"] = test_reviews
    before = {name: evaluate_scores(base.predict(one.texts), one) for name, one in sets.items()}
    _show(run, before)


@cli.command()
@click.argument("run_dir", type=PATH)
@DATA
@layout_options(DOMAIN_COLUMN)
def evaluate(
    run_dir: Path,
    data: tuple[Path, ...],
    layout: Layout,
) -> None:
    """Measure the model of the run folder RUN_DIR on the labelled reviews DATA."""
    reviews = _read(data, layout, "test")
    import_quietly("trainer.quiet")
    from scorer.card import ByDomain
    from trainer.measure.domains import measure_domains, tells_several
    from trainer.measure.evaluation import evaluate as evaluate_scores
    from trainer.measure.metrics import rounded
    from trainer.run.compare import metrics_column, metrics_table
    from trainer.run.domain_table import domain_table
    from trainer.run.folder import RunFolder

    run = RunFolder.open(run_dir)
    scores = run.predict(reviews.texts)
    evaluation = evaluate_scores(scores, reviews)
    metrics = rounded(evaluation.metrics)
    show(metrics_table({reviews.name: metrics_column(metrics, evaluation.intervals)}))
    by_domain = ByDomain(test=measure_domains(scores, reviews))
    if tells_several(by_domain):
        show(domain_table(by_domain))
    if evaluation.without_text:
        say(f"{evaluation.without_text} reviews without text have no score and are left out")
    _warn_of_few({reviews.name: metrics})


@cli.command()
@click.argument("run_dirs", metavar="RUN_DIR...", nargs=-1, required=True, type=PATH)
def compare(run_dirs: tuple[Path, ...]) -> None:
    """Put runs side by side: the settings in which they differ, and what they reached."""
    from trainer.run.compare import compare as compare_runs
    from trainer.run.domain_table import compare_domains
    from trainer.run.folder import RunFolder

    runs = [RunFolder.open(run_dir) for run_dir in run_dirs]
    show(compare_runs(runs))
    by_domain = compare_domains(runs)
    if by_domain is not None:
        show(by_domain)


@cli.command()
@click.argument("run_dir", type=PATH)
@click.option("--out", type=PATH, help="The page to write.  [default: report.html in RUN_DIR]")
@click.option(
    "--examples",
    metavar="N",
    type=click.IntRange(0, MOST_EXAMPLES),
    default=EXAMPLES,
    show_default=True,
    help="Reviews of each label to show that the run got wrong with the greatest confidence.",
)
def report(run_dir: Path, out: Path | None, examples: int) -> None:
    """Write a page of what the finished run in RUN_DIR reached, for a browser.

    The page holds all that it shows. It needs no network, and can be sent as it is; with --examples
    0 it holds no review.

    \b
    Example:
      trainer report runs/first --examples 0
    """
    from trainer.report.file import write_report
    from trainer.run.folder import RunFolder

    say(f"wrote {write_report(RunFolder.open(run_dir), out, examples)}")


def _layout(labels: str | None, encoding: str | None, **columns: Any) -> Layout:
    """Return what the options of :func:`layout_options` say."""
    from trainer.data.label_map import LabelMap
    from trainer.data.tables import Layout

    layout = Layout(**columns)
    if labels is not None:
        layout = replace(layout, labels=LabelMap.parse(labels))
    return layout if encoding is None else replace(layout, encoding=encoding)


def _read(sources: Sequence[Path], layout: Layout, part: str = "train") -> Reviews:
    from trainer.data.several import read_several

    return read_several(sources, layout, part, say)


def _read_training(sources: Sequence[Path], layout: Layout) -> Reviews:
    return replace(_read(sources, layout), options=layout.options())


def _read_tests(sources: Sequence[Path], layout: Layout) -> Reviews | None:
    """Read reviews to report on, if there are any."""
    return _read(sources, _without_split(layout), "test") if sources else None


def _without_split(layout: Layout) -> Layout:
    """Return a layout of tables of which nothing is held out."""
    return replace(layout, group_column=None, held_out_column=None)


def _read_unlabeled(source: Path, layout: Layout, leave_out: Sequence[str]) -> Unlabeled:
    from trainer.data.sources import read_unlabeled

    unlabeled = read_unlabeled(source, _without_split(layout))
    if not leave_out:
        return unlabeled
    if not unlabeled.domains.is_valid().true_count:
        say(f"{source} tells of no domains, so none is left out of it")
    kept = unlabeled.without(leave_out)
    count = len(unlabeled.texts) - len(kept.texts)
    if count:
        say(f"{source}: left out {count:,} of {len(unlabeled.texts):,} reviews by their domain")
    return kept


def _read_soft(paths: Sequence[Path]) -> SoftReviews | None:
    from trainer.data.soft_reviews import SoftReviews, read_soft_reviews

    parts = [read_soft_reviews(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        for line in part.reading.lines():
            say(f"{path}: {line}")
    return SoftReviews.concatenate(parts) if parts else None


def _show(run: RunFolder, before: Mapping[str, Evaluation] | None = None) -> None:
    """Tell what a run reached, beside what its base gave for the same reviews."""
    from scorer.card import how_measured
    from trainer.measure.metrics import rounded
    from trainer.run.compare import metrics_column, metrics_table
    from trainer.run.domain_table import domain_table

    metrics = run.metrics
    parts = {
        "held out": (metrics.held_out, metrics.held_out_intervals),
        "left out": (metrics.left_out, metrics.left_out_intervals),
        "test": (metrics.test, metrics.test_intervals),
    }
    measured = {name: part for name, (part, _) in parts.items() if part is not None}
    columns = {}
    for name, part in measured.items():
        if before is not None:
            was = before[name]
            columns[f"{name} before"] = metrics_column(rounded(was.metrics), was.intervals)
        title = name if before is None else f"{name} after"
        columns[title] = metrics_column(part, parts[name][1])
    tell(*metrics_table(columns).split("\n"))
    if metrics.domains is not None:
        tell(*domain_table(metrics.domains).split("\n"))
    why = "" if metrics.held_out_folds else ": too few of them have one of the labels"
    say(f"the figures on the held-out reviews are {how_measured(metrics.held_out_folds)}{why}")
    _warn_of_few(measured)
    say(f"wrote {run.path}")


def _warn_of_few(measured: Mapping[str, Metrics]) -> None:
    for name, metrics in measured.items():
        if metrics.reviews < FEW_REVIEWS:
            say(
                f"{name}: {metrics.reviews} reviews are few, and the figures may be anything in "
                "their 95% intervals; measure on more"
            )
