"""Ray with two nodes: what they make is what is made locally, and a node may be lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from dumps import Dump, assert_as_locally, contents, reasons
from engine_clusters import RayNodes
from held import Held, wait_until_gone, wait_until_held
from helpers import run_here
from scorer import Kernel, Options, SentimentModel, score_files
from scorer.cli import cli
from scorer.engines import contract
from scorer.engines.ray import RayEngine, with_sentiment
from scorer.errors import ReviewsError, UsageError
from scorer.job.result import JobResult
from scorer.job.run import run_job
from scorer.planning.plan import plan
from scorer.reports.report import read_report


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with RayNodes(2) as nodes:
        yield nodes


def on_ray(dump: Dump, outputs: Path, model: SentimentModel, **options: object) -> JobResult:
    chosen = Options(wait_lock=60, **options)
    return score_files(dump.folder, outputs, model=model, options=chosen, engine=RayEngine())


def test_every_output_has_the_local_bytes_and_the_report_is_the_local_one(
    cluster: object, dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    result = on_ray(dump, tmp_path / "out", model)
    assert_as_locally(result, tmp_path / "out", dump)
    assert result.crew.engine == "Ray"
    assert sum(one.files for one in result.crew.workers) == len(result.files)
    again = on_ray(dump, tmp_path / "out", model)
    assert again.count("skipped") == len(again.files)


def test_the_page_of_a_run_on_workers_shows_speed_and_reviews(
    cluster: object, dump: Dump, tmp_path: Path
) -> None:
    page, report = tmp_path / "run.html", tmp_path / "run.json"
    words = ("--engine", "ray", "--html", page, "--report", report, "--examples", "2")
    done = run_here(cli, "run", dump.folder, tmp_path / "out", *words)
    assert done.returncode == 0, done
    assert page.read_text().count("<blockquote") == 4
    assert "<dt>engine</dt><dd>Ray</dd>" in page.read_text()
    stored = read_report(report)
    assert sum(stored.throughput.rows) == stored.total.rows


def test_files_that_fail_are_named_as_locally_and_the_others_are_scored(
    cluster: object, bad_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    result = on_ray(bad_dump, tmp_path / "out", model)
    local = reasons(bad_dump.result, bad_dump.outputs)
    assert reasons(result, tmp_path / "out") == local
    assert contents(tmp_path / "out") == contents(bad_dump.outputs)


def test_a_worker_of_another_version_is_refused(
    cluster: object,
    dump: Dump,
    model: SentimentModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = contract.driver_versions()
    monkeypatch.setattr(contract, "driver_versions", lambda: mine | {"pyarrow": "1.0"})
    with pytest.raises(UsageError, match=f"has pyarrow {mine['pyarrow']}, and this machine 1.0;"):
        on_ray(dump, tmp_path / "out", model)
    assert not (tmp_path / "out").exists()


def test_rows_of_a_data_set_get_the_local_scores_to_the_bit(
    cluster: object, model: SentimentModel
) -> None:
    import ray

    texts = ["A great film.", None, "What an awful story.", "", "<br/>"] * 8
    data = pa.array([{"review": text, "l": [1, None]} for text in texts])
    table = pa.table({"id": range(len(texts)), "data": data, "b": pa.array([b"x"] * len(texts))})
    kernel = Kernel(model, table.schema, "data.review")
    expected = pa.Table.from_batches(map(kernel, table.to_batches()))
    scored = with_sentiment(
        ray.data.from_arrow(table).repartition(50), model=model, text_column="data.review"
    )
    # Of Ray's, a block without rows has no columns.
    blocks = [block for block in ray.get(scored.to_arrow_refs()) if len(block)]
    found = pa.concat_tables(blocks).sort_by("id")
    assert found.schema.equals(expected.schema)
    assert found.equals(expected)
    with pytest.raises(ReviewsError, match="there is no column 'body'"):
        with_sentiment(ray.data.from_arrow(table), text_column="body")


# The last one: a node fewer is left.
def test_a_node_that_is_killed_costs_no_file_and_its_workers_end(
    cluster: object, long_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    planned = plan([long_dump.folder], tmp_path / "out")
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            run_job,
            planned,
            model,
            Options(wait_lock=60),
            probe=Held(tmp_path),
            engine=RayEngine(),
        )
        python, raylet = wait_until_held(tmp_path)
        os.kill(raylet, signal.SIGKILL)
        wait_until_gone(python)
        (tmp_path / "go").touch()
        result = job.result()
    assert contents(tmp_path / "out") == contents(long_dump.outputs)
    assert result.count("failed") == 0
    assert result.reused > 0
    assert "handed out again, since a worker was lost" in result.notes[0]
