"""Speed of ``scorer run`` and of other ways to score the same reviews, in the same run.

    python tests/benchmarks/speed.py DATA PICTURE [--train TRAIN] [--model NAME] [--rounds 5]

Prints a table of speeds and a table of stages, and draws both. DATA is a Parquet file of labelled
reviews in a column ``review``. The linear model and fastText are trained on TRAIN; without it they
learn from the first half of DATA, and no accuracy is shown for them. Slow competitors score a
sample, evenly spaced, and the transformer scores it only once. On another machine only the ratios
are comparable.
"""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
import pyarrow as pa

from competitors.ceiling import Ceiling
from competitors.keras_predict import network_like, padded_to_the_limit, sorted_by_length
from competitors.ours import score_file, scorer_run
from contest import Competitor, Result, compete, timed
from picture import BLUE, GREY, ORANGE, Picture
from scorer import SentimentModel
from scorer.reports.report import Report
from scorer.system.cores import available_cores
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews

PACKAGES = (
    "onnxruntime",
    "pyarrow",
    "keras",
    "tensorflow",
    "scikit-learn",
    "fasttext-numpy2",
    "pandas",
    "tokenizers",
)
KERAS_SAMPLE, TRANSFORMER_SAMPLE = 1_000, 300
# Reviews that the transformer's tokenizer is trained on.
WORDPIECE_SAMPLE = 2_000

OURS = "scorer run"
CEILING = "the ceiling: onnxruntime alone"


