"""The job as a function: it does what the command does, and leaves the process as it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import scorer
from helpers import left_in, run_command, some_texts, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import ModelRefused, UsageError
from scorer.job.result import FAILED, SCORED, SKIPPED, STOPPED, FileResult


def test_the_public_names_are_listed() -> None:
    assert dir(scorer) == sorted(scorer.__all__)
    assert {"Kernel", "Options", "SentimentError", "SentimentModel", "score_files"} <= set(
        dir(scorer)
    )
    for name in scorer.__all__:
        assert getattr(scorer, name)


def test_it_writes_the_bytes_that_the_command_writes_and_prints_nothing(
    model: SentimentModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3000))
    rows: list[int] = []
    done: list[FileResult] = []
    result = score_files(
        source, tmp_path / "out.parquet", model=model, done=done.append, watch=rows.append
    )
    assert capfd.readouterr() == ("", "")
    assert (result.count(SCORED), sum(rows), done) == (1, 3000, list(result.files))
    assert run_command("scorer", "run", source, tmp_path / "command.parquet").returncode == 0
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "command.parquet").read_bytes()
    assert score_files(source, tmp_path / "out.parquet").count(SKIPPED) == 1


def test_files_that_fail_stand_in_the_result_and_options_are_kept(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_reviews(tmp_path / "in/a.parquet", some_texts(5))
    (tmp_path / "in/b.parquet").write_text("no parquet at all")
    options = Options(keep=(), prefix="new_")
    result = score_files(tmp_path / "in", tmp_path / "out", model=model, options=options)
    assert [file.status for file in result.files] == [SCORED, FAILED]
    assert result.options == options
    assert pq.read_schema(tmp_path / "out/a.parquet").names == [
        "new_sentiment",
        "new_sentiment_score",
    ]


def test_wrong_usage_and_a_refused_model_raise(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    (tmp_path / "foreign.onnx").write_bytes(b"onnx")
    with pytest.raises(UsageError, match="does not exist"):
        score_files([tmp_path / "none.parquet"], tmp_path / "out.parquet")
    with pytest.raises(UsageError, match="models that ship: default, fast"):
        score_files(source, tmp_path / "out.parquet", model="bogus")
    with pytest.raises(ModelRefused, match="it is not a model file of this project"):
        score_files(source, tmp_path / "out.parquet", model=tmp_path / "foreign.onnx")
    assert left_in(tmp_path) == ["foreign.onnx", "in.parquet"]


def test_arrow_allocates_from_the_system_while_it_runs_and_as_before_afterwards(
    model: SentimentModel, tmp_path: Path
) -> None:
    before = pa.default_memory_pool().backend_name
    during: list[str] = []

    def watch(rows: int) -> None:
        during.append(pa.default_memory_pool().backend_name)
        if len(during) == 1:
            # A call within a call must not restore the pool for the outer one.
            score_files(other, tmp_path / "other-out.parquet", model=model)
            during.append(pa.default_memory_pool().backend_name)

    other = write_reviews(tmp_path / "other.parquet", some_texts(5))
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    score_files(source, tmp_path / "out.parquet", model=model, watch=watch)
    assert during == ["system", "system"]
    assert pa.default_memory_pool().backend_name == before
    with pytest.raises(UsageError):
        score_files("none", "out")
    assert pa.default_memory_pool().backend_name == before


def test_a_stop_ends_the_job_and_the_next_call_goes_on_where_it_was(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target, stop = tmp_path / "in", tmp_path / "out", threading.Event()
    for name in ("a", "b", "c"):
        write_reviews(source / f"{name}.parquet", some_texts(9000 if name == "b" else 50))
    written: list[int] = []

    def stop_in_b(rows: int) -> None:
        written.append(rows)
        if len(written) == 3:
            stop.set()

    options = Options(threads=1)
    stopped = score_files(source, target, model=model, options=options, watch=stop_in_b, stop=stop)
    assert [file.status for file in stopped.files] == [SCORED, STOPPED, STOPPED]
    assert stopped.files[1].reason == stopped.files[2].reason
    assert "the job was stopped; what was finished stays" in stopped.files[1].reason
    assert left_in(target) == [".b.parquet.scores", "a.parquet"]

    resumed = score_files(source, target, model=model, options=options)
    assert [file.status for file in resumed.files] == [SKIPPED, SCORED, SCORED]
    assert resumed.files[1].reused >= sum(written[1:])
    score_files(source, tmp_path / "undisturbed", model=model)
    for name in left_in(target):
        assert (target / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()


def test_a_stop_that_was_set_before_scores_nothing(model: SentimentModel, tmp_path: Path) -> None:
    source, stop = write_reviews(tmp_path / "in.parquet", some_texts(5)), threading.Event()
    stop.set()
    result = score_files(source, tmp_path / "out.parquet", model=model, stop=stop)
    assert [file.status for file in result.files] == [STOPPED]
    assert left_in(tmp_path) == ["in.parquet"]
