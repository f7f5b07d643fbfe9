"""Accuracy against speed of several models, on the same reviews in the same run.

    python tests/benchmarks/front.py TRAIN TEST PICTURE [--linear RUN_DIR] MODEL...

Prints a table and draws a picture. MODEL is a model file or the name of a model that ships;
``--linear`` adds a run of ``trainer linear``; fastText with pairs of words is trained on TRAIN. The
models go through ``scorer run`` on all cores; each of the others in as many processes. Rounds
alternate, and the median counts. On another machine only the ratios are comparable.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from competitors.fasttext_bigrams import FastText
from competitors.frame import write_scored
from competitors.ours import score_file
from competitors.processes import InProcesses
from contest import Competitor, Result, compete, timed
from picture import BLUE, GREY, Picture
from scorer import SentimentModel
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews
from trainer.models.kinds import LINEAR
from trainer.run.folder import RunFolder

ROUNDS = 5


@dataclass(frozen=True)
class Entry:
    """A competitor, and the size of its file in bytes."""

    competitor: Competitor
    size: int


def our_entry(name: str, test: Path, reviews: Reviews, out: Path) -> Entry:
    """Enter a model of ours."""
    size = len(SentimentModel.load(name).file.content)
    competitor = Competitor(
        Path(name).stem, lambda: score_file(test, out, "--model", name), reviews.labels
    )
    return Entry(competitor, size)


class LinearRun:
    """A run of ``trainer linear`` that scores files."""

    def __init__(self, run_dir: Path) -> None:
        self._run = RunFolder.open(run_dir)

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        scores = self._run.predict(pa.array(table["review"], pa.large_string()))
        write_scored(table, scores, out)
        return scores


def linear_entry(run_dir: Path, test: Path, reviews: Reviews, out: Path) -> Entry:
    """Enter a run of ``trainer linear``."""
    processes = InProcesses(LinearRun(run_dir), test, out.parent / "linear")
    competitor = Competitor("linear, 1–3-grams", lambda: timed(processes.score), reviews.labels)
    return Entry(competitor, (run_dir / LINEAR.file).stat().st_size)


def fasttext_entry(train: Path, test: Path, reviews: Reviews, out: Path) -> Entry:
    """Train fastText and enter it."""
    fasttext = FastText(read_reviews(train))
    processes = InProcesses(fasttext, test, out.parent / "fasttext")
    competitor = Competitor("fastText, pairs", lambda: timed(processes.score), reviews.labels)
    return Entry(competitor, fasttext.size)


def print_table(results: Sequence[Result], sizes: Sequence[int]) -> None:
    """Print a line for each competitor, with the ratio of its speed to the first one's."""
    print("| model | accuracy | reviews a second | ratio | KB |\n|---|---|---|---|---|")
    for result, size in zip(results, sizes, strict=True):
        ratio = result.speed / results[0].speed
        print(
            f"| {result.name} | {100 * result.accuracy:.2f}% | {result.speed:,.0f} | {ratio:.2f} "
            f"| {size // 1000:,} |"
        )


def draw(path: Path, results: Sequence[Result], ours: int) -> None:
    """Draw accuracy over reviews a second; the first ``ours`` results are of our models."""
    with Picture(path) as (axes,):
        for index, result in enumerate(results):
            point = (result.speed, 100 * result.accuracy)
            axes.scatter(*point, s=50, color=BLUE if index < ours else GREY, zorder=3)
            axes.annotate(result.name, point, textcoords="offset points", xytext=(7, 5), fontsize=9)
        axes.set(
            xscale="log",
            xlabel="reviews a second, all cores",
            ylabel="accuracy on the test reviews, %",
        )
        axes.margins(0.18, 0.12)


@click.command()
@click.argument("train", type=click.Path(path_type=Path))
@click.argument("test", type=click.Path(path_type=Path))
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("models", nargs=-1, required=True)
@click.option("--linear", type=click.Path(path_type=Path), help="Run folder of trainer linear.")
def main(
    train: Path, test: Path, image: Path, models: tuple[str, ...], linear: Path | None
) -> None:
    """Print the table, draw the picture."""
    reviews = read_reviews(test)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        entries = [our_entry(name, test, reviews, out) for name in models]
        if linear is not None:
            entries.append(linear_entry(linear, test, reviews, out))
        entries.append(fasttext_entry(train, test, reviews, out))
        results = compete([entry.competitor for entry in entries], ROUNDS)
    print_table(results, [entry.size for entry in entries])
    draw(image, results, len(models))


if __name__ == "__main__":
    main()
