"""``scorer run``: score files into files."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer.cli.drift import Comparison, check_drift
from scorer.cli.options import (
    FAIL_ON_DRIFT,
    HTML,
    LINEAGE,
    LOG_FORMAT,
    METRICS_FILE,
    MODEL_OPTION,
    TARGET_FILE,
    CommandWithVariables,
    dropped_columns,
    in_a_folder,
    kept_columns,
    local_path,
    mebibytes,
    sha256,
)
from scorer.cli.printing import Lines, Targets, check_success
from scorer.console import log_is_json
from scorer.errors import JobFailed, UsageError
from scorer.tables.endings import FORMATS, PARQUET, format_of

if TYPE_CHECKING:
    from scorer.insight.drift import Drift
    from scorer.job.engine import Engine
    from scorer.job.pipeline import Probe
    from scorer.job.result import FileResult, JobResult
    from scorer.model import SentimentModel
    from scorer.planning.options import Options
    from scorer.planning.plan import Plan
    from scorer.reports.lineage_run import Told
    from scorer.reports.report import Report
    from scorer.reports.throughput import Gauge

# The codecs that Parquet has and pyarrow writes.
COMPRESSIONS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")
# Those of scorer.planning.options, which imports pyarrow.
INT96_CHOICES = ("refuse", "truncate")
# This process, and those of scorer.engines.
ENGINES = ("local", "spark", "ray")
SECONDS_TO_WAIT_ON_ENGINES = 600.0

TEXT_COLUMN_HELP = (
    "Column with the reviews, or the field of a struct: data.review.  [default: review, text, "
    "body, comment, content, names like reviewText or Review Body, or the only one]"
)


@click.command(cls=CommandWithVariables)
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
    "--format",
    type=click.Choice(FORMATS),
    default=PARQUET,
    show_default=True,
    help="Format of the files taken in folders; a file or glob is read by its ending.",
)
@click.option(
    "--delimiter",
    metavar="CHARACTER",
    help="Delimiter of CSV: a character, tab, or none.  [default: found in the first lines]",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of CSV and JSON Lines without a byte order mark.  [default: utf-8]",
)
@click.option("--escape", is_flag=True, help='A quote within a quoted cell of CSV is written \\".')
@click.option(
    "--infer-types",
    is_flag=True,
    help="Columns of CSV get the type of all their cells; one more pass finds it.",
)
@click.option(
    "--max-cell",
    metavar="MIB",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    callback=mebibytes,
    help="Most MiB of one value, or of a row of text; a file with a larger one fails.",
)
@click.option(
    "--where",
    metavar="CONDITION",
    multiple=True,
    help="Score only partitions that fit, as in 'day>=2026-11-01' for folders like day=2026-11-24. "
    "May be given again: all must hold.",
)
@click.option(
    "--success-file",
    is_flag=True,
    help="Put an empty _SUCCESS into the folder OUTPUT when, and only when, all is done.",
)
@click.option(
    "--shard",
    metavar="I/N|auto",
    help="Score one of N parts of the files, counted from 1; auto: as Kubernetes, Slurm or AWS "
    "Batch numbers this run.",
)
@click.option(
    "--shards",
    metavar="N",
    type=click.IntRange(min=1),
    help="Number of parts for --shard auto, where the platform doesn't tell it.",
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
    callback=local_path,
    help="Where unfinished outputs of stores lie.  [default: the user's state folder]",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="local",
    show_default=True,
    help="Who scores: this process, or the workers of Spark or Ray, a file each.",
)
@click.option(
    "--wait-lock",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait so long for another run that writes the same output.  [default: 0, 600 on engines]",
)
@click.option(
    "--same-cpu",
    is_flag=True,
    help="Refuse workers of an engine whose CPU doesn't give the same bits as this one.",
)
@click.option(
    "--max-unknown",
    metavar="FRACTION",
    type=click.FloatRange(min=0, max=1, min_open=True),
    help="Don't score a review from this fraction of unknown words on, such as 0.5.",
)
@click.option(
    "--only-language",
    metavar="CODE",
    help="Don't score a review that is surely in another language than this one, such as en.",
)
@click.option(
    "--uncertain",
    metavar="FRACTION",
    type=click.FloatRange(min=0.5, max=1, min_open=True, max_open=True),
    help="Label a review only where held-out ones were right this often, such as 0.95.",
)
@click.option(
    "--uncertain-domain",
    metavar="NAME",
    help="Domain of the model whose held-out reviews --uncertain is about.  [default: all]",
)
@click.option(
    "--reasons", is_flag=True, help="Add a column that says why a row has no score or no label."
)
@click.option(
    "--quality",
    is_flag=True,
    help="Add columns with the words of each review, and the fraction of unknown ones.",
)
@click.option(
    "--reuse",
    metavar="OLD_OUTPUT",
    multiple=True,
    help="Take the scores of texts that this earlier output holds; of a folder those of the output "
    "of the same name. May be OUTPUT itself, and may be given again.",
)
@click.option(
    "--remember",
    metavar="MIB",
    type=click.IntRange(min=0),
    default=64,
    show_default=True,
    callback=mebibytes,
    help="Most MiB for scores of this run's texts, so that none is scored twice; 0: don't.",
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
@METRICS_FILE
@HTML
@click.option(
    "--examples",
    metavar="N",
    type=click.IntRange(0, 50),
    default=0,
    show_default=True,
    help="Reviews that the page shows, the surest N and the least sure N. They are people's words.",
)
@LINEAGE
@FAIL_ON_DRIFT
@click.option(
    "--reference",
    metavar="REPORT",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=local_path,
    help="Tell drift from the rows of a former run, whose report this is.",
)
@click.option(
    "--reference-domain",
    metavar="NAME",
    help="Tell drift from the model's held-out reviews of a domain; all: of all.  [default: the "
    "nearest]",
)
@LOG_FORMAT
@click.pass_obj
def run(
    probe: Probe | None,
    /,
    inputs: tuple[str, ...],
    output: str,
    model: str | None,
    model_sha256: str | None,
    shard: str | None,
    shards: int | None,
    dry_run: bool,
    report: Path | None,
    metrics_file: Path | None,
    html: Path | None,
    examples: int,
    lineage: str | None,
    retries: int,
    state_dir: Path | None,
    engine: str,
    wait_lock: float | None,
    fail_on_drift: float | None,
    reference: Path | None,
    reference_domain: str | None,
    **options: Any,
) -> None:
    """Score the file INPUT, Parquet, CSV or JSON Lines, into the Parquet file OUTPUT.

    A folder is mirrored into the folder OUTPUT; several files, or a glob in quotes, go into it by
    name. Each may be an address in a store: s3://, gs://, az:// or abfss://. Every row and column
    is kept in order; `sentiment` and `sentiment_score` are added. What is done already is skipped.
    A run that was stopped or killed continues when the same command is run again.

    \b
    Examples:
      scorer run reviews.parquet scored.parquet
      scorer run --keep review_id 'dumps/2024-*.parquet' scored/
      scorer run --where 'day>=2026-11-01' --success-file dumps/ scored/
      scorer run --shard 3/16 --report reports/3.json dumps/ scored/
      scorer run --reuse scored/ dumps/ scored/
      scorer run --dry-run dumps/ scored/
      scorer run s3://bucket/dumps/ s3://bucket/scored/
      scorer run --engine spark dumps/ scored/

    \b
    Exit codes: 0 all scored or already done, 1 unexpected, 2 usage, 3 some or all files failed,
    4 the model was refused, 5 drift, or more flips than compare allows, 130 Ctrl-C, 143 SIGTERM.
    """
    # Arrow's own allocator keeps up to 100 MB of unused memory; it is chosen on import.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

    from scorer.job.run import preview_job
    from scorer.job.success_file import success_path
    from scorer.model import SentimentModel, find_model
    from scorer.planning.array_job import shard_asked
    from scorer.planning.options import Options
    from scorer.planning.plan import plan
    from scorer.storage.stores import StoreSettings
    from scorer.system.cores import work_in_batch
    from scorer.system.memory import keep_for_reuse

    keep_for_reuse()
    work_in_batch()
    asked = shard_asked(shard, shards, os.environ)
    settings = StoreSettings(retries, state_dir)
    on_engine = engine != "local"
    if wait_lock is None:
        wait_lock = SECONDS_TO_WAIT_ON_ENGINES if on_engine else 0.0
    chosen = Options(**options, wait_lock=wait_lock)
    hands = engine_for(engine, chosen)
    planned = plan(inputs, output, chosen.where, chosen.format, settings).part(asked)
    if examples and html is None:
        raise UsageError("reading the options: --examples are shown on a page; add --html FILE")
    targets = Targets(report, metrics_file, html, lineage)
    success_file = success_path(planned) if chosen.success_file else None
    tasks = (*planned.tasks, *planned.elsewhere)
    targets.check(tasks, find_model(model), success_file, reference)
    told_of = None if dry_run else lineage
    with _events(told_of, inputs, output, planned, state_dir) as events:
        loaded = SentimentModel.load(model, sha256=model_sha256)
        comparison = Comparison.asked(loaded, fail_on_drift, reference, reference_domain)
        lines = Lines(alone=len(tasks) == 1, err=targets.use_stdout)
        gauge = None if html is None or dry_run else _gauge()
        if dry_run:
            result = preview_job(planned, loaded, chosen)
            for one in result.files:
                lines.show_file(one)
        else:
            if asked is not None:
                targets.withdraw_report()
            result = _run_watched(planned, loaded, chosen, probe, lines, hands, gauge)
        if events is not None:
            events.model, events.result = loaded, result
        drift = comparison.find(result)
        lines.show_summary(result, drift, is_asked=comparison.is_asked and not dry_run)
        if not dry_run:
            targets.write(result, drift, _report(result, drift, gauge), examples)
        _end(result)
        check_drift(drift, fail_on_drift)


def _events(
    lineage: str | None,
    inputs: tuple[str, ...],
    output: str,
    planned: Plan,
    state_dir: Path | None,
) -> AbstractContextManager[Told | None]:
    """Return what tells the events of a run; nothing does without ``--lineage``."""
    if lineage is None:
        return nullcontext()
    from scorer.reports.lineage_run import told

    return told(lineage, inputs, output, planned, state_dir)


def _run_watched(
    planned: Plan,
    model: SentimentModel,
    options: Options,
    probe: Probe | None,
    lines: Lines,
    engine: Engine | None,
    gauge: Gauge | None,
) -> JobResult:
    """Run a job under a progress line; print each file's line when the file is done."""
    from scorer.cli.waits import Waits
    from scorer.job.preview import bytes_to_score, rows_to_score
    from scorer.job.run import run_job
    from scorer.reports.progress import ProgressLine

    tasks, is_here = planned.tasks, engine is None
    # Workers are at several files at once, and know better than the driver how large these are.
    names = (
        [str(task.input) for task in tasks]
        if engine is None
        else [f"on {engine.name}"] * len(tasks)
    )
    # No footer of a text tells its rows.
    in_bytes = is_here and any(format_of(task.input.name) != PARQUET for task in tasks)
    to_score = bytes_to_score if in_bytes else rows_to_score

    def count(first: int) -> list[int]:
        return to_score(tasks[first:], model, options) if is_here else [0]

    with ProgressLine(names, count, quiet=log_is_json(), in_bytes=in_bytes) as progress:

        def show(one: FileResult) -> None:
            progress.finish(partial(lines.show_file, one))

        return run_job(
            planned,
            model,
            options,
            watch=gauge.beside(progress.update) if gauge else progress.update,
            reached=progress.reach,
            done=show,
            probe=probe or Waits(),
            engine=engine,
        )


