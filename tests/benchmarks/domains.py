"""What labels of other domains bring, domain by domain: the wide branch alone, in minutes.

    python tests/benchmarks/domains.py FILES... [--each 800] [--films 2000]

FILES are those of ``held_out.py``. For each domain, the balanced accuracy on its held-out reviews
of a wide branch that learned from the labels of this domain alone, of all others, and of all. Of
each domain at most ``--each`` training reviews are drawn, of films ``--films``, always the same
ones. The vocabulary is counted over all of them, labels aside. The line that calibrates a fit is
fitted on held-out reviews of the others that it learned from; of a domain alone it is cross-fitted.

``--balances`` prints instead what ``--balance`` brings to a wide branch that learned from all: the
means over the domains, and films, cross-fitted over all held-out reviews.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.data.reviews import Reviews
from trainer.data.several import read_several
from trainer.data.tables import Layout
from trainer.data.vocabulary import build_tokenizer
from trainer.fit.balance import importance_of
from trainer.fit.split import split
from trainer.measure.calibration import cross_fit, fit_line
from trainer.measure.domains import (
    balanced_accuracy,
    mean_balanced_accuracy,
    measure_domains,
)
from trainer.measure.folds import deal_folds
from trainer.wide.weights import CROP_WEIGHT, Examples, WideWeights

FILMS = "films"
BALANCES = (0.0, 0.25, 0.5, 1.0)
WORDS, ORDER, SLOTS, MAX_TOKENS = 20_000, 3, 1 << 20, 1000


@dataclass(frozen=True)
class Bench:
    """The reviews, tokenized, and the examples of those to learn from."""

    training: Reviews
    held_out: Reviews
    tokens: Tokens
    examples: Examples

    @classmethod
    def of(cls, training: Reviews, held_out: Reviews) -> Bench:
        """Count the words and make the examples, each with a crop as ``trainer fit`` has it."""
        tokenizer = build_tokenizer(training.texts, words=WORDS, max_tokens=MAX_TOKENS)
        tokens = tokenizer.encode(training.texts)
        targets = training.labels.astype(np.float32)
        examples = Examples.of(tokens, targets, len(tokenizer.words), ORDER, SLOTS, crops=0)
        return cls(training, held_out, tokenizer.encode(held_out.texts), examples)

    def fit(self, domains: list[str]) -> list[npt.NDArray[np.float32]]:
        """Learn from some domains; return the logits of the held-out reviews by order."""
        counted = np.isin(self.training.domains.to_numpy(zero_copy_only=False), domains)
        weights: WideWeights = self.examples.fit(counted)
        return list(weights.sums(self.tokens).T)


def draw(reviews: Reviews, each: int, films: int) -> Reviews:
    """Return at most so many reviews of each domain, the same ones each time."""
    kept = []
    for name, rows in reviews.rows_of_domains().items():
        count = films if name == FILMS else each
        kept.append(np.random.default_rng(0).permutation(rows)[:count])
    return reviews.take(np.sort(np.concatenate(kept)))


def accuracy(
    bench: Bench, domain: str, learned: list[str], logits: list[npt.NDArray[np.float32]]
) -> float:
    """Return the balanced accuracy on a domain of what learned from some."""
    rows = bench.held_out.rows_of_domains()
    inside, labels = rows[domain], bench.held_out.labels
    if learned == [domain]:
        reviews = bench.held_out.take(inside)
        scores = cross_fit(labels[inside], deal_folds(reviews), *(one[inside] for one in logits))
    else:
        others = np.concatenate([rows[name] for name in learned if name != domain])
        line = fit_line(labels[others], *(one[others] for one in logits))
        scores = line(*(one[inside] for one in logits))
    return balanced_accuracy(scores, labels[inside]) or 0.0


def print_balances(bench: Bench) -> None:
    """Print a line for each power of the balance."""
    print("| `--balance` | mean balanced accuracy | mean log loss | films | films, log loss |")
    print("|---|---|---|---|---|", flush=True)
    held_out, folds = bench.held_out, deal_folds(bench.held_out)
    for power in BALANCES:
        importance = importance_of(bench.training.domains, power)
        examples = bench.examples
        if importance is not None:
            both = np.concatenate([importance, CROP_WEIGHT * importance])
            examples = replace(examples, importance=both)
        logits = list(examples.fit().sums(bench.tokens).T)
        counts = importance_of(held_out.domains, power)
        scores = cross_fit(held_out.labels, folds, *logits, weights=counts)
        domains = {one.domain: one for one in measure_domains(scores, held_out)}
        films, loss = domains[FILMS], np.mean([one.log_loss for one in domains.values()])
        mean = 100 * (mean_balanced_accuracy(list(domains.values())) or 0.0)
        film = 100 * (films.balanced_accuracy or 0.0)
        print(
            f"| {power:g} | {mean:.2f} | {loss:.4f} | {film:.2f} | {films.log_loss:.4f} |",
            flush=True,
        )


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--each", default=800, show_default=True, help="Most training reviews of a domain.")
@click.option("--films", default=2000, show_default=True, help="Most training reviews of films.")
@click.option("--balances", is_flag=True, help="Print what a balance brings instead.")
def main(files: tuple[Path, ...], each: int, films: int, balances: bool) -> None:
    """Print the table, a line for each domain as soon as it is known."""
    reviews = read_several(files, Layout(held_out_column="held_out"))
    training, held_out = split(reviews, 0.1)
    bench = Bench.of(draw(training, each, films), held_out)
    if balances:
        print_balances(bench)
        return
    names, counts = list(held_out.domain_counts()), bench.training.domain_counts()
    everything = bench.fit(names)
    print("| domain | learned from | held out | its own labels | those of all others | all |")
    print("|---|---|---|---|---|---|", flush=True)
    table = []
    for name in names:
        others = [other for other in names if other != name]
        figures = [
            accuracy(bench, name, [name], bench.fit([name])),
            accuracy(bench, name, others, bench.fit(others)),
            accuracy(bench, name, names, everything),
        ]
        table.append(figures)
        cells = " | ".join(f"{100 * figure:.1f}" for figure in figures)
        size = held_out.domain_counts()[name]
        print(f"| {name} | {counts[name]:,} | {size:,} | {cells} |", flush=True)
    means = " | ".join(f"{100 * figure:.1f}" for figure in np.mean(table, axis=0))
    print(f"| mean of {len(names)} | | | {means} |")


if __name__ == "__main__":
    sys.exit(main())