def evenly_spaced(reviews: Reviews, count: int) -> Reviews:
    """Return about ``count`` of the reviews, evenly spaced."""
    step = max(1, len(reviews) // count)
    return reviews.take(np.arange(0, len(reviews), step, dtype=np.int64))


def on_the_same_graph(
    model: SentimentModel, name: str, data: Path, reviews: Reviews, out: Path
) -> list[Competitor]:
    """Return ``scorer run``, the ceiling, the user's script, and Keras."""
    from competitors.script import Script

    tokenizer, labels = model.card.tokenizer, reviews.labels
    ceiling, script = Ceiling(model, tokenizer.encode(reviews.texts)), Script(model)
    network = network_like(model)
    sample = tokenizer.encode(evenly_spaced(reviews, KERAS_SAMPLE).texts)
    return [
        Competitor(OURS, lambda: score_file(data, out, "--model", name), labels),
        Competitor(CEILING, lambda: timed(ceiling.score), labels),
        Competitor(
            "a script: pandas, re, onnxruntime",
            lambda: timed(lambda: script.score(data, out)),
            labels,
        ),
        # Their weights are random: no labels.
        Competitor(
            "Keras predict, sorted by length",
            lambda: timed(lambda: sorted_by_length(network, sample)),
        ),
        Competitor(
            "Keras predict, padded to the limit",
            lambda: timed(lambda: padded_to_the_limit(network, sample)),
        ),
    ]


def on_other_models(
    train: Reviews, data: Path, reviews: Reviews, out: Path, *, has_accuracy: bool
) -> list[Competitor]:
    """Return the linear model, fastText and the transformer.

    Args:
        train: what the first two are trained on.
        data: the file that they score.
        reviews: the same reviews.
        out: where they write.
        has_accuracy: whether the accuracy of the first two means anything.
    """
    from competitors.fasttext_bigrams import FastText
    from competitors.linear_pipeline import LinearPipeline
    from competitors.processes import InProcesses
    from competitors.transformer import Transformer

    folder = out.parent
    linear = InProcesses(LinearPipeline(train), data, folder / "linear")
    fasttext = InProcesses(FastText(train), data, folder / "fasttext")
    transformer = Transformer(train.texts.slice(0, WORDPIECE_SAMPLE).to_pylist())
    sample = evenly_spaced(reviews, TRANSFORMER_SAMPLE).texts.to_pylist()
    labels = reviews.labels if has_accuracy else None
    return [
        Competitor(
            f"scikit-learn, TF-IDF of pairs ({available_cores()} processes)",
            lambda: timed(linear.score),
            labels,
        ),
        Competitor(
            f"fastText, pairs ({available_cores()} processes)",
            lambda: timed(fasttext.score),
            labels,
        ),
        Competitor(
            "a transformer of DistilBERT's size",
            lambda: timed(lambda: transformer.score(sample)),
            rounds=1,
        ),
    ]


def print_table(results: Sequence[Result]) -> None:
    """Print a line for each competitor, with the ratio of our speed to its own."""
    ours = next(result for result in results if result.name == OURS)
    print("| | reviews a second | ours ÷ it | accuracy |\n|---|---|---|---|")
    for result in results:
        accuracy = "–" if result.accuracy is None else f"{100 * result.accuracy:.2f}%"
        ratio = ours.speed / result.speed
        print(f"| {result.name} | {result.speed:,.0f} | {ratio:.2f} | {accuracy} |")


def print_stages(report: Report) -> dict[str, float]:
    """Print the time of each stage of a run; return the microseconds a review by stage."""
    total = report.total
    stages = {stage: 1e6 * spent / total.rows for stage, spent in total.stage_seconds.items()}
    print("\n| stage | µs a review, all threads added up |\n|---|---|")
    for stage, spent in stages.items():
        print(f"| {stage} | {spent:.1f} |")
    print(f"| CPU time of the process | {1e6 * report.cpu_seconds / total.rows:.1f} |")
    return stages


def draw(path: Path, results: Sequence[Result], stages: Mapping[str, float]) -> None:
    """Draw the speed of each competitor, and the time of each stage of ours."""
    with Picture(path, columns=2) as (left, right):
        ordered = sorted(results, key=lambda result: result.speed)
        names, speeds = [result.name for result in ordered], [result.speed for result in ordered]
        bars = left.barh(names, speeds, color=[_color(name) for name in names])
        left.bar_label(bars, [f"{speed:,.0f}" for speed in speeds], padding=3, fontsize=8)
        left.set(xscale="log", xlabel="reviews a second")
        left.margins(x=0.25)

        names = list(reversed(stages))
        colors = [BLUE if name == "scoring" else ORANGE for name in names]
        bars = right.barh(names, [stages[name] for name in names], color=colors)
        right.bar_label(bars, fmt="%.0f", padding=3, fontsize=8)
        right.set(xlabel="µs a review, all threads added up")
        right.margins(x=0.15)


def _color(name: str) -> str:
    return {OURS: BLUE, CEILING: ORANGE}.get(name, GREY)


def describe_machine() -> str:
    """Return the processor, the versions and the date."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    processor = f"{available_cores()} cores of {model[1] if model else platform.processor()}"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    today = datetime.now(UTC).date().isoformat()
    return f"{processor}; Python {platform.python_version()}, {versions}; {today}"


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--train", type=click.Path(path_type=Path, exists=True), help="Reviews to train others on."
)
@click.option("--model", "name", default="default", help="Model to score with.")
@click.option("--rounds", default=5, help="Number of rounds.")
def main(data: Path, image: Path, train: Path | None, name: str, rounds: int) -> None:
    """Print the tables, draw the picture."""
    reviews = read_reviews(data)
    training = read_reviews(train) if train else _first_half(reviews)
    model = SentimentModel.load(name)
    pa.set_cpu_count(available_cores())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        competitors = on_the_same_graph(model, name, data, reviews, out)
        competitors += on_other_models(training, data, reviews, out, has_accuracy=train is not None)
        results = compete(competitors, rounds, lambda line: click.echo(line, err=True))
        what = f"{model.file.name} on {len(reviews):,} reviews of {data.name}, {rounds} rounds"
        print(f"{what}; {describe_machine()}\n")
        print_table(results)
        stages = print_stages(scorer_run(data, out, "--model", name))
    draw(image, results, stages)


def _first_half(reviews: Reviews) -> Reviews:
    return reviews.take(np.arange(len(reviews) // 2, dtype=np.int64))


if __name__ == "__main__":
    main()
