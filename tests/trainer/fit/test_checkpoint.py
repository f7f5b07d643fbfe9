"""A run that was killed, as a real process, goes on and ends like an undisturbed one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from helpers import processes, run_here
from tiny import OPTIONS as TINY
from tiny import tiny_reviews, tiny_settings, write_tiny
from trainer.cli import cli
from trainer.errors import RunFolderError
from trainer.fit import checkpoint
from trainer.fit.checkpoint import Progress
from trainer.fit.network import fit
from trainer.run.folder import RunFolder
from trainer.run.history import Epoch

# Later options win: many small batches, so that the process is killed inside an epoch.
OPTIONS = [*TINY, "--patience", "0", "--batch-size", "8"]


def history(run: Path) -> list[list[str]]:
    return [line.split(",")[:-1] for line in (run / "history.csv").read_text().splitlines()]


def killed_after(epoch: int, data: Path, out: Path) -> None:
    """Train, and kill the process without warning while it is in the epoch after this one."""
    command = [sys.executable, "-m", "trainer", "fit", str(data), "--out", str(out), *OPTIONS]
    said = out.with_suffix(".txt")
    with said.open("w") as stderr:
        process = subprocess.Popen(command, stdout=stderr, stderr=stderr, text=True)
    processes.append(process)
    while not (out / f"checkpoint/epoch-{epoch}").exists():
        assert process.poll() is None, said.read_text()
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (out / "run.json").exists()


def test_a_killed_run_resumes_to_the_same_history_and_weights(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet", 400)
    undisturbed = run_here(cli, "fit", data, "--out", tmp_path / "whole", *OPTIONS)
    assert undisturbed.returncode == 0, undisturbed.stderr
    killed_after(1, data, tmp_path / "killed")
    refused = run_here(cli, "fit", data, "--out", tmp_path / "killed", *OPTIONS)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        3,
        f"Error: training into {tmp_path}/killed: it holds an interrupted run; "
        "add --resume, or name another folder",
    )
    resumed = run_here(cli, "fit", data, "--out", tmp_path / "killed", *OPTIONS, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 1:" not in resumed.stderr
    assert "fitting the wide branch" not in resumed.stderr
    assert history(tmp_path / "killed") == history(tmp_path / "whole")
    killed, whole = (
        RunFolder.open(tmp_path / name).network().get_weights() for name in ("killed", "whole")
    )
    for left, right in zip(killed, whole, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)


def test_a_run_that_was_killed_in_its_first_epoch_keeps_the_fit_of_the_wide_branch(
    tmp_path: Path, network_run: RunFolder
) -> None:
    class Killed(BaseException):
        pass

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            raise Killed

    said: list[str] = []
    with pytest.raises(Killed):
        fit(tiny_reviews(), tiny_settings(), tmp_path, callbacks=[Kill()])
    resumed = fit(tiny_reviews(), tiny_settings(), tmp_path, resume=True, say=said.append)
    assert any(line.startswith("epoch 1:") for line in said)
    assert "fitting the wide branch" not in said
    assert history(resumed.path) == history(network_run.path)


def test_runs_that_differ_in_the_network_only_share_a_fit_of_the_wide_branch(
    tmp_path: Path,
) -> None:
    def fits(name: str, **changes: int) -> bool:
        said: list[str] = []
        settings = tiny_settings(epochs=1, vector_epochs=0, **changes)
        fit(
            tiny_reviews(),
            settings,
            tmp_path / name,
            wide_folder=tmp_path / "wide",
            say=said.append,
        )
        return "fitting the wide branch" in said

    assert fits("first")
    assert not fits("other network", units=3)
    assert fits("other slots", wide_slots=77)


def test_the_best_epoch_is_kept_and_patience_ends_the_run() -> None:
    progress = Progress()
    for number, loss in enumerate([0.5, 0.3, 0.4, 0.35], start=1):
        assert not progress.is_over(epochs=9, patience=2)
        progress = progress.after(Epoch(number, 0.1, 0.9, 1 - loss, 0.8, loss, 0.9, 1.0))
    assert progress.best_epoch == 2
    assert progress.is_over(epochs=9, patience=2)
    assert not progress.is_over(epochs=9, patience=0)
    assert progress.is_over(epochs=4, patience=0)


def test_a_checkpoint_that_was_being_written_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "checkpoint/.epoch-1").mkdir(parents=True)
    assert checkpoint.load(tmp_path) is None


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"settings": {}, "fingerprint": "ab"}, "the key 'history' is missing"),
        (
            {"settings": {"units": None}, "fingerprint": "ab", "history": []},
            "the key 'settings.units' holds None, not bool or int or float or str",
        ),
        (
            {"settings": {}, "fingerprint": "ab", "history": [{"epoch": 1}]},
            "the key 'history[0].loss' is missing",
        ),
    ],
)
def test_a_wrong_key_of_a_checkpoint_is_named(
    state: dict[str, object], message: str, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint/epoch-1").mkdir(parents=True)
    (tmp_path / "checkpoint/epoch-1/state.json").write_text(json.dumps(state))
    with pytest.raises(RunFolderError) as caught:
        checkpoint.load(tmp_path)
    name = "checkpoint/epoch-1/state.json"
    assert str(caught.value) == f"opening the run folder {tmp_path}: {name}: {message}; train again"
