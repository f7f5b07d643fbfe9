"""How often drift is told where there is none, and how much of it is found.

    python tests/benchmarks/drift.py MODEL imdb/test.parquet domains/test.parquet

MODEL is a model file with a reference that knows the domain of films, or the name of one that
ships. All reviews are scored once; slices of them are drawn at random (seeded) and compared with
the held-out reviews of films (`named`), or with the nearest domain as a run without options is
(`nearest`), and slices of films with another slice, as with the report of a former run (`former`).
What is mixed into the slices for the second table:

    one-liners  of one_liners.csv
    German      sentences written for this, as long as reviews of films
    shuffled    reviews of films, the letters of each word in random order
    domain      reviews of electronics
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from scorer import SentimentModel
from scorer.insight.drift import FEWEST_REVIEWS, THRESHOLD, Drift, Norm, nearest_drift, norms_of
from scorer.reference import Bins, count_rows

ONE_LINERS = Path(__file__).parent / "one_liners.csv"
FILMS, OTHER_DOMAIN = "films", "amazon_electronics"
SIZES = (200, 1_000, 10_000)
PARTS = (0.05, 0.1, 0.2, 0.5)
THRESHOLDS = (0.0, 0.1, THRESHOLD)
# Reviews of films whose letters are shuffled, and German ones that are made up.
MADE = 2_000
GERMAN = (
    "Der Film beginnt langsam und braucht fast eine Stunde, bis die Geschichte in Gang kommt.",
    "Die beiden Hauptdarsteller spielen großartig, vor allem in den stillen Szenen am Ende.",
    "Leider ist das Drehbuch so vorhersehbar, dass man jede Wendung schon lange vorher ahnt.",
    "Ich habe mich keine Minute gelangweilt und würde ihn mir sofort noch einmal ansehen.",
    "Die Musik passt wunderbar zu den Bildern der verschneiten Landschaft.",
    "Warum der Regisseur ausgerechnet diesen Schluss gewählt hat, bleibt sein Geheimnis.",
    "Meine Kinder fanden ihn lustig, wir Erwachsenen eher nicht.",
    "Die Dialoge klingen hölzern, und die deutsche Fassung macht es nicht besser.",
    "Selten habe ich im Kino so gelacht wie an diesem Abend.",
    "Wer die Vorlage gelesen hat, wird von der Verfilmung enttäuscht sein.",
    "Die Kamera führt uns durch enge Gassen, als wären wir selbst auf der Flucht.",
    "Für einen Krimi fehlt ihm die Spannung, für eine Komödie der Witz.",
    "Das Ende hat mich zu Tränen gerührt, obwohl ich sonst eher nüchtern bin.",
    "Schade um das viele Geld, das in diese Effekte gesteckt wurde.",
    "Eine kleine Perle, die viel zu wenige Zuschauer gefunden hat.",
    "Nach zwanzig Minuten haben wir ausgeschaltet und lieber ein Buch gelesen.",
)


@dataclass(frozen=True)
class Rows:
    """Scored reviews.

    Attributes:
        scores: ``float32[rows]``.
        tokens: ``int64[rows]``.
        unknown: ``int64[rows]``, those of the tokens that are not in the vocabulary.
    """

    scores: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int64]
    unknown: npt.NDArray[np.int64]

    @classmethod
    def of(cls, model: SentimentModel, texts: pa.Array | pa.ChunkedArray) -> Rows:
        parts = []
        for start in range(0, len(texts), 4096):
            tokens = model.card.tokenizer.encode(texts.slice(start, 4096))
            scores = model.score_tokens(tokens)
            parts.append((scores, np.diff(tokens.offsets), tokens.unknown_by_row))
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    def __len__(self) -> int:
        return len(self.scores)

    def count(self, rows: npt.NDArray[np.int64]) -> Bins:
        return count_rows(self.scores[rows], self.tokens[rows], self.unknown[rows])


def shuffled(text: str, chance: random.Random) -> str:
    """Return a text with the letters of each word in random order."""
    return re.sub(r"\w{2,}", lambda word: "".join(chance.sample(word[0], len(word[0]))), text)


def german_reviews(count: int, chance: random.Random) -> pa.Array:
    """Return reviews of three to forty sentences."""
    lengths = [min(40, 3 + int(chance.expovariate(1 / 12))) for _ in range(count)]
    return pa.array([" ".join(chance.choices(GERMAN, k=length)) for length in lengths])


def mixed(films: Rows, other: Rows, size: int, part: float, rng: np.random.Generator) -> Bins:
    """Return the bins of a slice of films, a part of which is replaced by other reviews."""
    replaced = round(size * part)
    return films.count(rng.choice(len(films), size - replaced, replace=False)) + other.count(
        rng.choice(len(other), replaced)
    )


def shares(drifts: list[Drift]) -> list[str]:
    """Return in which part of slices drift would be told, by threshold."""
    return [
        f"{np.mean([alarms(one, threshold) for one in drifts]):.4f}" for threshold in THRESHOLDS
    ]


def alarms(drift: Drift, threshold: float) -> bool:
    """Whether drift would be told at another threshold."""
    return any(one.psi >= threshold and one.psi > one.chance for one in drift.measures)


def draws(count: int, slice_of: Callable[[], Bins], norms: tuple[Norm, ...]) -> list[Drift]:
    """Return what is found in some slices."""
    found = (nearest_drift(slice_of(), norms) for _ in range(count))
    return [drift for drift in found if drift is not None]


def former_draws(films: Rows, size: int, count: int, rng: np.random.Generator) -> list[Drift]:
    """Return what is found in some slices that are compared with another slice."""
    found = []
    for _ in range(count):
        rows = rng.choice(len(films), 2 * size, replace=False)
        norm = Norm("rows", films.count(rows[:size]))
        found += draws(1, partial(films.count, rows[size:]), (norm,))
    return found


def print_false_alarms(films: Rows, norms: dict[str, tuple[Norm, ...]], rounds: int) -> None:
    """Print how often slices of films are told to have drifted."""
    rng = np.random.default_rng(1)
    print("false alarms, part of slices, by threshold:", *THRESHOLDS)
    for size in SIZES:
        for name, known in norms.items():
            found = draws(rounds, partial(mixed, films, films, size, 0.0, rng), known)
            print(f"  {size:6,} rows, {name:8}", *shares(found))
        if size * 2 <= len(films):
            print(f"  {size:6,} rows, former  ", *shares(former_draws(films, size, rounds, rng)))


def print_detection(
    films: Rows, others: dict[str, Rows], norms: dict[str, tuple[Norm, ...]], rounds: int
) -> None:
    """Print in which part of slices drift is told, and the median of the largest index."""
    rng = np.random.default_rng(2)
    for name, known in norms.items():
        print(
            f"found, {name}: part of slices at 0.2, at 0.1, median of the largest index; for",
            *SIZES,
        )
        for what, other in others.items():
            for part in PARTS:
                cells = []
                for size in SIZES:
                    found = draws(rounds, partial(mixed, films, other, size, part, rng), known)
                    told, told_early = (
                        np.mean([alarms(one, threshold) for one in found])
                        for threshold in (THRESHOLD, THRESHOLD / 2)
                    )
                    largest = [max(one.psi for one in drift.measures) for drift in found]
                    cells.append(f"{told:.2f} {told_early:.2f} {np.median(largest):.2f}")
                print(f"  {what:10} {part:4.0%} |", " | ".join(cells))


def print_domains(model: SentimentModel, domains: pa.Table, others: dict[str, Rows]) -> None:
    """Print what is told of the test reviews of each domain, and of a fifth of noise in them."""
    reference = model.card.reference
    assert reference is not None
    print(
        "test reviews of a domain: against its own held-out ones; against the nearest; there with"
    )
    print("a fifth of German, of shuffled reviews")
    for name in sorted(pc.unique(domains["domain"]).to_pylist()):
        chosen = domains.filter(pc.equal(domains["domain"], name))
        rows = Rows.of(model, chosen["review"])
        (own,), near = norms_of(reference, name), norms_of(reference)
        whole, rng = rows.count(np.arange(len(rows))), np.random.default_rng(3)
        spoilt = [mixed(rows, others[one], len(rows), 0.2, rng) for one in ("German", "shuffled")]
        found = [told_of(whole, (own,)), *(told_of(bins, near) for bins in (whole, *spoilt))]
        print(f"  {name:20} {len(rows):5,} rows, {own.bins.rows:4,} held out:", "; ".join(found))


def told_of(bins: Bins, norms: tuple[Norm, ...]) -> str:
    """Return what is told of rows, in a few words."""
    drift = nearest_drift(bins, norms)
    assert drift is not None
    name = drift.norm.name.rpartition(" ")[2] if drift.is_nearest else ""
    indices = " ".join(f"{one.psi:.2f}" for one in drift.measures)
    return f"{name} {indices} {'DRIFT' if drift.is_drift else 'no'}".strip()


@click.command()
@click.argument("model")
@click.argument("films", type=click.Path(exists=True))
@click.argument("domains", type=click.Path(exists=True))
@click.option("--rounds", default=1000, show_default=True, help="Slices for false alarms.")
@click.option("--mixtures", default=100, show_default=True, help="Slices of each mixture.")
def main(model: str, films: str, domains: str, rounds: int, mixtures: int) -> None:
    """Print the tables."""
    loaded = SentimentModel.load(model)
    reference = loaded.card.reference
    if reference is None or FILMS not in (reference.domains or {}):
        raise click.ClickException(f"{model} has no reference of {FILMS}")
    texts, table = pq.read_table(films)["review"], pq.read_table(domains)
    chance = random.Random(0)  # noqa: S311  # test data
    spoilt = [shuffled(text, chance) for text in texts.slice(0, MADE).to_pylist()]
    electronics = table.filter(pc.equal(table["domain"], OTHER_DOMAIN))
    others = {
        "one-liners": Rows.of(loaded, csv.read_csv(ONE_LINERS)["review"]),
        "German": Rows.of(loaded, german_reviews(MADE, chance)),
        "shuffled": Rows.of(loaded, pa.array(spoilt)),
        "domain": Rows.of(loaded, electronics["review"]),
    }
    norms = {"named": norms_of(reference, FILMS), "nearest": norms_of(reference)}
    print(f"{model}; nearest of {len(norms['nearest'])} with {FEWEST_REVIEWS} reviews or more")
    scored = Rows.of(loaded, texts)
    print_false_alarms(scored, norms, rounds)
    print_detection(scored, others, norms, mixtures)
    print_domains(loaded, table, others)


if __name__ == "__main__":
    main()
