"""The commands of the scorer: thin, each calls a plain function. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from scorer._version import __version__
from scorer.command import CommandGroup, say
from scorer.errors import JobFailed

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


@cli.command()
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUTPUT", type=click.Path(path_type=Path))
@MODEL_OPTION
@click.option(
    "--text-column", metavar="NAME", help="Column with the reviews.  [default: review, text, body, comment, content, or the only one]"
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads that score.  [default: the cores of this process]")
@click.option("--force", is_flag=True, help="Score anew, and replace a file that scorer didn't write.")
def run(source: Path, target: Path, model: str | None, text_column: str | None, threads: int | None, force: bool) -> None:
    """Score the Parquet file INPUT into OUTPUT, or a folder of them, mirrored.

    Every row and column is kept in order; `sentiment` and `sentiment_score` are added. What is done already is skipped.

    \b
    Exit codes: 0 all scored or already done, 2 usage, 3 some or all files failed, 4 the model was refused.
    """
    from scorer.job import FAILED, FileResult, Options, count_rows, plan, run_job
    from scorer.model import SentimentModel
    from scorer.progress import ProgressLine
    from scorer.report import file_line, summary

    tasks = plan(source, target)
    loaded = SentimentModel.load(model)
    with ProgressLine(lambda: count_rows(tasks)) as progress:

        def show(one: FileResult) -> None:
            if len(tasks) > 1 or one.status != FAILED:
                progress.line(file_line(one), err=one.status == FAILED)

        result = run_job(tasks, loaded, Options(text_column, threads, force), watch=progress.update, done=show)
    failed = result.count(FAILED)
    if len(tasks) == 1 and failed:
        raise JobFailed(result.files[0].reason)
    if len(tasks) > 1:
        click.echo(summary(result))
    if failed:
        raise JobFailed(f"{failed} of {len(tasks)} files failed, each is named above; mend them and run again")


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
