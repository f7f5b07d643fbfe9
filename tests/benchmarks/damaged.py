"""How many reviews change sides when their text is damaged as dumps damage it.

    python tests/benchmarks/damaged.py DATA MODEL... [--reviews 2000] [--new-rules]

DATA is a Parquet file with a column ``review``; held-out film groups if it has one called
``film_group``, else rows spread evenly. Each MODEL reads the clean reviews and a damaged copy;
printed is the number of labels that turn, with the most that are allowed. ``--new-rules`` reads all
texts by the rules of this release, whatever the model was made with, and tells how many clean
reviews turn by that alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scorer import SentimentModel
from scorer.tokenizer import Tokenizer
from scorer.words.rules import Rules

HELD_OUT_FILMS = (3, 12, 25, 41)
ONE_TO_ONE, TWO_TO_ONE, INVISIBLE = 0, 6, 12


@dataclass(frozen=True)
class Damage:
    """A way to damage a text.

    Attributes:
        name: what it does.
        most: labels of 2,000 that may turn.
        spoil: does it.
    """

    name: str
    most: int
    spoil: Callable[[str], str]


def _apostrophe(name: str, *forms: str, most: int = ONE_TO_ONE) -> Damage:
    """Return a damage that writes the apostrophes in these forms, by turns."""

    def spoil(text: str) -> str:
        parts = text.split("'")
        return "".join(
            part + (forms[number % len(forms)] if number < len(parts) - 1 else "")
            for number, part in enumerate(parts)
        )

    return Damage(name, most, spoil)


def _within_words(name: str, mark: str) -> Damage:
    return Damage(
        name, INVISIBLE, lambda text: re.sub(r"(?<=[A-Za-z]{3})(?=[A-Za-z]{2})", mark, text)
    )


DAMAGES = (
    _apostrophe("curly: ’ and ‘", "’", "‘"),
    _apostrophe("accents and primes: ´ ′ ʹ ‛", "´", "′", "ʹ", "‛"),
    _apostrophe("U+0092", "\x92"),
    _apostrophe("&lsquo; and &#x2019;", "&lsquo;", "&#x2019;"),
    _apostrophe("&#39 without semicolon", "&#39"),
    _apostrophe("&amp;#39;", "&amp;#39;"),
    _apostrophe("backslash: \\'", "\\'"),
    _apostrophe("mojibake: â€™", "â€™"),
    _apostrophe("doubled: ''", "''", most=TWO_TO_ONE),
    _apostrophe("backtick", "`", most=TWO_TO_ONE),
    _apostrophe("stripped", "", most=TWO_TO_ONE),
    Damage("literal \\n", INVISIBLE, lambda text: re.sub(r"(?<=[.!?]) +", r"\\n\\n", text)),
    _within_words("soft hyphens", "\xad"),
    _within_words("zero-width spaces", "\u200b"),
    _within_words("NUL", "\x00"),
    Damage(
        "scripts and comments",
        ONE_TO_ONE,
        lambda text: text.replace(". ", ".<script>bad = 'worst';</script><!-- awful\n--> "),
    ),
)


def held_out(source: str, count: int) -> list[str]:
    """Return reviews: of the held-out films, or spread evenly."""
    table = pq.read_table(source)
    if "film_group" in table.column_names:
        films = pa.array(HELD_OUT_FILMS, table["film_group"].type)
        table = table.filter(pc.is_in(table["film_group"], value_set=films))
    rows = np.linspace(0, len(table) - 1, min(count, len(table))).astype(np.int64)
    texts: list[str] = table["review"].take(pa.array(rows)).to_pylist()
    return texts


def labels(
    model: SentimentModel, tokenizer: Tokenizer, texts: list[str]
) -> npt.NDArray[np.object_]:
    """Return the label of each text."""
    return model.label(model.score_tokens(tokenizer.encode(pa.array(texts, pa.large_string()))))


@click.command()
@click.argument("source", metavar="DATA")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--reviews", "count", default=2000, show_default=True, help="Number of reviews.")
@click.option("--new-rules", is_flag=True, help="Read texts by the rules of this release.")
def main(source: str, models: tuple[str, ...], count: int, new_rules: bool) -> None:
    """Print a line for each damage."""
    texts = held_out(source, count)
    for name in models:
        model = SentimentModel.load(name)
        tokenizer = stored = model.card.tokenizer
        clean = labels(model, stored, texts)
        if new_rules:
            tokenizer, before = Tokenizer(stored.words, Rules(), stored.max_tokens), clean
            clean = labels(model, tokenizer, texts)
            print(f"{name}: {np.count_nonzero(clean != before)} turned by the rules alone (most 2)")
        print(f"{name}: labels of {len(texts):,} that turn (most)")
        for damage in DAMAGES:
            spoilt = labels(model, tokenizer, [damage.spoil(text) for text in texts])
            print(f"  {damage.name:<30}{np.count_nonzero(spoilt != clean):>5} ({damage.most})")


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main()
