"""Write what the models that ship learn from beside labels: texts with a probability.

    python tests/benchmarks/soft_texts.py FOLDER UNLABELED SCORED SOFT READ...

FOLDER holds films.parquet and domains.parquet, as held_out.py wrote them. UNLABELED are film
reviews without a label (review_id, review), SCORED all of them after ``scorer run`` by a model of
films, SOFT what a transformer says of other texts, READ what it says of some of the film reviews
(review_id, probability). Into FOLDER come three files for ``trainer fit --soft-labels``:

- read.parquet: the reviews that the transformer read, with what it and the model of films say
  together: on held-out films that is better than either;
- scored.parquet: the others, as the model of films scores them;
- soft.parquet: SOFT.

Every third text of all of them is without its apostrophes, so that a score doesn't hang on one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILMS = "films"
STRIPPED_EVERY = 3
# What the logits of the transformer and of the model of films count. Fitted on 2,000 held-out
# films: log loss 0.180 and 0.205 alone, 0.154 together.
READ_SLOPE, SCORE_SLOPE = 0.6, 0.5
# An apostrophe within a word, in the two forms that make up nearly all.
APOSTROPHE = r"(\w)['\x{2019}](\w)"


def soft_table(
    texts: pa.ChunkedArray, probabilities: pa.ChunkedArray, ids: pa.ChunkedArray, domains: object
) -> pa.Table:
    """Return the columns that ``--soft-labels`` takes."""
    return pa.table(
        {
            "text": texts,
            "probability": probabilities.cast(pa.float32()),
            "group": ids.cast(pa.string()),
            "domain": domains,
        }
    )


def together(read: pa.ChunkedArray, scored: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the probability that the transformer and the model of films give together."""
    logits = [np.log(one / (1 - one)) for one in (read.to_numpy(), scored.to_numpy())]
    both = READ_SLOPE * logits[0] + SCORE_SLOPE * logits[1]
    return pa.chunked_array([1 / (1 + np.exp(-both.astype(np.float64)))])


def read_and_scored(
    unlabeled: Path, scored: Path, read: Sequence[Path]
) -> tuple[pa.Table, pa.Table]:
    """Return the film reviews that the transformer read, and the others as a model scored them."""
    reviews, scores = map(pq.read_table, (unlabeled, scored))
    columns = ["review_id", "probability"]
    answers = pa.concat_tables([pq.read_table(one, columns=columns) for one in read])
    if reviews["review_id"] != scores["review_id"]:
        raise SystemExit(f"{scored} doesn't hold the rows of {unlabeled}; score that file")
    rows = pc.index_in(answers["review_id"], reviews["review_id"].combine_chunks())
    texts = reviews["review"].take(rows)
    both = together(answers["probability"], scores["sentiment_score"].take(rows))
    by_reading = soft_table(texts, both, answers["review_id"], [FILMS] * len(texts))
    others = scores.filter(
        pc.and_(
            pc.invert(pc.is_in(scores["review_id"], answers["review_id"].combine_chunks())),
            pc.is_valid(scores["sentiment_score"]),
        )
    )
    by_score = soft_table(
        others["review"], others["sentiment_score"], others["review_id"], [FILMS] * len(others)
    )
    return by_reading, by_score


def without_some_apostrophes(table: pa.Table, labelled: pa.ChunkedArray) -> pa.Table:
    """Return a table with every third text stripped of its apostrophes.

    A text that a labelled review has stays as it is: so it is found to have a label.
    """
    texts = table["text"].cast(pa.large_string()).combine_chunks()
    known = pc.is_in(texts, labelled.combine_chunks())
    turn = pa.array(np.arange(len(texts)) % STRIPPED_EVERY == 0)
    stripped = pc.replace_substring_regex(texts, APOSTROPHE, r"\1\2")
    mixed = pc.if_else(pc.and_(turn, pc.invert(known)), stripped, texts)
    return table.set_column(table.column_names.index("text"), "text", mixed)


def main(folder: Path, unlabeled: Path, scored: Path, soft: Path, *read: Path) -> None:
    """Write the three files."""
    by_reading, by_score = read_and_scored(unlabeled, scored, read)
    labelled = [
        pq.read_table(folder / name, columns=["review"])["review"].cast(pa.large_string())
        for name in ("films.parquet", "domains.parquet")
    ]
    known = pa.chunked_array([chunk for column in labelled for chunk in column.chunks])
    for name, table in (
        ("read", by_reading),
        ("scored", by_score),
        ("soft", pq.read_table(soft)),
    ):
        mixed = without_some_apostrophes(table, known)
        pq.write_table(mixed, folder / f"{name}.parquet", compression="zstd")
        changed = pc.sum(pc.not_equal(mixed["text"], table["text"].cast(pa.large_string())))
        print(f"{name}: {len(mixed):,} texts, {changed.as_py():,} without their apostrophes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
