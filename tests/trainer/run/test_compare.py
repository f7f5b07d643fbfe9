from __future__ import annotations

from pathlib import Path

from tiny import tiny_reviews, tiny_settings
from trainer.fit.network import fit
from trainer.run.compare import compare
from trainer.run.folder import RunFolder


def test_runs_stand_side_by_side(network_run: RunFolder, tmp_path: Path) -> None:
    other = fit(tiny_reviews(), tiny_settings(units=3, epochs=1), tmp_path / "two")
    lines = [line.split() for line in compare([network_run, other]).splitlines()]
    assert lines[0] == ["network", "two"]
    assert ["units", "5", "3"] in lines
    assert ["epochs", "3", "1"] in lines
    accuracies = [str(run.metrics.held_out.accuracy) for run in (network_run, other)]
    assert ["held", "out", "accuracy", *accuracies] in lines
    assert ["test", "reviews", "60", "-"] in lines
    assert not any(line[0] == "embedding" for line in lines)
