"""Ours against what else would score reviews, on the same reviews in the same run: one table, one picture.

    python tests/benchmarks/speed.py DATA PICTURE [--train TRAIN] [--model NAME] [--rounds 5]

DATA is a Parquet file of labelled reviews in a column ``review``, TRAIN one to train the linear model and fastText on; without it
they learn from the first half of DATA, and have no accuracy. Slow competitors score a sample, evenly spaced; the transformer scores
its sample once. Speeds are those of this machine: only the ratios mean something on another.
"""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa

from competitors.ceiling import Ceiling
from competitors.keras_predict import network_like, padded_to_the_limit, sorted_by_length
from competitors.ours import score_file, scorer_run
from contest import Competitor, Result, compete, timed
from scorer import SentimentModel
from scorer.cores import available_cores
from trainer.plots import BLUE, GREY, ORANGE, Picture
from trainer.reviews import Reviews
from trainer.sources import read_reviews

PACKAGES = ("onnxruntime", "pyarrow", "keras", "tensorflow", "scikit-learn", "fasttext-numpy2", "pandas", "tokenizers")
KERAS_SAMPLE, TRANSFORMER_SAMPLE = 1_000, 300
OURS = "scorer run"


def every(reviews: Reviews, count: int) -> Reviews:
    """Return about so many of the reviews, evenly spaced."""
    return reviews.take(np.arange(0, len(reviews), max(1, len(reviews) // count), dtype=np.int64))


def on_the_same_graph(model: SentimentModel, name: str, data: Path, reviews: Reviews, out: Path) -> list[Competitor]:
    """Return ours, the ceiling, the user's script, and Keras."""
    from competitors.script import Script

    ceiling, script, network = Ceiling(model, model.card.tokenizer.encode(reviews.texts)), Script(model), network_like(model)
    sample = model.card.tokenizer.encode(every(reviews, KERAS_SAMPLE).texts)
    return [
        Competitor(OURS, lambda: score_file(data, out, "--model", name), reviews.labels),
        Competitor("the ceiling: onnxruntime alone", lambda: timed(ceiling.score), reviews.labels),
        Competitor("a script: pandas, re, onnxruntime", lambda: timed(lambda: script.score(data, out)), reviews.labels),
        Competitor("Keras predict, sorted by length", lambda: timed(lambda: sorted_by_length(network, sample))),
        Competitor("Keras predict, padded to the limit", lambda: timed(lambda: padded_to_the_limit(network, sample))),
    ]


def on_other_models(train: Reviews, data: Path, reviews: Reviews, out: Path, *, judged: bool) -> list[Competitor]:
    """Return the linear model, fastText and the transformer."""
    from competitors.fasttext_bigrams import FastText
    from competitors.linear_pipeline import LinearPipeline
    from competitors.transformer import Transformer

    linear, fasttext, transformer = LinearPipeline(train), FastText(train), Transformer(train.texts.slice(0, 2_000).to_pylist())
    labels, sample = reviews.labels if judged else None, every(reviews, TRANSFORMER_SAMPLE).texts.to_pylist()
    return [
        Competitor("scikit-learn, TF-IDF of pairs (one core)", lambda: timed(lambda: linear.score(data, out)), labels),
        Competitor("fastText, pairs (one core)", lambda: timed(lambda: fasttext.score(data, out)), labels),
        Competitor("a transformer of DistilBERT's size", lambda: timed(lambda: transformer.score(sample)), rounds=1),
    ]


def print_table(results: Sequence[Result]) -> None:
    """Print a line each, with the ratio to ours."""
    ours = next(one for one in results if one.name == OURS)
    print("| | reviews a second | ours ÷ it | accuracy |\n|---|---|---|---|")
    for one in results:
        accuracy = "–" if one.accuracy is None else f"{100 * one.accuracy:.2f}%"
        print(f"| {one.name} | {one.speed:,.0f} | {ours.speed / one.speed:.2f} | {accuracy} |")


def print_stages(report: dict[str, Any]) -> dict[str, float]:
    """Print where the time of a run goes, by its own report; return microseconds a review by stage."""
    total = report["total"]
    stages = {name: seconds / total["rows"] * 1e6 for name, seconds in total["stage_seconds"].items()}
    print("\n| stage | µs a review, all threads added up |\n|---|---|")
    for name, spent in stages.items():
        print(f"| {name} | {spent:.1f} |")
    print(f"| CPU time of the process | {report['cpu_seconds'] / total['rows'] * 1e6:.1f} |")
    return stages


def draw(path: Path, results: Sequence[Result], stages: dict[str, float]) -> None:
    """Draw reviews a second, and where the time of ours goes."""
    with Picture(path, columns=2) as (left, right):
        ordered = sorted(results, key=lambda one: one.speed)
        bars = left.barh([one.name for one in ordered], [one.speed for one in ordered], color=[_color(one.name) for one in ordered])
        left.bar_label(bars, [f"{one.speed:,.0f}" for one in ordered], padding=3, fontsize=8)
        left.set(xscale="log", xlabel="reviews a second")
        left.margins(x=0.25)
        names = list(reversed(stages))
        bars = right.barh(names, [stages[name] for name in names], color=[BLUE if name == "scoring" else ORANGE for name in names])
        right.bar_label(bars, fmt="%.0f", padding=3, fontsize=8)
        right.set(xlabel="µs a review, all threads added up")
        right.margins(x=0.15)


def _color(name: str) -> str:
    return {OURS: BLUE, "the ceiling: onnxruntime alone": ORANGE}.get(name, GREY)


def machine() -> str:
    """Return the machine, the versions and the date."""
    info = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.*)$", info.read_text() if info.exists() else "", re.MULTILINE)
    found = f"{available_cores()} cores of {named[1] if named else platform.processor()}"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{found}; Python {platform.python_version()}, {versions}; {datetime.now(UTC).date().isoformat()}"


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--train", type=click.Path(path_type=Path, exists=True))
@click.option("--model", "name", default="default")
@click.option("--rounds", default=5)
def main(data: Path, image: Path, train: Path | None, name: str, rounds: int) -> None:
    """Print the tables, draw the picture."""
    reviews = read_reviews(data)
    learned = read_reviews(train) if train else reviews.take(np.arange(len(reviews) // 2, dtype=np.int64))
    model = SentimentModel.load(name)
    pa.set_cpu_count(available_cores())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        competitors = on_the_same_graph(model, name, data, reviews, out)
        competitors += on_other_models(learned, data, reviews, out, judged=train is not None)
        results = compete(competitors, rounds, lambda line: click.echo(line, err=True))
        print(f"{model.file.name} on {len(reviews):,} reviews of {data.name}, {rounds} rounds; {machine()}\n")
        print_table(results)
        stages = print_stages(scorer_run(data, out, "--model", name))
    draw(image, results, stages)


if __name__ == "__main__":
    main()
