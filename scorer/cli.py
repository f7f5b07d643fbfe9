"""The commands of the scorer: thin, each calls a plain function. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer._version import __version__
from scorer.command import LOG_FORMATS, CommandGroup, log_as, log_is_json, say
from scorer.errors import JobFailed

if TYPE_CHECKING:
    from scorer.job import Options
    from scorer.model import SentimentModel
    from scorer.plan import Task
    from scorer.result import FileResult, JobResult

# Those that Parquet has and pyarrow writes.
COMPRESSIONS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")

MODEL_OPTION = click.option("--model", metavar="FILE", help="Model file, or the name of one that ships.  [default: default]")


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scorer")
def cli() -> None:
    """Score the sentiment of reviews.

    \b
    Examples:
      scorer demo
      scorer text "I loved every minute of it."
      scorer run reviews.parquet scored.parquet
    """


def _log_format(context: click.Context, parameter: click.Parameter, value: str) -> None:
    log_as(value)


def _kept_columns(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...] | None:
    """Read ``all``, ``none`` or names with commas between them."""
    if value == "all":
        return None
    return () if value == "none" else tuple(value.split(","))


def _sha256(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise click.BadParameter(f"{value!r} is not a SHA-256, 64 hexadecimal digits; 'scorer inspect' shows a model's")
    return value


def _in_a_folder(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Check now that a file can be written later: after a night's work is late for a slip of the pen."""
    if value is not None and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent} to write {value.name} in; make it first")
    return value


TARGET_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@cli.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.argument("output", metavar="OUTPUT")
@MODEL_OPTION
@click.option("--model-sha256", metavar="HEX", callback=_sha256, help="Refuse a model with another hash.")
@click.option(
    "--text-column", metavar="NAME", help="Column with the reviews.  [default: review, text, body, comment, content, or the only one]"
)
@click.option(
    "--keep", metavar="all|none|COLUMN,…", default="all", show_default=True, callback=_kept_columns, help="Columns carried into the output."
)
@click.option("--prefix", metavar="TEXT", default="", help="Put before the names of the new columns.")
@click.option("--compression", type=click.Choice(COMPRESSIONS), help="Of the output.  [default: each column's own in the input]")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that score.  [default: the cores of this process]")
@click.option("--force", is_flag=True, help="Score anew, and replace a file that scorer didn't write.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and why; change nothing.")
@click.option("--report", metavar="FILE", type=TARGET_FILE, callback=_in_a_folder, help="Write what the run met and took as JSON.")
@click.option("--metrics-file", metavar="FILE", type=TARGET_FILE, callback=_in_a_folder, help="Write it as a Prometheus textfile.")
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_log_format,
    help="Of stderr.",
)
def run(
    inputs: tuple[str, ...],
    output: str,
    model: str | None,
    model_sha256: str | None,
    dry_run: bool,
    report: Path | None,
    metrics_file: Path | None,
    **options: Any,
) -> None:
    """Score the Parquet file INPUT into OUTPUT.

    A folder is mirrored into the folder OUTPUT; several files, or a glob in quotes, go into it by name.
    Every row and column is kept in order; `sentiment` and `sentiment_score` are added. What is done already is
    skipped; what was stopped or killed goes on where it was when the same command is run again.

    \b
    Examples:
      scorer run reviews.parquet scored.parquet
      scorer run --keep review_id 'dumps/2024-*.parquet' scored/
      scorer run --dry-run dumps/ scored/

    \b
    Exit codes: 0 all scored or already done, 2 usage, 3 some or all files failed, 4 the model was refused,
    130 Ctrl-C, 143 SIGTERM.
    """
    # The allocator that comes with Arrow keeps up to 100 MB that it doesn't use; it is chosen when pyarrow is imported.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

    from scorer.job import Options, preview_job
    from scorer.memory import keep_for_reuse
    from scorer.model import SentimentModel
    from scorer.plan import plan
    from scorer.result import FAILED

    keep_for_reuse()
    tasks = plan(inputs, output)
    loaded = SentimentModel.load(model, sha256=model_sha256)
    act = preview_job if dry_run else _run_watched
    result = act(tasks, loaded, Options(**options))
    if dry_run:
        _print_plan(result)
    _print_result(result, None if dry_run else report, None if dry_run else metrics_file)
    failed = result.count(FAILED)
    if failed and len(tasks) == 1:
        raise JobFailed(result.files[0].reason)
    if failed:
        raise JobFailed(f"{failed} of {len(tasks)} files failed, each is named above; mend them and run again")


