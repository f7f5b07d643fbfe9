"""Accuracy against speed: every model on the same reviews in the same run, as a table and a picture.

    python tests/benchmarks/front.py TRAIN TEST PICTURE [--linear RUN_DIR] MODEL...

MODEL is a model file or the name of one that ships; ``--linear`` adds a run of ``trainer linear``; fastText with pairs of words is trained
on TRAIN. Models go through ``scorer run`` on all cores; the others use one core. Rounds alternate; the median counts. Only the
ratios mean something on another machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from competitors.fasttext_bigrams import FastText
from competitors.ours import score_file
from contest import Competitor, Result, compete, timed
from scorer import SentimentModel
from trainer.artifact import RunFolder
from trainer.plots import BLUE, GREY, Picture
from trainer.sources import read_reviews

ROUNDS = 5


def draw(path: Path, results: Sequence[Result], models: int) -> None:
    """Draw accuracy over reviews a second; the first so many are ours."""
    with Picture(path) as (axes,):
        for place, one in enumerate(results):
            axes.scatter(one.speed, 100 * one.accuracy, s=50, color=BLUE if place < models else GREY, zorder=3)
            axes.annotate(one.name, (one.speed, 100 * one.accuracy), textcoords="offset points", xytext=(7, 5), fontsize=9)
        axes.set(xscale="log", xlabel="reviews a second, all cores (grey: one core)", ylabel="accuracy on the test reviews, %")
        axes.margins(0.18, 0.12)


@click.command()
@click.argument("train", type=click.Path(path_type=Path))
@click.argument("test", type=click.Path(path_type=Path))
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("models", nargs=-1, required=True)
@click.option("--linear", type=click.Path(path_type=Path))
def main(train: Path, test: Path, image: Path, models: tuple[str, ...], linear: Path | None) -> None:
    """Print the table, draw the picture."""
    reviews, fasttext = read_reviews(test), FastText(read_reviews(train))
    sizes = [len(SentimentModel.load(name).file.content) for name in models]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        entries = [Competitor(Path(name).stem, lambda name=name: score_file(test, out, "--model", name), reviews.labels) for name in models]
        if linear is not None:
            run = RunFolder.open(linear)
            sizes.append((linear / "linear.npz").stat().st_size)
            entries.append(Competitor("linear, 1–3-grams", lambda: timed(lambda: run.predict(reviews.texts)), reviews.labels))
        sizes.append(fasttext.size)
        entries.append(Competitor("fastText, pairs", lambda: timed(lambda: fasttext.score(test, out)), reviews.labels))
        results = compete(entries, ROUNDS)
    print("| model | accuracy | reviews a second | ratio | KB |\n|---|---|---|---|---|")
    for one, size in zip(results, sizes, strict=True):
        print(f"| {one.name} | {100 * one.accuracy:.2f}% | {one.speed:,.0f} | {one.speed / results[0].speed:.2f} | {size // 1000:,} |")
    draw(image, results, len(models))


if __name__ == "__main__":
    main()
