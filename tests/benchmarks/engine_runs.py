"""Runs on engines beside the local run, some of them with workers that are killed.

    python tests/benchmarks/engine_runs.py same   spark|connect|ray REVIEWS.parquet
    python tests/benchmarks/engine_runs.py kills  spark|ray [--times 5]
    python tests/benchmarks/engine_runs.py long   spark|ray REVIEWS.parquet
    python tests/benchmarks/engine_runs.py driver spark|ray
    python tests/benchmarks/engine_runs.py rows   spark|ray
    python tests/benchmarks/engine_runs.py store  spark|ray [--moto PYTHON]
    python tests/benchmarks/engine_runs.py cores

Spark is ``local-cluster[2,1,1024]``, whose executors are processes of their own; Connect is
``local[2]``, by the command; Ray has two nodes beside the driver's, which has no slots. Each prints
a line of what was found, and fails if it isn't what it should be. It needs the environment of
``make test-engines``, whose Python ``PYSPARK_PYTHON`` names, for ``store`` obstore in it, and
``PYTHONPATH=.:tests/support``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from dumps import Dump, assert_as_locally, contents, rows_with_corners
from engine_clusters import RayNodes, spark_session
from held import Held, parent_of, wait_until_gone, wait_until_held
from helpers import some_texts, write_reviews
from scorer import Kernel, Options, SentimentModel, score_files
from scorer.engines import engine_named
from scorer.job.result import JobResult
from scorer.job.run import run_job
from scorer.planning.plan import plan
from scorer.reports.report import read_report
from store_servers import free_port, served

HERE = Path(__file__).parents[1]
FILES = 24
ENGINE = click.argument("engine", type=click.Choice(("spark", "ray")))
SOURCE = click.argument("source", type=click.Path(exists=True, path_type=Path))


@click.group()
def main() -> None:
    """Run a job on an engine, and compare it with the local one."""


@contextmanager
def started(engine: str) -> Iterator[Any]:
    """Start an engine; yield Ray's nodes, None of Spark."""
    if engine == "ray":
        with RayNodes(2) as nodes:
            yield nodes
    else:
        with spark_session("local-cluster[2,1,1024]"):
            yield None


