"""Three tiny runs, trained once for all tests of the exporter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.export import export_run
from tiny import tiny_reviews, tiny_settings
from trainer.data.reviews import Reviews
from trainer.fit.network import fit
from trainer.run.folder import RunFolder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return fit(tiny_reviews(), tiny_settings(), tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="session")
def exported(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(run.path, tmp_path_factory.mktemp("models") / "tiny.onnx").path


@pytest.fixture(scope="session")
def by_length(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a run with enough held-out reviews for a calibration by length."""
    out = tmp_path_factory.mktemp("runs") / "by_length"
    return fit(tiny_reviews(2100), tiny_settings(epochs=1, held_out=0.5), out)


@pytest.fixture(scope="session")
def exported_by_length(by_length: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(by_length.path, tmp_path_factory.mktemp("models") / "by_length.onnx").path


@pytest.fixture(scope="session")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a run that learned nothing: its labels say nothing of its texts."""
    reviews = tiny_reviews()
    labels = np.random.default_rng(0).permutation(reviews.labels)
    out = tmp_path_factory.mktemp("runs") / "shuffled"
    return fit(Reviews(reviews.texts, labels, "shuffled"), tiny_settings(epochs=1), out)
