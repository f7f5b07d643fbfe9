"""``scorer run``: score files into files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer.cli.options import (
    MODEL_OPTION,
    TARGET_FILE,
    dropped_columns,
    in_a_folder,
    kept_columns,
    local_folder,
    log_format,
    mebibytes,
    sha256,
)
from scorer.cli.printing import Lines, Targets
from scorer.console import LOG_FORMATS, log_is_json
from scorer.errors import JobFailed, ReviewsError

if TYPE_CHECKING:
    from scorer.job.options import Options
    from scorer.job.pipeline import Probe
    from scorer.job.plan import Plan, Task
    from scorer.job.result import FileResult, JobResult
    from scorer.model import SentimentModel

# The codecs that Parquet has and pyarrow writes.
COMPRESSIONS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")
# Those of scorer.job.options, which imports pyarrow.
INT96_CHOICES = ("refuse", "truncate")

TEXT_COLUMN_HELP = (
    "Column with the reviews, or the field of a struct: data.review.  [default: review, text, "
    "body, comment, content, names like reviewText or Review Body, or the only one]"
)


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.argument("output", metavar="OUTPUT")
@MODEL_OPTION
@click.option(
    "--model-sha256", metavar="HEX", callback=sha256, help="Refuse a model with another hash."
)
@click.option("--text-column", metavar="NAME", help=TEXT_COLUMN_HELP)
@click.option(
    "--keep",
    metavar="all|none|COLUMN,…",
    default="all",
    show_default=True,
    callback=kept_columns,
    help="Columns carried into the output.",
)
@click.option(
    "--drop",
    metavar="COLUMN,…",
    callback=dropped_columns,
    help="Columns left out of the output; not with --keep.",
)
@click.option(
    "--int96",
    type=click.Choice(INT96_CHOICES),
    default="refuse",
    show_default=True,
    help="INT96 times with nanoseconds: refuse the file, or truncate them to microseconds.",
)
@click.option(
    "--prefix", metavar="TEXT", default="", help="Text put before the names of the new columns."
)
@click.option(
    "--compression",
    type=click.Choice(COMPRESSIONS),
    help="Compression of the output file.  [default: each column's own in the input]",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Number of threads that score.  [default: the cores of this process]",
)
@click.option(
    "--max-cell",
    metavar="MIB",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    callback=mebibytes,
    help="Most MiB of one value; a file with a larger one fails.",
)
@click.option(
    "--retries",
    metavar="N",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How often a request to a store that failed for now is tried again.",
)
@click.option(
    "--state-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    callback=local_folder,
    help="Where unfinished outputs of stores lie.  [default: the user's state folder]",
)
@click.option(
    "--force", is_flag=True, help="Score anew, and replace a file that scorer didn't write."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and why; change nothing.")
@click.option(
    "--report",
    metavar="FILE",
    type=TARGET_FILE,
    callback=in_a_folder,
    help="JSON file to write the figures of the run to; - for stdout.",
)
@click.option(
    "--metrics-file",
    metavar="FILE",
    type=TARGET_FILE,
    callback=in_a_folder,
    help="Prometheus textfile to write them to; - for stdout.",
)
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=log_format,
    help="Format of the lines on stderr.",
)
@click.pass_obj
def run(
    probe: Probe | None,
    /,
    inputs: tuple[str, ...],
    output: str,
    model: str | None,
    model_sha256: str | None,
    dry_run: bool,
    report: Path | None,
    metrics_file: Path | None,
    retries: int,
    state_dir: Path | None,
    **options: Any,
) -> None:
    """Score the Parquet file INPUT into OUTPUT.

    A folder is mirrored into the folder OUTPUT; several files, or a glob in quotes, go into it by
    name. Each may be an address in a store: s3://, gs://, az:// or abfss://. Every row and column
    is kept in order; `sentiment` and `sentiment_score` are added. What is done already is skipped.
    A run that was stopped or killed continues when the same command is run again.

    \b
    Examples:
      scorer run reviews.parquet scored.parquet
      scorer run --keep review_id 'dumps/2024-*.parquet' scored/
      scorer run --dry-run dumps/ scored/
      scorer run s3://bucket/dumps/ s3://bucket/scored/

    \b
    Exit codes: 0 all scored or already done, 1 unexpected, 2 usage, 3 some or all files failed,
    4 the model was refused, 130 Ctrl-C, 143 SIGTERM.
    """
    # Arrow's own allocator keeps up to 100 MB of unused memory; it is chosen on import.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

    from scorer.job.options import Options
    from scorer.job.plan import plan
    from scorer.job.run import preview_job
    from scorer.model import SentimentModel, find_model
    from scorer.storage.stores import StoreSettings
    from scorer.system.memory import keep_for_reuse

    keep_for_reuse()
    chosen = Options(**options)
    planned = plan(inputs, output, StoreSettings(retries, state_dir))
    targets = Targets(report, metrics_file)
    targets.check(planned.tasks, find_model(model))
    loaded = SentimentModel.load(model, sha256=model_sha256)
    lines = Lines(alone=len(planned.tasks) == 1, err=targets.use_stdout)
    if dry_run:
        result = preview_job(planned, loaded, chosen)
        for one in result.files:
            lines.show_file(one)
    else:
        result = _run_watched(planned, loaded, chosen, probe, lines)
    lines.show_summary(result)
    if not dry_run:
        targets.write(result)
    _end(result)


def _run_watched(
    planned: Plan,
    model: SentimentModel,
    options: Options,
    probe: Probe | None,
    lines: Lines,
) -> JobResult:
    """Run a job under a progress line; print each file's line when the file is done."""
    from scorer.job.run import run_job
    from scorer.reports.progress import ProgressLine

    names = [str(task.input) for task in planned.tasks]
    count = partial(_count_rows, planned.tasks)
    with ProgressLine(names, count, quiet=log_is_json()) as progress:

        def show(one: FileResult) -> None:
            progress.finish(partial(lines.show_file, one))

        return run_job(planned, model, options, watch=progress.update, done=show, probe=probe)


def _count_rows(tasks: Sequence[Task]) -> list[int]:
    """Return the rows of each input, by its footer; a file that can't be opened counts none.

    If an input lies in a store, none is counted: it would have to be asked for.
    """
    from contextlib import suppress

    from scorer.tables.parquet_reader import ParquetReviews

    rows: list[int] = []
    if not all(isinstance(task.input, Path) for task in tasks):
        return [0] * len(tasks)
    for task in tasks:
        rows.append(0)
        with suppress(ReviewsError), ParquetReviews(task.input) as reviews:
            rows[-1] = reviews.rows
    return rows


def _end(result: JobResult) -> None:
    """Fail if a file did.

    Raises:
        JobFailed: a file failed.
    """
    from scorer.job.result import FAILED

    failed = result.count(FAILED)
    if failed and len(result.files) == 1:
        raise JobFailed(result.files[0].reason)
    if failed:
        raise JobFailed(
            f"{failed} of {len(result.files)} files failed, each is named above; "
            "mend them and run again"
        )
