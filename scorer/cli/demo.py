"""``scorer demo``: score the sample reviews on the same road as any file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorer.cli.options import MODEL_OPTION
from scorer.cli.samples import SAMPLES
from scorer.cli.text import score_line
from scorer.console import say, show
from scorer.errors import JobFailed

if TYPE_CHECKING:
    import pyarrow as pa

    from scorer.model import SentimentModel


@click.command()
@click.argument("target", metavar="[OUTPUT]", required=False, type=click.Path(path_type=Path))
@MODEL_OPTION
def demo(target: Path | None, model: str | None) -> None:
    """Score a few dozen sample reviews and print them; keep them in OUTPUT if it is given."""
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(model)
    with tempfile.TemporaryDirectory() as folder:
        scored = score_samples(loaded, Path(folder), target)
    for row in scored.to_pylist():
        show(score_line(row["sentiment_score"], row["sentiment"], row["review"] or ""))
    if target is not None:
        say(f"wrote {target}")


def score_samples(model: SentimentModel, folder: Path, target: Path | None) -> pa.Table:
    """Score the samples as a Parquet file, and return them with both sentiment columns.

    Args:
        model: what scores.
        folder: for the samples, and for the result if no ``target`` is given.
        target: the Parquet file to write; an existing one is replaced only if scorer wrote it.

    Raises:
        JobFailed: ``target`` can't be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from scorer.job.result import FAILED
    from scorer.job.run import run_job
    from scorer.planning.options import Options
    from scorer.planning.plan import Plan, Task

    source = folder / "samples.parquet"
    kinds, reviews = zip(*SAMPLES, strict=True)
    ids = range(1, len(SAMPLES) + 1)
    table = pa.table({"id": ids, "kind": kinds, "review": pa.array(reviews, pa.string())})
    pq.write_table(table, source, compression="zstd")
    output = target or folder / "scored.parquet"
    planned = Plan((Task(source, output),))
    (result,) = run_job(planned, model, Options(threads=1)).files
    if result.status == FAILED:
        raise JobFailed(result.reason)
    return pq.read_table(output)
