"""Spark Connect by the command: one way for both kinds of Spark. And a driver that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from dumps import Dump, contents, without_times
from held import wait_until_gone, wait_until_held
from helpers import processes, run_command, told
from scorer.reports.report import read_report

REMOTE = os.environ | {"SPARK_REMOTE": "local[2]"}
HERE = Path(__file__).parent


def test_the_command_on_spark_connect_makes_the_local_bytes(dump: Dump, tmp_path: Path) -> None:
    words = ["run", "--engine", "spark", dump.folder, tmp_path / "out"]
    done = run_command("scorer", *words, "--report", tmp_path / "report.json", env=REMOTE)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(dump.outputs)
    report = read_report(tmp_path / "report.json")
    assert (report.engine, report.scored) == ("Spark", len(dump.result.files))
    assert [Path(one.output).name for one in report.files] == [
        one.output for one in without_times(dump.result)
    ]
    assert told(done)[-1].startswith(f"{len(dump.result.files)} files: ")


def test_rows_on_spark_connect_get_the_local_scores_to_the_bit() -> None:
    command = [sys.executable, str(HERE / "on_connect.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=REMOTE, check=False)
    assert "as locally" in done.stdout, done.stderr


def test_a_driver_that_was_killed_is_run_again_and_goes_on(long_dump: Dump, tmp_path: Path) -> None:
    words = [sys.executable, str(HERE / "held_driver.py"), str(tmp_path)]
    words += ["run", "--engine", "ray", str(long_dump.folder), str(tmp_path / "out")]
    driver = subprocess.Popen(
        words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    processes.append(driver)
    worker, _ = wait_until_held(tmp_path)
    driver.send_signal(signal.SIGKILL)
    wait_until_gone(worker)
    (tmp_path / "go").touch()
    words = ["run", "--engine", "ray", long_dump.folder, tmp_path / "out"]
    again = run_command("scorer", *words, env=dict(os.environ))
    assert again.returncode == 0, again.stderr
    assert "rows were scored by a run that was stopped" in again.stdout
    assert contents(tmp_path / "out") == contents(long_dump.outputs)
