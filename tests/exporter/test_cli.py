"""The commands as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from helpers import left_in, run_command
from tiny import OPTIONS, write_tiny
from trainer.run.folder import RunFolder


def test_three_commands_lead_from_reviews_to_scores(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "reviews.parquet")
    run_dir, model = tmp_path / "run", tmp_path / "m/model.onnx"
    scored = tmp_path / "scored.parquet"
    trained = run_command("trainer", "fit", data, "--out", run_dir, *OPTIONS)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.splitlines()[0].split() == ["held", "out"]
    assert trained.stdout.splitlines()[1].split() == ["reviews", "30"]
    assert "epoch 3: loss " in trained.stderr
    converted = run_command("exporter", "convert", run_dir, model)
    assert converted.returncode == 0, converted.stderr
    assert "from Keras on 30 held-out reviews" in converted.stdout
    done = run_command("scorer", "run", data, scored, "--model", model)
    assert done.returncode == 0, done.stderr
    table = pq.read_table(scored)
    labels, sentiments = table["label"].to_pylist(), table["sentiment"].to_pylist()
    right = [
        ("negative", "positive")[label] == sentiment
        for label, sentiment in zip(labels, sentiments, strict=True)
    ]
    assert sum(right) / len(right) > 0.8
    taken = run_command("exporter", "convert", run_dir, model)
    assert (taken.returncode, taken.stdout) == (3, "")
    assert taken.stderr == (
        f"Error: exporting to {model}: it exists already; "
        "add --force to replace a file, or name another\n"
    )


def test_the_gate_stands_in_the_command_and_leaves_nothing(
    shuffled: RunFolder, tmp_path: Path
) -> None:
    weak = tmp_path / "weak.onnx"
    done = run_command("exporter", "convert", shuffled.path, weak, "--at-least", "0.9")
    assert done.returncode == 4
    assert "--at-least asks for 0.9; nothing was written" in done.stderr.splitlines()[-1]
    assert left_in(tmp_path) == []


def test_wrong_data_is_one_sentence_on_the_command_line_too(tmp_path: Path) -> None:
    none, run_dir = tmp_path / "none.csv", tmp_path / "run"
    done = run_command("trainer", "fit", none, "--out", run_dir)
    message = f"Error: reading reviews: {none} does not exist\n"
    assert (done.returncode, done.stderr) == (2, message)
    done = run_command("trainer", "fit", none, "--out", run_dir, "--epochs", 0)
    message = "Error: --epochs is 0; it must be at least 1\n"
    assert (done.returncode, done.stderr) == (2, message)
    done = run_command("exporter", "convert", tmp_path / "none", tmp_path / "model.onnx")
    message = f"Error: opening the run folder {tmp_path}/none: it does not exist\n"
    assert (done.returncode, done.stderr) == (3, message)
    assert left_in(tmp_path) == []
