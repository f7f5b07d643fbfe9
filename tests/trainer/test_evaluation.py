from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from helpers import run_command
from scorer.errors import ReviewsError
from tiny import tiny_reviews, tiny_settings, write_tiny
from trainer.artifact import RunFolder
from trainer.evaluation import compare, evaluate
from trainer.metrics import measure
from trainer.reviews import Reviews
from trainer.training import fit


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return fit(tiny_reviews(), tiny_settings(), tmp_path_factory.mktemp("runs") / "one", test=tiny_reviews(60, seed=1))


def test_test_reviews_are_reported_beside_the_held_out_ones(run: RunFolder) -> None:
    evaluation = evaluate(run.predict(tiny_reviews(60, seed=1).texts), tiny_reviews(60, seed=1))
    assert run.metrics["test"] == evaluation.metrics.to_dict()
    assert run.metrics["test_data"] == {"name": "tiny", "reviews": 60, "sha256": tiny_reviews(60, seed=1).fingerprint()}


def test_reviews_without_text_are_counted_and_left_out(run: RunFolder) -> None:
    plain = tiny_reviews(60, seed=1)
    texts = pa.array([None, "", *plain.texts.to_pylist()], pa.large_string())
    evaluation = evaluate(run.predict(texts), Reviews(texts, np.append([1, 0], plain.labels).astype(np.int8), "r"))
    assert evaluation.without_text == 2
    assert evaluation.metrics == measure(evaluation.scores, plain.labels)
    with pytest.raises(ReviewsError, match="both kinds are needed"):
        evaluate(run.predict(texts[:1]), Reviews(texts[:1], np.array([1], np.int8), "r"))


def test_pictures_are_drawn(run: RunFolder) -> None:
    for name in ("history.png", "roc.png", "calibration.png"):
        assert (run.path / name).read_bytes().startswith(b"\x89PNG")
        assert (run.path / name).stat().st_size > 5_000


def test_runs_stand_side_by_side(run: RunFolder, tmp_path: Path) -> None:
    other = fit(tiny_reviews(), tiny_settings(units=3, epochs=1), tmp_path / "two")
    lines = [line.split() for line in compare([run, other]).splitlines()]
    assert lines[0] == ["one", "two"]
    assert ["units", "5", "3"] in lines
    assert ["epochs", "3", "1"] in lines
    assert ["held", "out", "accuracy", str(run.metrics["held_out"]["accuracy"]), str(other.metrics["held_out"]["accuracy"])] in lines
    assert ["test", "reviews", "60", "-"] in lines
    assert not any(line[0] == "embedding" for line in lines)


def test_the_commands_print_the_same_tables(run: RunFolder, tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "test.parquet", 60, seed=1)
    done = run_command("trainer", "evaluate", run.path, data)
    assert (done.returncode, done.stderr) == (0, "")
    assert ["accuracy", str(run.metrics["test"]["accuracy"])] in [line.split() for line in done.stdout.splitlines()]
    done = run_command("trainer", "compare", run.path, run.path)
    assert (done.returncode, done.stdout) == (0, compare([run]) + "\n")
