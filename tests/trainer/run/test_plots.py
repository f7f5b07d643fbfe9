"""The numbers that are drawn, read back from the pictures before they are saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scorer.card import ByDomain, DomainMetrics
from trainer.data.reviews import Reviews
from trainer.measure.evaluation import Calibrated, calibrate
from trainer.measure.intervals import wilson_interval
from trainer.run.folder import RunFolder
from trainer.run.history import Epoch
from trainer.run.plots import (
    calibration_picture,
    domains_picture,
    history_picture,
    roc_picture,
    save_picture,
)

# A network that learns its reviews by heart: its loss on others rises, though a line that is fitted
# on those very reviews would hide it.
OVERFITTED = (
    Epoch(1, 0.60, 0.70, 0.691, 0.52, 0.689, 0.55, 1.0),
    Epoch(2, 0.30, 0.90, 0.843, 0.60, 0.633, 0.65, 1.0),
    Epoch(3, 0.10, 0.98, 0.864, 0.66, 0.558, 0.70, 1.0),
)


@pytest.fixture(scope="module")
def calibrated() -> Calibrated:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 600)
    labels = (rng.random(600) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    return calibrate(Reviews(pa.array(["a"] * 600, pa.large_string()), labels, "r"), logits)


def drawn(axes: object) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}


def test_the_history_shows_the_same_network_on_both_sides_and_its_best_epoch() -> None:
    figure = history_picture(OVERFITTED, 3, "night (article)")
    losses, accuracies = map(drawn, figure.axes)
    assert losses["training reviews"] == [0.60, 0.30, 0.10]
    assert losses["held-out reviews"] == [0.691, 0.843, 0.864]
    assert accuracies["training reviews"] == [0.70, 0.90, 0.98]
    assert accuracies["held-out reviews"] == [0.52, 0.60, 0.66]
    for axes in figure.axes:
        (best,) = (line for line in axes.get_lines() if line.get_label() == "best epoch, 3")
        assert list(best.get_xdata()) == [3, 3]
    assert figure.get_suptitle() == "night (article)"


def test_no_line_is_called_what_it_is_not() -> None:
    figure = history_picture(OVERFITTED, 3, "night (article)")
    losses, accuracies = map(drawn, figure.axes)
    assert losses["held-out, as it would ship"] == [0.689, 0.633, 0.558]
    assert accuracies["held-out, as it would ship"] == [0.55, 0.65, 0.70]
    words = [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]
    assert len(words) == 8
    assert not [word for word in words if "dropout" in word]


def test_the_roc_tells_its_area_with_its_interval_and_the_number_of_reviews(
    calibrated: Calibrated,
) -> None:
    figure = roc_picture(calibrated, "night (fast)")
    low, high = calibrated.after.intervals.auc
    assert low < calibrated.after.metrics.auc < high
    assert figure.get_suptitle() == (
        f"night (fast): ROC, area {calibrated.after.metrics.auc:.4f} "
        f"(95%: {low:.4f} to {high:.4f})\n600 held-out reviews, cross-fitted, 5 folds"
    )


def test_each_point_of_the_calibration_has_its_interval_and_its_number_of_reviews(
    calibrated: Calibrated,
) -> None:
    figure = calibration_picture(calibrated, "night (fast)")
    (axes,) = figure.axes
    (bars,) = axes.containers
    fractions = bars[0].get_ydata()
    counts = [int(text.get_text()) for text in axes.texts]
    assert sum(counts) == 600
    segments = bars[2][0].get_segments()
    for fraction, count, segment in zip(fractions, counts, segments, strict=True):
        expected = wilson_interval(round(fraction * count), count)
        assert segment[:, 1].tolist() == pytest.approx(expected)
    assert "600 held-out reviews, cross-fitted, 5 folds" in figure.get_suptitle()


def reached(domain: str, balanced: float | None) -> DomainMetrics:
    interval = None if balanced is None else (balanced - 0.05, balanced + 0.03)
    return DomainMetrics(domain, 100, 0.9, balanced, interval, 0.3, 0.02)


def test_each_domain_is_drawn_with_its_interval_and_what_was_left_out_looks_otherwise() -> None:
    held_out = (reached("books", 0.9), reached("toys", 0.8), reached("one label", None))
    domains = ByDomain(held_out=held_out, left_out=(reached("kitchen", 0.85),))
    (axes,) = domains_picture(domains, "night (fast)").axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["toys", "kitchen", "books"]
    seen, left_out = axes.containers
    assert list(seen[0].get_xdata()) == [0.9, 0.8]
    assert list(seen[0].get_ydata()) == [2, 0]
    assert list(left_out[0].get_xdata()) == [0.85]
    assert seen[0].get_color() != left_out[0].get_color()
    assert seen[0].get_marker() != left_out[0].get_marker()
    (segment,) = left_out[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([0.80, 0.88])
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["held out", "left out of training"]


def test_a_picture_is_the_same_file_each_time(calibrated: Calibrated, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_picture(calibration_picture(calibrated, "night"), tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content == (tmp_path / "b.png").read_bytes()


def test_a_run_leaves_its_pictures(network_run: RunFolder) -> None:
    for name in ("history.png", "roc.png", "calibration.png"):
        assert (network_run.path / name).read_bytes().startswith(b"\x89PNG")
        assert (network_run.path / name).stat().st_size > 5_000
