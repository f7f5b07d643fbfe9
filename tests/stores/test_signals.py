"""SIGTERM and Ctrl-C while a store answers nothing; what a killed run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers import left_in, processes
from scorer import SentimentModel, score_files
from scorer.storage.stores import StoreSettings
from small_store import Fault, SmallStore
from store_servers import Run

IN, OUT = "s3://bucket/in.parquet", "s3://bucket/out.parquet"
ANSWER_SECONDS = 2.0


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scorer", "run", "--model", "fast", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    processes.append(process)
    return process


def wait_until_asked(store: SmallStore, method: str, query: str = "") -> None:
    ends = time.monotonic() + 60
    while not any(one.method == method and query in one.query for one in list(store.asked)):
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT"])
def test_a_signal_is_answered_while_the_store_answers_nothing(
    store: SmallStore, reviews: Path, tmp_path: Path, method: str, number: signal.Signals
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [Fault("hang", method, times=99)]
    process = start("--state-dir", tmp_path / "state", IN, OUT)
    wait_until_asked(store, method)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert time.monotonic() - began < ANSWER_SECONDS
    assert process.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    assert "what was finished stays, run again to go on" in stderr
    assert "Traceback" not in stderr
    assert "out.parquet" not in store.objects


def test_scores_of_a_run_that_was_killed_while_it_put_are_taken_up(
    store: SmallStore, reviews: Path, run: Run, tmp_path: Path
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    assert run(IN, OUT).returncode == 0
    expected = store.objects.pop("out.parquet")
    store.faults = [Fault("hang", "PUT")]
    store.asked.clear()
    process = start("--state-dir", tmp_path / "state", IN, OUT)
    wait_until_asked(store, "PUT")
    time.sleep(0.2)
    process.kill()
    process.wait()
    assert "out.parquet" not in store.objects
    done = run(IN, OUT)
    assert "3,000 rows were scored by a run that was stopped" in done.stdout
    assert store.objects["out.parquet"] == expected
    assert left_in(tmp_path / "state") == []


def test_two_runs_of_one_machine_do_not_write_one_object_at_once(
    store: SmallStore, reviews: Path, run: Run, tmp_path: Path
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [Fault("hang", "PUT")]
    start("--state-dir", tmp_path / "state", IN, OUT)
    wait_until_asked(store, "PUT")
    second = run(IN, OUT)
    assert second.returncode == 3
    assert "another run is writing it" in second.stderr
    assert OUT in second.stderr


def test_a_stop_ends_the_waiting_for_a_store(
    store: SmallStore, fast: SentimentModel, reviews: Path, tmp_path: Path
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [Fault("hang", "GET", times=99)]
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    settings = StoreSettings(state=tmp_path / "state")
    result = score_files(IN, OUT, model=fast, stop=stop, stores=settings)
    assert time.monotonic() - began < 0.5 + ANSWER_SECONDS
    assert result.files[0].status == "stopped"


def test_an_upload_in_parts_is_taken_back_on_sigterm_and_named_after_a_kill(
    store: SmallStore, reviews: Path, run: Run, tmp_path: Path
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [Fault("slow", "PUT", times=99, query="partNumber")]
    state = tmp_path / "state"
    script = tmp_path / "small_parts.py"
    script.write_text(
        "from scorer.storage import stores\n"
        "stores.MOST_AT_ONCE = stores.PART_BYTES = 1 << 14\n"
        "stores.PARTS_AT_ONCE = 1\n"
        "from scorer.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, str(script), "run", "--model", "fast", "--state-dir", str(state)]
    for number, left in ((signal.SIGTERM, 0), (signal.SIGKILL, 1)):
        store.asked.clear()
        process = subprocess.Popen(
            [*command, IN, OUT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        wait_until_asked(store, "PUT", "partNumber")
        began = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=60)
        assert time.monotonic() - began < ANSWER_SECONDS
        time.sleep(0.5)
        assert len(store.uploads) == left
        assert "out.parquet" not in store.objects
    store.faults.clear()
    done = run(IN, OUT)
    assert "a run was killed while it uploaded" in done.stderr + done.stdout
    assert "out.parquet" in store.objects
    assert left_in(state) == []
