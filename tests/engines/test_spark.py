"""Classic Spark, two executors in processes of their own: they make what is made locally."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from dumps import Dump, assert_as_locally, contents, reasons
from engine_clusters import spark_session
from held import Held, parent_of, wait_until_gone, wait_until_held
from helpers import some_texts, write_reviews
from scorer import Doubt, Options, SentimentModel, score_files
from scorer.engines import contract, worker
from scorer.engines.spark import SparkEngine, slots_of, with_sentiment
from scorer.errors import ReviewsError, UsageError
from scorer.job.result import STOPPED, JobResult
from scorer.job.run import run_job
from scorer.planning.plan import plan

EVERYTHING = {"max_unknown": 0.5, "only_language": "en", "uncertain": 0.95, "reasons": True,
              "quality": True}  # fmt: skip
NOT_KNOWN = [
    "Das Hotel war leider sehr laut und das Frühstück fast immer kalt.", "asdf qwer zxcv hjkl",
    None, "An average film, good and bad.",
]  # fmt: skip


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    with spark_session("local-cluster[2,1,1024]") as session:
        yield session


def on_spark(dump: Dump, outputs: Path, model: SentimentModel, **options: object) -> JobResult:
    chosen = Options(wait_lock=60, **options)
    return score_files(dump.folder, outputs, model=model, options=chosen, engine=SparkEngine())


def test_every_output_has_the_local_bytes_and_the_report_is_the_local_one(
    spark: object, dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    result = on_spark(dump, tmp_path / "out", model)
    assert_as_locally(result, tmp_path / "out", dump)
    assert result.crew.engine == "Spark"
    assert sum(one.processes for one in result.crew.workers) == 2
    assert sum(one.files for one in result.crew.workers) == len(result.files)
    again = on_spark(dump, tmp_path / "out", model)
    assert again.count("skipped") == len(again.files)
    assert contents(tmp_path / "out") == contents(dump.outputs)


def test_with_all_limits_and_columns_the_bytes_and_counts_are_the_local_ones(
    spark: object, model: SentimentModel, tmp_path: Path
) -> None:
    pytest.importorskip("py3langid")
    write_reviews(tmp_path / "in/a.parquet", [*NOT_KNOWN, *some_texts(200)])
    local = score_files(
        tmp_path / "in", tmp_path / "local", model=model, options=Options(**EVERYTHING)
    )
    found = on_spark(Dump(tmp_path / "in", tmp_path / "local", local), tmp_path / "out", model,
                     **EVERYTHING)  # fmt: skip
    assert contents(tmp_path / "out") == contents(tmp_path / "local")
    assert found.counts == local.counts
    assert min(local.counts.other_language, local.counts.too_unknown) >= 1


def test_files_that_fail_are_named_as_locally_and_the_others_are_scored(
    spark: object, bad_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    result = on_spark(bad_dump, tmp_path / "out", model)
    assert (result.count("scored"), result.count("failed")) == (2, 3)
    local = reasons(bad_dump.result, bad_dump.outputs)
    assert reasons(result, tmp_path / "out") == local
    assert contents(tmp_path / "out") == contents(bad_dump.outputs)


def test_success_is_withdrawn_by_the_worker_that_begins(
    spark: object, bad_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/_SUCCESS").touch()
    result = on_spark(bad_dump, tmp_path / "out", model, success_file=True)
    assert result.success_file is not None
    assert not result.success_file.is_written
    assert not (tmp_path / "out/_SUCCESS").exists()


def test_an_executor_that_is_killed_costs_no_file_and_its_worker_ends(
    spark: object, long_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    planned = plan([long_dump.folder], tmp_path / "out")
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            run_job,
            planned,
            model,
            Options(wait_lock=60),
            probe=Held(tmp_path),
            engine=SparkEngine(),
        )
        python, daemon = wait_until_held(tmp_path)
        os.kill(parent_of(daemon), signal.SIGKILL)
        wait_until_gone(python)
        (tmp_path / "go").touch()
        result = job.result()
    assert contents(tmp_path / "out") == contents(long_dump.outputs)
    assert result.count("failed") == 0
    assert result.reused > 0
    assert "handed out again, since a worker was lost" in result.notes[0]
    # The program's session is used from other threads, too, and stays.
    assert spark.range(3).count() == 3


def test_a_stop_ends_the_job_and_the_next_one_goes_on(
    spark: object, long_dump: Dump, model: SentimentModel, tmp_path: Path
) -> None:
    planned, stop = plan([long_dump.folder], tmp_path / "out"), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            run_job, planned, model, stop=stop, probe=Held(tmp_path), engine=SparkEngine()
        )
        wait_until_held(tmp_path)
        stop.set()
        result = job.result(timeout=20)
    assert result.count(STOPPED) >= 1
    (tmp_path / "go").touch()
    result = on_spark(long_dump, tmp_path / "out", model)
    assert result.count("failed") == 0
    assert contents(tmp_path / "out") == contents(long_dump.outputs)


def test_a_worker_of_another_version_or_another_cpu_is_refused(
    spark: object,
    dump: Dump,
    model: SentimentModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = contract.driver_versions()
    with monkeypatch.context() as patch:
        patch.setattr(contract, "driver_versions", lambda: mine | {"numpy": "1.0"})
        with pytest.raises(UsageError, match=f"has numpy {mine['numpy']}, and this machine 1.0;"):
            on_spark(dump, tmp_path / "out", model)
    other = SentimentModel.load()
    vars(other)["fingerprint"] = "0" * 64
    with pytest.raises(UsageError, match="--same-cpu is given, and the CPU of the worker"):
        on_spark(dump, tmp_path / "out", other, same_cpu=True)
    assert not (tmp_path / "out").exists()
    assert on_spark(dump, tmp_path / "out", model, same_cpu=True).count("failed") == 0
    assert worker.differing(mine, mine) is None


def test_a_task_that_takes_two_cores_halves_the_slots(spark: object) -> None:
    settings = SimpleNamespace(get=lambda key, default: {"spark.task.cpus": "2"}.get(key, default))
    assert (slots_of(spark), slots_of(SimpleNamespace(range=spark.range, conf=settings))) == (2, 1)


TEXTS = ["A great film.", None, "What an awful story.", "", "<br/>"] * 8
COLUMNS = (
    "id long, data struct<review:string,l:array<int>>, m map<string,int>, b binary, d decimal(9,2)"
)


def test_rows_of_a_data_frame_get_the_local_scores_to_the_bit(
    spark: object, model: SentimentModel
) -> None:
    from decimal import Decimal

    rows = [
        (row, (text, [1, None]), {"k": row}, bytearray(b"x"), Decimal("1.25"))
        for row, text in enumerate(TEXTS)
    ]
    # More partitions than rows: some are empty.
    frame = spark.createDataFrame(rows, COLUMNS).repartition(60)
    scored = with_sentiment(frame, model=model, text_column="data.review", prefix="x_")
    assert scored.columns == [*frame.columns, "x_sentiment", "x_sentiment_score"]
    assert scored.schema.fields[:5] == frame.schema.fields
    found = sorted(scored.collect(), key=lambda row: row["id"])
    assert [tuple(row)[:5] for row in found] == rows
    scores = model.score(TEXTS)
    expected = [None if text != text else float(text) for text in scores]
    assert [row["x_sentiment_score"] for row in found] == expected
    assert [row["x_sentiment"] for row in found] == list(model.predict(TEXTS))
    kept = with_sentiment(frame, model=model, text_column="data.review", keep=["m", "id"])
    assert kept.columns == ["id", "m", "sentiment", "sentiment_score"]
    assert with_sentiment(frame.limit(0), text_column="data.review").collect() == []
    asked = with_sentiment(
        frame, model=model, text_column="data.review", keep=[],
        doubt=Doubt(max_unknown=0.5, reasons=True, quality=True),
    )  # fmt: skip
    assert asked.dtypes[2:] == [
        ("sentiment_reason", "string"), ("sentiment_tokens", "int"), ("sentiment_unknown", "float"),
    ]  # fmt: skip
    assert {row["sentiment_reason"] for row in asked.collect()} >= {"no text"}


def test_a_data_frame_that_does_not_fit_is_refused_before_a_row_is_scored(spark: object) -> None:
    frame = spark.createDataFrame([(1, "a")], "id long, sentiment string")
    with pytest.raises(ReviewsError, match="there is a column 'sentiment' already"):
        with_sentiment(frame, text_column="sentiment")
    with pytest.raises(ReviewsError, match="there is no column 'body'"):
        with_sentiment(frame, text_column="body")
