from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from exporter.errors import ExportRefused
from helpers import left_in
from tiny import tiny_reviews
from trainer.errors import RunFolderError
from trainer.fit.linear import fit_linear
from trainer.run.compare import compare
from trainer.run.folder import RunFolder
from trainer.settings import LinearSettings


def test_the_linear_model_learns_and_is_read_back(linear_run: RunFolder) -> None:
    left = [name for name in left_in(linear_run.path) if not name.startswith("soft_labels/")]
    assert left == [
        "config.json", "held_out.parquet", "linear.npz", "metrics.json",
        "report.html", "run.json", "tokenizer.json",
    ]  # fmt: skip
    assert linear_run.metrics.held_out.accuracy > 0.9
    assert linear_run.metrics.test is not None
    assert linear_run.metrics.test.accuracy > 0.9
    again = RunFolder.open(linear_run.path)
    texts = pa.array(["a great, lovely film", "an awful, dull film", "", None], pa.large_string())
    scores = again.predict(texts)
    assert scores[0] > 0.5 > scores[1]
    assert np.isnan(scores[2:]).all()


def test_names_that_hold_anything_are_stored_as_they_are_shown(tmp_path: Path) -> None:
    reviews = replace(tiny_reviews(), name="caf\udce9\n.csv")
    run = fit_linear(reviews, LinearSettings(), tmp_path / "caf\udce9\n.run")
    provenance = RunFolder.open(run.path).provenance
    assert provenance.data.name == r"caf\udce9\n.csv"
    assert provenance.command.startswith(r"trainer linear caf\udce9\n.csv --")
    assert compare([run]).splitlines()[0].split() == [r"caf\udce9\n.run"]


def test_a_linear_model_is_not_exported(linear_run: RunFolder, tmp_path: Path) -> None:
    from exporter.export import export_run

    with pytest.raises(ExportRefused, match="it holds a teacher, not a network"):
        export_run(linear_run.path, tmp_path / "model.onnx")


def test_a_folder_that_is_taken_is_left_alone(linear_run: RunFolder) -> None:
    with pytest.raises(RunFolderError, match="isn't an empty folder"):
        fit_linear(tiny_reviews(), LinearSettings(), linear_run.path)
