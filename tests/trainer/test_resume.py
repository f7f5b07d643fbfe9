"""A run that was killed, as a real process, goes on and ends like an undisturbed one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from helpers import environment, run_command
from tiny import OPTIONS as TINY
from tiny import write_tiny
from trainer.artifact import RunFolder

# Later options win: four epochs of many small batches, so that the process is killed in the middle of one.
OPTIONS = [*TINY, "--epochs", "4", "--patience", "0", "--batch-size", "4"]


def history(run: Path) -> list[list[str]]:
    return [line.split(",")[:-1] for line in (run / "history.csv").read_text().splitlines()]


def killed_after(epoch: int, data: Path, out: Path) -> None:
    """Train, and kill the process without warning while it is in the epoch after this one."""
    command = [sys.executable, "-m", "trainer", "fit", str(data), "--out", str(out), *OPTIONS]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
    while not (out / f"checkpoint/epoch-{epoch}").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert not (out / "run.json").exists()


def test_a_killed_run_resumes_to_the_same_history_and_weights(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet", 400)
    undisturbed = run_command("trainer", "fit", data, "--out", tmp_path / "whole", *OPTIONS)
    assert undisturbed.returncode == 0, undisturbed.stderr
    killed_after(1, data, tmp_path / "killed")
    refused = run_command("trainer", "fit", data, "--out", tmp_path / "killed", *OPTIONS)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        3,
        f"Error: training into {tmp_path}/killed: it holds an interrupted run; add --resume, or name another folder",
    )
    resumed = run_command("trainer", "fit", data, "--out", tmp_path / "killed", *OPTIONS, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 1:" not in resumed.stderr
    assert history(tmp_path / "killed") == history(tmp_path / "whole")
    one, other = (RunFolder.open(tmp_path / name).network().get_weights() for name in ("killed", "whole"))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
