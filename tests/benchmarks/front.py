"""Accuracy against speed: every model on the same reviews in the same run, as a table and a picture.

    python tests/benchmarks/front.py TRAIN TEST PICTURE [--linear RUN_DIR] [--fasttext] MODEL...

MODEL is a model file or the name of one that ships; ``--linear`` adds a run of ``trainer linear``, ``--fasttext`` a fastText
model of words and bigrams trained on TRAIN (``pip install fasttext-numpy2``). Models go through ``scorer run``, Parquet to Parquet, on all
cores; the others predict in one process from texts in memory, as their documentation does, so their speed is that of one core.
Rounds alternate between all of them; the median counts. Only the ratios mean something on another machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scorer import SentimentModel
from trainer.artifact import RunFolder
from trainer.plots import BLUE, GREY, Picture
from trainer.reviews import Reviews
from trainer.sources import read_reviews

ROUNDS = 5
# fastText as its own tutorial has it: https://fasttext.cc/docs/en/supervised-tutorial.html
FASTTEXT = {"wordNgrams": 2, "epoch": 10, "lr": 0.5, "dim": 10, "minCount": 2, "seed": 0}


@dataclass
class Entry:
    """A point of the picture: ``once`` scores all reviews and returns the reviews a second."""

    name: str
    accuracy: float
    once: Callable[[], float]
    ours: bool
    kilobytes: int


def model_entry(name: str, test: Reviews, source: Path) -> Entry:
    """Return the entry of a model file."""
    model = SentimentModel.load(name)

    def once() -> float:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            command = [sys.executable, "-m", "scorer", "run", source, f"{folder}/out.parquet", "--model", name, "--report", report]
            subprocess.run(list(map(str, command)), check=True, capture_output=True)
            return float(json.loads(report.read_text())["total"]["rows_per_second"])

    return Entry(Path(name).stem, _accuracy(model.score(test.texts), test), once, ours=True, kilobytes=len(model.file.content) // 1000)


def linear_entry(run_dir: Path, test: Reviews) -> Entry:
    """Return the entry of the linear model."""
    run = RunFolder.open(run_dir)
    size = (run.path / "linear.npz").stat().st_size // 1000
    return Entry(
        "linear, 1–3-grams",
        _accuracy(run.predict(test.texts), test),
        lambda: _timed(test, lambda: run.predict(test.texts)),
        ours=False,
        kilobytes=size,
    )


def fasttext_entry(train: Reviews, test: Reviews) -> Entry:
    """Train fastText on the same reviews, and return its entry."""
    import fasttext

    def plain(texts: pa.Array) -> list[str]:
        # fastText splits at white space and leaves the rest to the user; the scorer's own rules cut the words here.
        from scorer.tokenizer import Rules

        tokens, offsets = Rules().split(texts)
        words = tokens.to_pylist()
        return [" ".join(words[start:stop]) for start, stop in pairwise(offsets)]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("".join(f"__label__{label} {text}\n" for label, text in zip(train.labels, plain(train.texts), strict=True)))
        model = fasttext.train_supervised(str(path), verbose=0, thread=1, **FASTTEXT)
        model.save_model(f"{folder}/model.bin")
        size = Path(f"{folder}/model.bin").stat().st_size // 1000

    def predict() -> npt.NDArray[np.float32]:
        labels, shares = model.predict(plain(test.texts))
        return np.array(
            [share[0] if label[0].endswith("1") else 1 - share[0] for label, share in zip(labels, shares, strict=True)], np.float32
        )

    return Entry("fastText, bigrams", _accuracy(predict(), test), lambda: _timed(test, predict), ours=False, kilobytes=size)


def _timed(test: Reviews, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return len(test) / (time.perf_counter() - started)


def _accuracy(scores: npt.NDArray[np.float32], test: Reviews) -> float:
    return float(np.mean((scores >= 0.5) == (test.labels == 1)))


def draw(path: Path, entries: list[Entry], speeds: list[float]) -> None:
    """Draw accuracy over reviews a second."""
    with Picture(path) as (axes,):
        for entry, speed in zip(entries, speeds, strict=True):
            axes.scatter(speed, 100 * entry.accuracy, s=50, color=BLUE if entry.ours else GREY, zorder=3)
            axes.annotate(entry.name, (speed, 100 * entry.accuracy), textcoords="offset points", xytext=(7, 5), fontsize=9)
        axes.set(xscale="log", xlabel="reviews a second, two cores (grey: one core)", ylabel="accuracy on the test reviews, %")
        axes.margins(0.18, 0.12)


@click.command()
@click.argument("train", type=click.Path(path_type=Path))
@click.argument("test", type=click.Path(path_type=Path))
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("models", nargs=-1, required=True)
@click.option("--linear", type=click.Path(path_type=Path))
@click.option("--fasttext", is_flag=True)
@click.option("--repeat", default=4, help="How many times over the reviews stand in the file that the scorer reads.")
def main(train: Path, test: Path, image: Path, models: tuple[str, ...], linear: Path | None, fasttext: bool, repeat: int) -> None:
    """Print the table, draw the picture."""
    reviews = read_reviews(test)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "reviews.parquet"
        pq.write_table(pa.concat_tables([pq.read_table(test)] * repeat), source, compression="zstd", row_group_size=5_000)
        entries = [model_entry(name, reviews, source) for name in models]
        entries += [linear_entry(linear, reviews)] if linear else []
        entries += [fasttext_entry(read_reviews(train), reviews)] if fasttext else []
        rounds = [[entry.once() for entry in entries] for _ in range(ROUNDS)]
    speeds = [statistics.median(column) for column in zip(*rounds, strict=True)]
    print("| model | accuracy | reviews a second | ratio | KB |\n|---|---|---|---|---|")
    for entry, speed in zip(entries, speeds, strict=True):
        print(f"| {entry.name} | {100 * entry.accuracy:.2f}% | {speed:,.0f} | {speed / speeds[0]:.2f} | {entry.kilobytes:,} |")
    draw(image, entries, speeds)


if __name__ == "__main__":
    main()
