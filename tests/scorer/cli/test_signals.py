"""SIGTERM and Ctrl-C at any moment: real processes, and no bound of time that load could break."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import (
    left_in,
    run_command,
    some_texts,
    start_slow_scorer,
    wait_for,
    write_huge,
    write_reviews,
)

MESSAGES = {
    signal.SIGTERM: "Error: stopped by SIGTERM; what was finished stays, run again to go on\n",
    signal.SIGINT: "Error: stopped by Ctrl-C; what was finished stays, run again to go on\n",
}
NUMBERS = list(MESSAGES)


def send_until_it_ends(process: subprocess.Popen[str], number: signal.Signals) -> None:
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.005)


@pytest.mark.parametrize("number", NUMBERS)
def test_signals_without_end_count_as_one(tmp_path: Path, number: signal.Signals) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(2000))
    process = start_slow_scorer(
        "run", source, tmp_path / "out.parquet", log=tmp_path / "log", gate=tmp_path / "gate"
    )
    wait_for(tmp_path / "log", process, lines=1)
    send_until_it_ends(process, number)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout, stderr) == (128 + number, "", MESSAGES[number])
    assert left_in(tmp_path) == ["in.parquet", "log"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_thread_in_a_huge_review_is_not_waited_for(
    tmp_path: Path, number: signal.Signals, threads: int
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(2000))
    marks = {"log": tmp_path / "log", "gate": tmp_path / "gate", "deaf": 1}
    arguments = ("run", source, tmp_path / "out.parquet", "--threads", threads)
    process = start_slow_scorer(*arguments, **marks)
    wait_for(tmp_path / "log", process, lines=threads)
    process.send_signal(number)
    # The gate stays closed: no thread ends.
    _, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (128 + number, MESSAGES[number])
    assert left_in(tmp_path) == ["in.parquet", "log"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much a process has read")
def test_hashing_a_huge_input_is_not_waited_for(tmp_path: Path) -> None:
    source = write_huge(tmp_path / "in.parquet")
    process = start_slow_scorer("run", source, tmp_path / "out.parquet", "--model", "fast")
    while bytes_read(process) < 200 << 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    # Hashing it to its end would take longer.
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (143, MESSAGES[signal.SIGTERM])
    assert left_in(tmp_path) == ["in.parquet"]


def bytes_read(process: subprocess.Popen[str]) -> int:
    return int(Path(f"/proc/{process.pid}/io").read_text().split("rchar: ")[1].split()[0])


# Sends its own process Ctrl-C when a module is looked for.
PRESS_CTRL_C = """
import os, signal, sys
wanted = sys.argv.pop(1)
class Finder:
    pressed = False
    def find_spec(self, name, path=None, target=None):
        if name == wanted and not Finder.pressed:
            Finder.pressed = True
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from scorer.__main__ import main
main()
"""
MODULES = ["scorer.cli", "click", "scorer.console", "scorer.cli.demo"]
HEAVY_MODULES = [
    "scorer.model",
    "numpy",
    "numpy._core.multiarray",
    "pyarrow",
    "pyarrow.lib",
    "pyarrow.compute",
    "onnxruntime",
    "onnxruntime.capi.onnxruntime_pybind11_state",
]


@pytest.mark.parametrize("module", MODULES + HEAVY_MODULES)
def test_ctrl_c_while_the_process_starts_shows_no_traceback(tmp_path: Path, module: str) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(20))
    arguments = ["run", source, tmp_path / "out.parquet"]
    command = [sys.executable, "-c", PRESS_CTRL_C, module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if module in MODULES:
        # Before our handlers are there, the system's own action: the process ends at once.
        assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
    else:
        expected = (130, "", MESSAGES[signal.SIGINT])
        assert (done.returncode, done.stdout, done.stderr) == expected
    assert left_in(tmp_path) == ["in.parquet"]


@pytest.mark.parametrize("megabytes", range(260, 320, 4))
def test_little_address_space_is_not_ctrl_c(tmp_path: Path, megabytes: int) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(20))
    command = [sys.executable, "-m", "scorer", "run", source, tmp_path / "out.parquet"]
    limit = megabytes << 20
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
    )
    assert "Ctrl-C" not in done.stderr
    assert "please report" not in done.stderr
    assert done.returncode != 130


# Presses Ctrl-C while a C extension is imported, which makes an ImportError of it.
SWALLOW_CTRL_C = """
import os, signal, sys, time
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(60)
            except BaseException:
                raise ImportError("initialization failed") from None
sys.meta_path.insert(0, Finder())
from scorer.__main__ import main
main()
"""
# Has SIGTERM and Ctrl-C come at once, before Python looks at either.
BOTH_AT_ONCE = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            both = {signal.SIGINT, signal.SIGTERM}
            signal.pthread_sigmask(signal.SIG_BLOCK, both)
            for number in both:
                os.kill(os.getpid(), number)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
sys.meta_path.insert(0, Finder())
from scorer.__main__ import main
main()
"""


@pytest.mark.parametrize("code", [SWALLOW_CTRL_C, BOTH_AT_ONCE])
def test_a_signal_that_is_swallowed_or_comes_with_another_still_stops_the_run(
    tmp_path: Path, code: str
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(20))
    command = [sys.executable, "-c", code, "run", str(source), str(tmp_path / "out.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", MESSAGES[signal.SIGINT])
    assert left_in(tmp_path) == ["in.parquet"]


# Sends its own process SIGTERM when the command has returned, and again while the process ends.
TERMINATE_AT_THE_END = """
import atexit, os, signal, sys
from scorer import console
send = lambda: os.kill(os.getpid(), signal.SIGTERM)
main, leave = console.click.Group.main, sys.exit
def late(self, *args, **options):
    main(self, *args, **options)
    sys.exit = late_exit
def late_exit(code):
    sys.exit = leave
    send()
    leave(code)
console.click.Group.main = late
atexit.register(send)
from scorer.__main__ import main as run
run()
"""


def test_a_signal_after_the_job_shows_no_traceback(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(20))
    arguments = ["run", source, tmp_path / "out.parquet"]
    command = [sys.executable, "-c", TERMINATE_AT_THE_END, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, MESSAGES[signal.SIGTERM])
    assert left_in(tmp_path) == ["in.parquet", "out.parquet"]


def test_ctrl_c_that_a_shell_has_ignored_stays_ignored(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(20))
    marks = {"log": tmp_path / "log", "gate": tmp_path / "gate"}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = start_slow_scorer("run", source, tmp_path / "out.parquet", **marks)
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for(tmp_path / "log", process, lines=1)
    process.send_signal(signal.SIGINT)
    (tmp_path / "gate").touch()
    assert (process.communicate()[1], process.returncode) == ("", 0)


def test_a_pipe_in_the_place_of_the_model_is_not_waited_for(tmp_path: Path) -> None:
    source, pipe = write_reviews(tmp_path / "in.parquet", ["Good."]), tmp_path / "model.onnx"
    os.mkfifo(pipe)
    done = run_command("scorer", "run", source, tmp_path / "out.parquet", "--model", pipe)
    assert (done.returncode, done.stdout) == (4, "")
    message = f"Error: reading the model {pipe}: it is not a regular file; name one\n"
    assert done.stderr == message
