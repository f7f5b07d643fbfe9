"""What travels between driver and workers, without an engine: in this process."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from held import wait_until_gone
from helpers import left_in, some_texts, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.engines import contract, worker
from scorer.engines.carried import CarriedModel
from scorer.engines.contract import Done, FileEngine, Handed, Process, Refused, Roster, Sealed
from scorer.errors import ModelRefused, UsageError
from scorer.job.result import FAILED, SCORED, SKIPPED, FileResult
from scorer.planning.freshness import STAMP_KEY
from scorer.planning.plan import Task
from scorer.system.cores import available_cores
from umlaut import installed


class Pickled(FileEngine):
    """Hands files to this process, but through pickles, as engines do."""

    name = "Pickled"

    def dumps(self, value: object) -> bytes:
        return pickle.dumps(value)

    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done | Refused]:
        for one in handed:
            if stop.is_set():
                return
            sent = pickle.loads(pickle.dumps((sealed, one)))  # noqa: S301
            yield pickle.loads(pickle.dumps(worker.work(*sent)))  # noqa: S301


@pytest.fixture(autouse=True)
def _this_process_is_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory pool stays, and so does it when its parent is gone."""
    monkeypatch.setattr(worker, "start_process", lambda: None)
    monkeypatch.setattr(worker, "_loaded", {})


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    for number in range(4):
        write_reviews(tmp_path / "in" / f"{number}.parquet", some_texts(20 * (number + 1), number))
    (tmp_path / "in/broken.parquet").write_bytes(b"PAR1")
    return tmp_path / "in"