def _gauge() -> Gauge:
    from scorer.reports.throughput import Gauge

    return Gauge()


def _report(result: JobResult, drift: Drift | None, gauge: Gauge | None) -> Report | None:
    """Return the report with the speed that was measured for a page; None without one."""
    if gauge is None:
        return None
    from scorer.reports.report import Report

    return Report.of(result, drift, gauge.read())


def engine_for(engine: str, options: Options) -> Engine | None:
    """Return an engine by its name; None for this process.

    Raises:
        UsageError: they don't, or what the engine needs isn't installed.
    """
    if engine == "local" and options.same_cpu:
        raise UsageError("reading the options: --same-cpu is about workers; add --engine spark|ray")
    if engine != "local" and options.threads is not None:
        raise UsageError(
            f"reading the options: --threads is about this process, and on --engine {engine} a "
            "worker scores with one thread; leave --threads out"
        )
    if engine == "local":
        return None
    from scorer.engines import engine_named

    return engine_named(engine)


def _end(result: JobResult) -> None:
    """Fail if a file did, or if ``_SUCCESS`` couldn't be written.

    Raises:
        JobFailed: one of them did.
    """
    from scorer.job.result import FAILED

    failed = result.count(FAILED)
    if failed and result.is_alone:
        raise JobFailed(result.files[0].reason)
    if failed:
        raise JobFailed(
            f"{failed:,} of {len(result.files):,} files failed, each is named above; "
            "mend them and run again"
        )
    check_success(result)