def _run_watched(tasks: list[Task], model: SentimentModel, options: Options) -> JobResult:
    """Run a job under a moving line; each file's line is printed when the file is done."""
    from scorer.job import count_rows, run_job
    from scorer.progress import ProgressLine

    with ProgressLine(lambda: count_rows(tasks), quiet=log_is_json()) as progress:

        def show(one: FileResult) -> None:
            progress.clear()
            _print_file(one, alone=len(tasks) == 1)

        return run_job(tasks, model, options, watch=progress.update, done=show)


def _print_file(result: FileResult, *, alone: bool) -> None:
    from scorer.report import file_line
    from scorer.result import FAILED

    if result.status != FAILED:
        click.echo(file_line(result))
    elif not alone:
        # Alone, it is the error that the command ends with.
        line = result.reason if log_is_json() else file_line(result)
        say(line, "error", input=str(result.task.input), output=str(result.task.output))


def _print_plan(result: JobResult) -> None:
    for one in result.files:
        _print_file(one, alone=len(result.files) == 1)


def _print_result(result: JobResult, report: Path | None, metrics: Path | None) -> None:
    from scorer.metrics import write_metrics
    from scorer.report import summary, write_report

    if len(result.files) > 1:
        click.echo(summary(result))
    if report is not None:
        write_report(result, report)
    if metrics is not None:
        write_metrics(result, metrics)


@cli.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@MODEL_OPTION
def text(texts: tuple[str, ...], model: str | None) -> None:
    """Score what you type.

    \b
    Example:
      scorer text "I loved every minute of it." "What a waste of an evening."
    """
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(model)
    for score, one in zip(loaded.score(texts), texts, strict=True):
        label = loaded.label(score)
        click.echo(_line(None if label is None else float(score), label, one))


@cli.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, golden examples and tokenizer rules included.")
def inspect(model: str | None, as_json: bool) -> None:
    """Show what a model file holds: where it comes from, what it reached, its hash."""
    from scorer.model import SentimentModel
    from scorer.report import model_dict, model_text

    loaded = SentimentModel.load(model)
    click.echo(json.dumps(model_dict(loaded), indent=1, ensure_ascii=False) if as_json else model_text(loaded))


@cli.command()
@click.argument("target", metavar="[OUTPUT]", required=False, type=click.Path(path_type=Path))
@MODEL_OPTION
def demo(target: Path | None, model: str | None) -> None:
    """Score a few dozen sample reviews, print them, and keep them in the Parquet file OUTPUT where one is named."""
    from scorer.demo import run_demo
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(model)
    with tempfile.TemporaryDirectory() as folder:
        scored = run_demo(loaded, Path(folder), target)
    for row in scored.to_pylist():
        click.echo(_line(row["sentiment_score"], row["sentiment"], row["review"] or ""))
    if target is not None:
        say(f"wrote {target}")


def _line(score: float | None, label: str | None, text: str) -> str:
    shown = text if len(text) <= 90 else f"{text[:89]}…"
    return f"{'-' if score is None else f'{score:.3f}':>5}  {label or 'no text':<8}  {shown}"


def main() -> None:
    """Run the command line."""
    cli(prog_name="scorer")


if __name__ == "__main__":
    main()