def test_workers_make_the_local_bytes_and_the_report_has_the_order_of_the_plan(
    dump: Path, model: SentimentModel, tmp_path: Path
) -> None:
    local = score_files(dump, tmp_path / "local", model=model)
    engine = Pickled()
    names: list[str] = []
    result = score_files(
        dump,
        tmp_path / "out",
        model=model,
        engine=engine,
        done=lambda one: names.append(one.task.input.name),
    )
    assert [one.task.input for one in result.files] == [one.task.input for one in local.files]
    assert [(one.status, one.reason, one.counts) for one in result.files] == [
        (one.status, one.reason, one.counts) for one in local.files
    ]
    assert left_in(tmp_path / "out") == left_in(tmp_path / "local")
    for name in left_in(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    # Large files first.
    assert names == ["3.parquet", "2.parquet", "1.parquet", "0.parquet", "broken.parquet"]
    assert (result.crew.engine, result.threads) == ("Pickled", 1)
    assert result.fingerprint == model.fingerprint
    assert local.threads == available_cores()


def test_workers_take_the_scores_of_earlier_outputs_and_say_what_they_forgot(
    dump: Path, model: SentimentModel, tmp_path: Path
) -> None:
    score_files(dump, tmp_path / "old", model=model)
    write_reviews(dump / "3.parquet", some_texts(2000, 3))
    options = Options(reuse=(str(tmp_path / "old"),), remember=1000)
    result = score_files(dump, tmp_path / "out", model=model, engine=Pickled(), options=options)
    assert [one.spared.from_outputs for one in result.files] == [20, 40, 60, 80, 0]
    assert [note.partition(" the older")[0] for note in result.notes] == [
        "of more than the 24 texts that --remember keeps"
    ]
    score_files(dump, tmp_path / "local", model=model)
    for name in left_in(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


def test_a_worker_of_another_arithmetic_takes_no_scores_and_fails_the_file_by_name(
    dump: Path, model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.parquet"
    score_files(dump / "0.parquet", old, model=model)
    monkeypatch.setattr(SentimentModel, "fingerprint", "f" * 64)
    options = Options(reuse=(str(old),))
    result = score_files(
        dump / "1.parquet", tmp_path / "out/", model=model, engine=Pickled(), options=options
    )
    assert result.files[0].reason == (
        f"reusing {old}: its scores are of another arithmetic, {model_print(old)[:12]} and not "
        "ffffffffffff; name an output that agrees with this run, or leave it out"
    )


def model_print(output: Path) -> str:
    """Return the fingerprint that an output's footer names."""
    footer = pq.read_metadata(output).metadata[STAMP_KEY.encode()]
    return str(json.loads(footer)["fingerprint"])


def test_relative_paths_lead_where_they_lead_for_the_driver(
    dump: Path, model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    class Elsewhere(Pickled):
        def outcomes(self, *given: object) -> Iterator[Done | Refused]:
            with chdir(elsewhere):
                answers = list(super().outcomes(*given))
                assert Path.cwd() == elsewhere
            return iter(answers)

    result = score_files("in/0.parquet", "out/", model=model, engine=Elsewhere())
    assert (result.count(SCORED), left_in(elsewhere)) == (1, [])
    assert str(result.files[0].task.input) == "in/0.parquet"


def test_an_input_that_a_worker_does_not_see_fails_with_its_name(
    dump: Path, model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.platform, "node", lambda: "worker-7")

    class Blind(Pickled):
        def outcomes(self, *given: object) -> Iterator[Done | Refused]:
            (dump / "0.parquet").unlink()
            return super().outcomes(*given)

    result = score_files(dump, tmp_path / "out", model=model, engine=Blind())
    assert result.files[0].reason == (
        f"reading {dump}/0.parquet: the worker worker-7 doesn't see it; name an input that every "
        "worker shares"
    )
    assert (result.count(SCORED), result.count(FAILED)) == (3, 2)


def test_an_output_that_the_driver_does_not_see_fails_with_the_workers_name(
    tmp_path: Path,
) -> None:
    task = Task(tmp_path / "a.parquet", tmp_path / "out/a.parquet")
    done = Done(0, FileResult(task, SCORED), Process("worker-7", 1, None, 0))
    assert contract.seen_from_here(done).result.reason == (
        f"writing {tmp_path}/out/a.parquet: the worker worker-7 wrote it, and it isn't there from "
        "here; name an output that every worker and this machine share"
    )
    write_reviews(task.output, ["a"])
    assert contract.seen_from_here(done) is done


def test_a_worker_of_other_versions_is_refused_by_name_before_it_opens_the_job(
    dump: Path, model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = contract.driver_versions()
    assert sorted(mine) == ["numpy", "onnxruntime", "pyarrow", "python", "scorer"]
    for name in mine:
        sealed = Sealed(mine | {name: "0.1"}, b"nothing that could be opened", name)
        found = worker.work(sealed, Handed(0, Task(dump, dump)))
        assert isinstance(found, Refused)
        assert f"has {name} {mine[name]}, and this machine 0.1; install the same" in found.reason
    monkeypatch.setattr(contract, "driver_versions", lambda: mine | {"numpy": "1.0"})
    with pytest.raises(UsageError, match="^running on Pickled: the worker .* has numpy"):
        score_files(dump, tmp_path / "out", model=model, engine=Pickled())
    assert not (tmp_path / "out").exists()


def test_a_worker_with_another_detector_of_languages_is_refused_where_it_is_asked(
    dump: Path, model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    for module, version in ((contract, "py3langid 1"), (worker, "py3langid 2")):
        found = dict([version.split()])
        monkeypatch.setattr(module, "detector_versions", lambda found=found: found)
    options = Options(only_language="en")
    with pytest.raises(UsageError, match="has py3langid 2, and this machine 1; install the same"):
        score_files(dump, tmp_path / "out", model=model, options=options, engine=Pickled())
    result = score_files(dump, tmp_path / "out", model=model, engine=Pickled())
    assert result.count(SCORED) == 4


def test_another_kind_of_cpu_is_named_and_refused_if_that_is_asked_for(
    dump: Path, model: SentimentModel, tmp_path: Path
) -> None:
    other = SentimentModel.load()
    vars(other)["fingerprint"] = "0" * 64
    options = Options(same_cpu=True)
    with pytest.raises(UsageError, match="--same-cpu is given, and the CPU of the worker"):
        score_files(dump, tmp_path / "out", model=other, options=options, engine=Pickled())
    roster = Roster()
    for number, kind in enumerate(("aa" * 32, "bb" * 32, "bb" * 32)):
        result = FileResult(Task(dump, dump), SCORED)
        roster.add(Done(number, result, Process(f"host{number}", 1, kind, 5), 1.5))
    crew = roster.crew("Spark")
    assert crew.fingerprint is None
    assert (crew.cpu_seconds, crew.peak_memory, crew.threads) == (4.5, 5, 3)
    assert crew.notes == (
        "the workers' CPUs are of 2 kinds, whose scores may differ in the last bits (aaaaaaaa on "
        "host0; bbbbbbbb on host1, host2); --same-cpu refuses that",
    )


def test_files_that_were_handed_out_again_are_told(dump: Path) -> None:
    roster = Roster()
    for number in range(5):
        result = FileResult(Task(Path(f"{number}.parquet"), dump), SKIPPED)
        roster.add(Done(number, result, Process("host", 1, None, 5), attempt=number % 2))
    assert roster.crew("Ray").notes == (
        "2 files were handed out again, since a worker was lost, such as 1.parquet, 3.parquet",
    )


def test_a_file_that_is_given_up_says_what_the_engine_said() -> None:
    handed = Handed(3, Task(Path("a.parquet"), Path("out/a.parquet")))
    done = contract.given_up(handed, "Ray", RuntimeError("\nthe node died\nand more"), 3)
    assert (done.place, done.result.status, done.attempt) == (3, FAILED, 3)
    assert done.result.reason == (
        "scoring a.parquet: its workers were lost, and Ray gave it up: the node died; look at the "
        "engine's logs, and run again"
    )


def test_a_model_that_ships_travels_by_name_and_any_other_by_its_bytes(
    model: SentimentModel, tmp_path: Path
) -> None:
    carried = CarriedModel.of(model)
    assert (carried.content, carried.load().file.sha256) == (None, model.file.sha256)
    with pytest.raises(ModelRefused, match="it is another one on the worker"):
        replace(carried, path="fast.onnx").load()
    path = tmp_path / "my.onnx"
    path.write_bytes(model.file.content)
    mine = CarriedModel.of(SentimentModel.load(path))
    path.unlink()
    assert (mine.load().name, mine.load().file.content) == (str(path), model.file.content)
    with pytest.raises(ModelRefused, match="it is damaged"):
        replace(mine, content=model.file.content[:-1] + b"?").load()


def test_a_process_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    child = (
        "import os, time; from scorer.system.parent import end_with_parent; end_with_parent();"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); input()"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        orphan = int(process.stdout.readline())
        process.kill()
        wait_until_gone(orphan)
