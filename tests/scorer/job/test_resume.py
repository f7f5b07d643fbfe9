"""Runs that are killed, stopped, or started twice: real processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from helpers import (
    left_in,
    resealed,
    run_command,
    scores_of,
    some_texts,
    start_slow_scorer,
    wait_for,
    write_reviews,
)
from scorer import SentimentModel
from scorer.errors import Stopped
from scorer.job import prepared
from scorer.job.journal import begin_partial, journal_path, kept_scores
from scorer.job.result import SCORED, ModelId
from scorer.job.run import run_job
from scorer.planning.freshness import STAMP_KEY, versions
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS, ParquetReviews

# Windows of a small file: each is of this size, the last one smaller.
WINDOW = LEAST_WINDOW_ROWS
ROWS = {"a.parquet": 60, "large.parquet": 9000, "z/b.parquet": 600}
SMALL = 4 * WINDOW


def undisturbed(model: SentimentModel, source: Path, target: Path) -> dict[str, bytes]:
    """Return the bytes of all outputs of a run that nothing happens to, by name."""
    run_job(plan([source], target), model, Options(threads=1))
    written = {name: (target / name).read_bytes() for name in left_in(target)}
    shutil.rmtree(target)
    return written


def write_dump(folder: Path) -> Path:
    for name, rows in ROWS.items():
        write_reviews(folder / name, [*some_texts(rows - 2), None, "é"], row_group_size=700)
    return folder


def count_windows(path: Path) -> int:
    with ParquetReviews(path) as reviews:
        return sum(1 for _ in reviews.windows())


def outputs(target: Path) -> dict[str, bytes]:
    return {name: (target / name).read_bytes() for name in left_in(target)}


def kill_at_random(source: Path, target: Path, log: Path, chance: random.Random) -> None:
    before = log.stat().st_size
    process = start_slow_scorer("run", source, target, "--threads", 1, seconds=0.02, log=log)
    while process.poll() is None and log.stat().st_size == before:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.2))
    process.kill()
    process.communicate()


def test_killed_at_any_moment_and_run_again_the_bytes_are_the_same(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target, log = write_dump(tmp_path / "in"), tmp_path / "out", tmp_path / "log"
    expected = undisturbed(model, source, target)
    windows = sum(count_windows(source / name) for name in ROWS)
    chance = random.Random(7)  # noqa: S311  # test data
    log.touch()
    kills_of_this_job = 0
    for kill in range(1, 21):
        kill_at_random(source, target, log, chance)
        kills_of_this_job += 1
        finished = {
            name: content
            for name, content in outputs(target).items()
            if not Path(name).name.startswith(".")
        }
        assert (
            finished.items() <= expected.items()
        )  # what stands under a final name is whole, at every moment
        if len(finished) == len(ROWS) or kill == 20:
            done = start_slow_scorer("run", source, target, "--threads", 1, log=log)
            assert (*done.communicate()[1:], done.returncode) == ("", 0)
            assert outputs(target) == expected
            # A kill costs what was being scored together: a window, and a small one of a file
            # beside it.
            scored = log.read_text().count("\n")
            assert windows <= scored <= windows + 2 * kills_of_this_job
            shutil.rmtree(target)
            log.write_text("")
            kills_of_this_job = 0


def begun(source: Path, target: Path, *, windows: int) -> subprocess.Popen[str]:
    """Start a run on one thread and let it score so many windows; it waits within the next."""
    log = source.parent / "log"
    log.write_text("")
    process = start_slow_scorer(
        "run", source, target, "--threads", 1, log=log, after=windows, gate=source.parent / "gate"
    )
    wait_for(log, process, lines=windows + 1)
    return process


def killed(source: Path, target: Path, *, windows: int = 3) -> None:
    """Score so many windows of a file and die."""
    process = begun(source, target, windows=windows)
    process.kill()
    process.communicate()
    assert not target.exists()


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (
            signal.SIGTERM,
            143,
            "Error: stopped by SIGTERM; what was finished stays, run again to go on\n",
        ),
        (
            signal.SIGINT,
            130,
            "Error: stopped by Ctrl-C; what was finished stays, run again to go on\n",
        ),
    ],
)
def test_a_stopped_run_ends_at_once_and_goes_on_where_it_was(
    model: SentimentModel, tmp_path: Path, number: signal.Signals, code: int, message: str
) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(SMALL)),
        tmp_path / "out.parquet",
    )
    process = begun(source, target, windows=3)
    process.send_signal(number)
    # The gate stays closed: the run ends although its window is still held.
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (code, message)
    assert left_in(tmp_path) == [".out.parquet.scores", "in.parquet", "log"]
    (result,) = run_job(plan([source], target), model).files
    assert (result.status, result.reused) == (SCORED, 3 * WINDOW)
    assert left_in(tmp_path) == ["in.parquet", "log", "out.parquet"]


def test_a_stop_before_the_first_window_leaves_nothing(tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(SMALL)),
        tmp_path / "out.parquet",
    )
    process = begun(source, target, windows=0)
    assert left_in(tmp_path) == [".out.parquet.partial", ".out.parquet.scores", "in.parquet", "log"]
    process.terminate()
    process.communicate(timeout=60)
    assert (process.returncode, left_in(tmp_path)) == (143, ["in.parquet", "log"])


def test_a_stop_does_not_wait_for_a_row_group_that_is_being_written(tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(40)),
        tmp_path / "out.parquet",
    )
    marks = {"writing": tmp_path / "writing", "gate": tmp_path / "gate"}
    process = start_slow_scorer("run", source, target, **marks)
    wait_for(tmp_path / "writing", process)
    process.terminate()
    # The gate stays closed: the run ends although the row group is still held.
    process.communicate(timeout=60)
    assert (process.returncode, left_in(tmp_path)) == (
        143,
        [".out.parquet.scores", "in.parquet", "writing"],
    )


def test_what_is_taken_from_the_journal_counts_as_if_it_were_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    odd = [None, "great " * 1500, "zzz"]
    texts = [*some_texts(WINDOW), *odd, *some_texts(SMALL - WINDOW - len(odd), seed=2)]
    source, target = write_reviews(tmp_path / "in.parquet", texts), tmp_path / "out.parquet"
    (whole,) = run_job(plan([source], tmp_path / "whole.parquet"), model).files
    killed(source, target)
    (resumed,) = run_job(plan([source], target), model).files
    assert resumed.reused == 3 * WINDOW
    assert resumed.counts == whole.counts
    assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_another_model_or_force_scores_all_anew(model: SentimentModel, tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(SMALL)),
        tmp_path / "out.parquet",
    )
    other = tmp_path / "other.onnx"
    other.write_bytes(resealed(model.file.content, b'"date":"2', b'"date":"3'))
    killed(source, target)
    (result,) = run_job(plan([source], target), SentimentModel.load(other)).files
    assert (result.status, result.reused) == (SCORED, 0)
    target.unlink()
    killed(source, target)
    (result,) = run_job(plan([source], target), model, Options(force=True)).files
    assert (result.status, result.reused) == (SCORED, 0)


def test_scores_of_another_onnxruntime_are_not_taken_up(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(SMALL)), tmp_path / "out"
    killed(source, target)
    other = versions() | {"onnxruntime": "0.1"}
    monkeypatch.setattr(prepared, "versions", lambda: other)
    (result,) = run_job(plan([source], target), model).files
    assert (result.status, result.reused) == (SCORED, 0)


def test_scores_of_another_kind_of_cpu_are_not_taken_up(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(SMALL)), tmp_path / "out"
    killed(source, target)
    other = SentimentModel(model.file)
    other.fingerprint = "0" * 64
    (result,) = run_job(plan([source], target), other).files
    assert (result.status, result.reused) == (SCORED, 0)


def test_the_plan_says_what_is_scored_already_and_touches_nothing(tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(SMALL)),
        tmp_path / "out.parquet",
    )
    killed(source, target)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in left_in(tmp_path)}
    done = run_command("scorer", "run", "--dry-run", source, target)
    assert done.returncode == 0
    assert (
        done.stdout
        == f"planned  {target}: 2,048 rows; new; 1,536 rows were scored by a run that was stopped\n"
    )
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in left_in(tmp_path)} == before


def test_a_torn_record_costs_only_itself(model: SentimentModel, tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(SMALL)),
        tmp_path / "out.parquet",
    )
    (whole,) = run_job(plan([source], tmp_path / "whole.parquet"), model).files
    killed(source, target)
    os.truncate(journal_path(target), journal_path(target).stat().st_size - 1)
    (result,) = run_job(plan([source], target), model).files
    assert (result.reused, result.counts) == (2 * WINDOW, whole.counts)
    assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_of_two_runs_on_one_output_one_finishes_and_one_says_why_not(tmp_path: Path) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(2 * WINDOW)),
        tmp_path / "out.parquet",
    )
    first = begun(source, target, windows=1)
    second = run_command("scorer", "run", source, target)
    message = "another run is writing it; wait until that has ended, or name another output"
    assert (second.returncode, second.stdout) == (3, "")
    assert second.stderr == f"Error: writing {target}: {message}\n"
    assert first.poll() is None
    (tmp_path / "gate").touch()
    assert (first.communicate()[1], first.returncode) == ("", 0)
    assert left_in(tmp_path) == ["gate", "in.parquet", "log", "out.parquet"]
    assert pq.read_metadata(target).num_rows == 2 * WINDOW


def test_what_a_run_left_that_was_killed_at_its_very_end_goes_with_the_next(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(9)), tmp_path / "out.parquet"
    run_job(plan([source], target), model)
    with pytest.raises(Stopped), kept_scores(target, ModelId("a", "b")) as journal:
        begin_partial(target, journal).write_bytes(b"left")
        journal.add(0, bytes(16), scores_of(np.zeros(9, np.float32)))
        raise Stopped("killed", 137)
    assert (
        run_command("scorer", "run", source, target).stdout == f"skipped  {target}: already done\n"
    )
    assert left_in(tmp_path) == ["in.parquet", "out.parquet"]


def test_a_model_that_is_replaced_during_a_run_changes_nothing(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = (
        write_reviews(tmp_path / "in.parquet", some_texts(2 * WINDOW)),
        tmp_path / "out.parquet",
    )
    (tmp_path / "model.onnx").write_bytes(model.file.content)
    run_job(plan([source], tmp_path / "whole.parquet"), model)
    process = start_slow_scorer(
        "run", source, target, "--model", tmp_path / "model.onnx", gate=tmp_path / "gate"
    )
    wait_for(journal_path(target), process)
    (tmp_path / "model.onnx").write_bytes(resealed(model.file.content, b'"date":"2', b'"date":"3'))
    (tmp_path / "gate").touch()
    assert (process.communicate()[1], process.returncode) == ("", 0)
    assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert (
        json.loads(pq.read_metadata(target).metadata[STAMP_KEY.encode()])["model_sha256"]
        == model.file.sha256
    )


def test_a_finished_folder_run_again_scores_nothing_and_touches_no_file(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_dump(tmp_path / "in"), tmp_path / "out"
    run_job(plan([source], target), model)
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [target, *target.rglob("*")]
    }
    again = start_slow_scorer("run", source, target, log=tmp_path / "log")
    stdout, _ = again.communicate()
    assert not (tmp_path / "log").exists()
    assert stdout.splitlines()[-1] == "3 files: 3 skipped; 0 rows written"
    assert {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [target, *target.rglob("*")]
    } == before