def cut(source: Path, folder: Path, files: int) -> None:
    """Write a file's rows into several."""
    table = pq.read_table(source)
    folder.mkdir()
    for number in range(files):
        start, end = (len(table) * one // files for one in (number, number + 1))
        pq.write_table(table.slice(start, end - start), folder / f"{number:02}.parquet")


def locally(folder: Path, model: SentimentModel) -> Dump:
    """Score a folder with this process."""
    outputs = folder.parent / "local"
    return Dump(folder, outputs, score_files(folder, outputs, model=model))


@main.command()
@click.argument("road", type=click.Choice(("spark", "connect", "ray")))
@SOURCE
def same(road: str, source: Path) -> None:
    """Score 24 files: the same bytes, and the same report but for times."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cut(source, folder / "in", FILES)
        model = SentimentModel.load()
        dump = locally(folder / "in", model)
        if road == "connect":
            command = [sys.executable, "-m", "scorer", "run", "--engine", "spark", "in", "out"]
            env = os.environ | {"SPARK_REMOTE": "local[2]"}
            command += ["--report", "report.json"]
            subprocess.run(command, check=True, cwd=folder, env=env, stdout=subprocess.DEVNULL)
            report = read_report(folder / "report.json")
            assert contents(folder / "out") == contents(dump.outputs)
            assert report.total.score_histogram == dump.result.counts.histogram
            files, rows = report.scored, report.total.rows
        else:
            with started(road):
                result = score_files(
                    dump.folder, folder / "out", model=model, engine=engine_named(road)
                )
            assert_as_locally(result, folder / "out", dump)
            files, rows = result.count("scored"), result.counts.rows
        assert (files, rows) == (FILES, dump.result.counts.rows)
        click.echo(f"{road}: {files} files, {rows:,} rows: the local bytes, the local report")


@main.command()
@ENGINE
@click.option("--times", default=5, show_default=True)
def kills(engine: str, times: int) -> None:
    """Kill an executor, or a node, while it has scored a part of a file."""
    with tempfile.TemporaryDirectory() as scratch, started(engine) as nodes:
        folder, model = Path(scratch), SentimentModel.load("fast")
        for number in range(2):
            write_reviews(folder / f"in/{number}.parquet", some_texts(7_000, number))
        dump = locally(folder / "in", model)
        for number in range(times):
            result = killed(engine, dump, model, folder / str(number), nodes)
            assert result.reused > 0
            click.echo(f"{engine}, kill {number + 1}: {told(result)}")


def killed(
    engine: str, dump: Dump, model: SentimentModel, folder: Path, nodes: Any, seconds: float = 0.0
) -> JobResult:
    """Run a job, and kill what a worker belongs to; return what became of the job.

    Args:
        engine: its name.
        dump: what is scored.
        model: what scores.
        folder: for the outputs.
        nodes: Ray's; one is added for the one that is killed.
        seconds: for which the worker goes on before; 0 to hold it after its first window.
    """
    folder.mkdir()
    if seconds:
        (folder / "go").touch()
    planned = plan([dump.folder], folder / "out")
    with ThreadPoolExecutor(1) as pool:
        options = Options(wait_lock=120)
        job = pool.submit(
            run_job, planned, model, options, probe=Held(folder), engine=engine_named(engine)
        )
        python, parent = wait_until_held(folder)
        time.sleep(seconds)
        os.kill(parent if engine == "ray" else parent_of(parent), signal.SIGKILL)
        if nodes:
            nodes.add()
        if not seconds:
            wait_until_gone(python)
            (folder / "go").touch()
        result = job.result()
    assert contents(folder / "out") == contents(dump.outputs)
    assert result.count("failed") == 0, result.files[0]
    return result


def told(result: JobResult) -> str:
    """Return what the job says of itself."""
    notes = "; ".join(note.partition(", such as")[0] for note in result.notes)
    waits = "; ".join(one.note for one in result.files if one.note)
    rows = f"{result.reused:,} of {result.counts.rows:,} rows had been scored"
    return f"the local bytes; {rows}; {notes}{'; ' if waits else ''}{waits}"


@main.command()
@ENGINE
@SOURCE
def long(engine: str, source: Path) -> None:
    """Kill an executor, or a node, in the middle of a file of ten seconds and more."""
    with tempfile.TemporaryDirectory() as scratch, started(engine) as nodes:
        folder, model = Path(scratch), SentimentModel.load()
        cut(source, folder / "in", 1)
        dump = locally(folder / "in", model)
        result = killed(engine, dump, model, folder / "killed", nodes, seconds=5)
        click.echo(f"{engine}: {told(result)}; it takes {result.cpu_seconds:.0f} s of CPU")


@main.command()
@ENGINE
def driver(engine: str) -> None:
    """Kill the driver while a worker has scored a part of a file; run it again."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, model = Path(scratch), SentimentModel.load()
        for number in range(2):
            write_reviews(folder / f"in/{number}.parquet", some_texts(7_000, number))
        write_reviews(folder / "in/2.parquet", some_texts(20))
        dump = locally(folder / "in", model)
        words = ["run", "--engine", engine, str(folder / "in"), str(folder / "out")]
        command = [sys.executable, str(HERE / "engines/held_driver.py"), str(folder), *words]
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        worker, _ = wait_until_held(folder)
        first.kill()
        first.wait()
        wait_until_gone(worker)
        command = [sys.executable, "-m", "scorer", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert contents(folder / "out") == contents(dump.outputs)
        assert "rows were scored by a run that was stopped" in done.stdout
        click.echo(f"{engine}: the local bytes; {done.stdout.splitlines()[-1]}")


@main.command()
@ENGINE
def rows(engine: str) -> None:
    """Score rows in 1,000 partitions, some empty, with nested columns and nulls."""
    model = SentimentModel.load()
    table = rows_with_corners(600)
    kernel = Kernel(model, table.schema, "data.review")
    expected = pa.Table.from_batches(map(kernel, table.to_batches()))
    with started(engine):
        found = (on_spark if engine == "spark" else on_ray)(table, model).sort_by("id")
    assert found.schema.equals(expected.schema), found.schema
    assert found.equals(expected)
    click.echo(f"{engine}: {len(found):,} rows of 1,000 partitions: the local table, to the bit")


def on_spark(table: pa.Table, model: SentimentModel) -> pa.Table:
    """Return a table scored by Spark."""
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import col, pmod

    from scorer.engines.spark import with_sentiment

    frame = SparkSession.active().createDataFrame(table).repartition(1000, pmod(col("id"), 400))
    assert frame.rdd.getNumPartitions() == 1000
    return with_sentiment(frame, model=model, text_column="data.review").toArrow()


def on_ray(table: pa.Table, model: SentimentModel) -> pa.Table:
    """Return a table scored by Ray."""
    import ray

    from scorer.engines.ray import with_sentiment

    blocks = [table.slice(one, 1) for one in range(400)] + [table.slice(400)]
    dataset = ray.data.from_arrow([*blocks, *[table.slice(0, 0)] * (1000 - len(blocks))])
    scored = with_sentiment(dataset, model=model, text_column="data.review")
    # Of Ray's, a block without rows has no columns.
    return pa.concat_tables(one for one in ray.get(scored.to_arrow_refs()) if len(one))


@main.command()
@ENGINE
@click.option("--moto", default=sys.executable, help="A Python that has moto[server].")
def store(engine: str, moto: str) -> None:
    """Score 24 objects of an S3 server into objects, by the command."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    os.environ |= {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }
    command = [moto, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        stack.enter_context(served(command, port))
        folder = Path(scratch)
        for number in range(FILES):
            write_reviews(folder / f"in/{number:02}.parquet", some_texts(50 + number, number))
        files, inputs = s3(address), folder / "in"
        files.create_dir("bucket/in")
        for path in inputs.iterdir():
            with files.open_output_stream(f"bucket/in/{path.name}") as target:
                target.write(path.read_bytes())
        command = [sys.executable, "-m", "scorer", "run", "--state-dir", str(folder / "state")]
        command += ["s3://bucket/in/"]
        on_engine = ["s3://bucket/out/", "--engine", engine]
        for words in (["s3://bucket/local/"], on_engine, on_engine):
            done = subprocess.run(command + words, check=True, capture_output=True, text=True)
            click.echo(f"{words[-1]}: {done.stdout.splitlines()[-1]}")
        for path in inputs.iterdir():
            found, local = (
                files.open_input_stream(f"bucket/{one}/{path.name}").read()
                for one in ("out", "local")
            )
            assert found == local, path.name
        click.echo(f"{engine}: {FILES} objects, the local run's bytes")


def s3(address: str) -> Any:
    """Return the store at an address."""
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(endpoint_override=address, region="us-east-1", allow_bucket_creation=True)


@main.command()
def cores() -> None:
    """Give each task of Spark two cores of two: there is one worker at a time."""
    from scorer.engines.spark import slots_of

    with (
        tempfile.TemporaryDirectory() as scratch,
        spark_session("local[2]", {"spark.task.cpus": "2"}) as session,
    ):
        folder, model = Path(scratch), SentimentModel.load("fast")
        for number in range(8):
            write_reviews(folder / f"in/{number}.parquet", some_texts(300, number))
        dump = locally(folder / "in", model)
        result = score_files(dump.folder, folder / "out", model=model, engine=engine_named("spark"))
        assert_as_locally(result, folder / "out", dump)
        processes = sum(one.processes for one in result.crew.workers)
        assert (slots_of(session), processes) == (1, 1)
        click.echo("spark.task.cpus=2 on two cores: 1 slot, 1 worker, the local bytes")


if __name__ == "__main__":
    main()
