"""What "I don't know" marks and costs: foreign text, noise, refused reviews, the uncertain band.

    python tests/benchmarks/doubt.py DATA [MODEL...]

DATA is a folder with ``imdb/test.parquet`` (review, label), ``domains/test.parquet`` and
``domains/unseen.parquet`` (review, label, domain). MODEL is a model file or the name of a model
that ships, ``fast`` and ``default`` if none is given. Needs the extra ``language``.

The sentences in other languages are those of ``languages.json``, written for this: in each of ten
languages ten beginnings before ten ends. Noise is what fingers beside each other type.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scorer import Kernel, SentimentModel
from scorer.doubt.asked import Doubt
from scorer.doubt.band import band_of
from scorer.errors import UsageError
from scorer.kernel import Counts

LANGUAGES = Path(__file__).parent / "languages.json"
WITHOUT_BLANKS = ("ja",)
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
REFUSING = Doubt(max_unknown=0.5, only_language="en")
RIGHT = 0.95
WINDOW = 2048
# Scores, and which of them are on the right side of the threshold.
Rated = tuple[np.ndarray, np.ndarray]


def sentences() -> dict[str, list[str]]:
    """Return a hundred sentences of each language, by its code."""
    stored = json.loads(LANGUAGES.read_text(encoding="utf-8"))
    return {
        code: [
            begin + ("" if code in WITHOUT_BLANKS else " ") + end
            for begin in parts["begin"]
            for end in parts["end"]
        ]
        for code, parts in stored.items()
    }


def keyboard_noise(number: int, seed: int = 0) -> list[str]:
    """Return texts of one to eight runs of three to nine keys, each beside the one before."""
    drawn = random.Random(seed)  # noqa: S311  # nothing secret

    def run() -> str:
        row = drawn.choice(ROWS)
        place, keys = drawn.randrange(len(row)), ""
        for _ in range(drawn.randint(3, 9)):
            keys += row[place]
            place = min(max(place + drawn.choice((-2, -1, 1, 2)), 0), len(row) - 1)
        return keys

    return [" ".join(run() for _ in range(drawn.randint(1, 8))) for _ in range(number)]


def unknown_emoji(model: SentimentModel, number: int, seed: int = 0) -> list[str]:
    """Return texts of one to six emoji, none of which the model has in its vocabulary."""
    drawn = random.Random(seed)  # noqa: S311  # nothing secret
    emoji = [chr(code) for code in (*range(0x1F300, 0x1F650), *range(0x1F680, 0x1F6FD))]
    tokens = model.card.tokenizer.encode(pa.array(emoji))
    none_known = tokens.unknown_by_row == np.diff(tokens.offsets)
    unknown = [one for one, is_unknown in zip(emoji, none_known, strict=True) if is_unknown]
    return [" ".join(drawn.choices(unknown, k=drawn.randint(1, 6))) for _ in range(number)]


def ask(model: SentimentModel, texts: pa.Array | Sequence[str], doubt: Doubt) -> Counts:
    """Return what is counted of texts."""
    counts = Counts()
    table = pa.table({"review": texts})
    kernel = Kernel(model, table.schema, doubt=doubt)
    for batch in table.to_batches(max_chunksize=WINDOW):
        counts += kernel.score([batch])[1]
    return counts


def cpu(call: Callable[[], Counts]) -> tuple[Counts, float]:
    """Return what a call returns, and the CPU seconds of this process."""
    before = time.process_time()
    return call(), time.process_time() - before


def show_marked(model: SentimentModel) -> None:
    """Print how much of what is no English is marked: without a score, whatever the reason."""
    sets = sentences()
    sets["all ten"] = [text for texts in sets.values() for text in texts]
    sets["noise"], sets["emoji"] = keyboard_noise(2000), unknown_emoji(model, 2000)
    for name, texts in sets.items():
        counts = ask(model, texts, REFUSING)
        marked = 1 - counts.scored / counts.rows
        print(
            f"  {name:8} {counts.rows:5,} texts: marked {marked:.2%}: {counts.other_language:,} by "
            f"language, {counts.too_unknown:,} by unknown words, {counts.without_text:,} no text"
        )


def show_refused(model: SentimentModel, sets: dict[str, pa.Table]) -> None:
    """Print how many English reviews are refused."""
    for name, table in sets.items():
        counts = ask(model, table["review"], REFUSING)
        refused = counts.other_language + counts.too_unknown
        print(
            f"  {name:20} {counts.rows:6,} rows: refused {refused / counts.rows:.3%}: "
            f"{counts.other_language} by language, {counts.too_unknown} by unknown words; "
            f"{counts.unknown_heavy} of half unknown words and more"
        )


def show_cpu(model: SentimentModel, sets: dict[str, Sequence[str]]) -> None:
    """Print the CPU a row with both options against none, least of three alternating rounds."""
    for name, texts in sets.items():
        off, on = [], []
        for _ in range(3):
            off.append(cpu(lambda texts=texts: ask(model, texts, Doubt()))[1])
            on.append(cpu(lambda texts=texts: ask(model, texts, REFUSING))[1])
        ends = [min(one) / len(texts) * 1e6 for one in (off, on)]
        print(f"  {name:20} {ends[0]:7.1f} µs a row off, {ends[1]:7.1f} on")


def show_band(model: SentimentModel, sets: dict[str, Rated]) -> None:
    """Print how often labels outside the band are right, by domain."""
    band = band_of(model.card, RIGHT, model.name)
    print(
        f"  band {band.low:.3f} to {band.high:.3f}; of the held-out reviews {band.outside:.1%} lie "
        f"outside, {band.right:.2%} of them right"
    )
    for name, (scores, right) in sets.items():
        outside = ~band.holds(scores)
        print(
            f"  {name:27} {len(scores):6,} rows: {right.mean():.2%} right; outside "
            f"{outside.mean():.1%}, {right[outside].mean():.2%} of them right"
        )


def show_own_bands(model: SentimentModel, sets: dict[str, Rated]) -> None:
    """Print the same where the band is that of the domain itself."""
    for name, (scores, right) in sets.items():
        try:
            band = band_of(model.card, RIGHT, model.name, name)
        except UsageError:
            print(f"  {name:20} too few held-out reviews for a band of its own")
            continue
        outside = ~band.holds(scores)
        print(
            f"  {name:20} band {band.low:.3f} to {band.high:.3f}, outside {outside.mean():.1%}, "
            f"{right[outside].mean():.2%} of them right"
        )


def rated(model: SentimentModel, table: pa.Table) -> Rated:
    """Return the scores of labelled reviews, and whether each is right."""
    scores = model.score(table["review"])
    return scores, (scores >= model.card.threshold) == (table["label"].to_numpy() == 1)


def by_domain(path: Path) -> dict[str, pa.Table]:
    """Return the reviews of each domain of a file."""
    table = pq.read_table(path, columns=["review", "label", "domain"])
    names = np.array(table["domain"].to_pylist())
    return {str(name): table.filter(pa.array(names == name)) for name in np.unique(names)}


def main(data: Path, *names: str) -> None:
    """Print every table for each model."""
    films = pq.read_table(data / "imdb/test.parquet", columns=["review", "label"])
    seen, unseen = (by_domain(data / f"domains/{name}.parquet") for name in ("test", "unseen"))
    amazon = pa.concat_tables(table for name, table in seen.items() if name.startswith("amazon"))
    refused = {"IMDB": films, "Amazon": amazon, "rt_polarity": seen["rt_polarity"], **unseen}
    for name in names or ("fast", "default"):
        model = SentimentModel.load(name)
        print(f"{name}: marked by --max-unknown 0.5 --only-language en")
        show_marked(model)
        show_refused(model, refused)
        german = sentences()["de"] * 20
        show_cpu(model, {"IMDB": films["review"].to_pylist()[:4000], "German": german})
        print(f"{name}: --uncertain {RIGHT:g}")
        apart = {f"{one} (unseen)": table for one, table in unseen.items()}
        sets = {"films": films, **seen, **apart}
        found = {one: rated(model, table) for one, table in sets.items()}
        show_band(model, found)
        print(f"{name}: --uncertain {RIGHT:g} --uncertain-domain, each domain its own")
        show_own_bands(model, {one: found[one] for one in ("films", *seen)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
