"""What an explanation promises, measured: ``explain.py DATA... [--model fast]``.

DATA are Parquet files of reviews. Of all of them together 2,000 are drawn, and of these 500 for
what leaves a word out. Times are CPU seconds of one thread, taken in turns; the reviews of the cost
are cut to 60 words. Hostile texts are in the tests.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scorer import SentimentModel
from scorer.insight.explain import Explanations
from scorer.tokenizer import UNKNOWN_ID, Tokens

ROWS, LEFT_OUT = 2000, 500
WORDS = 60
ROUNDS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--model", default="fast")
    given = parser.parse_args()
    model = SentimentModel.load(given.model)
    texts = pa.concat_arrays(
        [chunk for path in given.data for chunk in pq.read_table(path)["review"].chunks]
    )
    chance = np.random.default_rng(1)
    drawn = texts.take(pa.array(chance.permutation(len(texts))))
    print(f"{given.model}: {len(texts):,} reviews of {len(given.data)} files")
    show_sums(model, drawn[:ROWS])
    show_left_out(model, drawn[:LEFT_OUT])
    show_cost(model, drawn)


def show_sums(model: SentimentModel, texts: pa.Array) -> None:
    shares = model.explainer.explain(texts).shares
    worst = np.nanmax(np.abs(shares.sums() - shares.logits))
    same = np.array_equal(shares.scores, model.score(texts), equal_nan=True)
    print(f"{len(texts):,} reviews: parts miss the logit by {worst:.1e} at most; scores ", end="")
    print("equal to the bit" if same else "DIFFER")


def show_left_out(model: SentimentModel, texts: pa.Array) -> None:
    """Leave out of each review its strongest word, and its weakest."""
    found = model.explainer.explain(texts)
    tokens = model.card.tokenizer.encode(texts)
    rows = [row for row, one in enumerate(found) if len(one.words) > 1]
    strongest = np.array([ends_of(found, row)[0] for row in rows])
    weakest = np.array([ends_of(found, row)[1] for row in rows])
    scores, offsets = found.shares.scores[rows], found.shares.offsets[rows]
    moved, moved_less = (
        scores - scores_without(model, tokens, rows, places) for places in (strongest, weakest)
    )
    its_way = moved * found.shares.tokens[offsets + strongest] > 0
    less = np.abs(moved_less) < np.abs(moved)
    print(f"without the strongest word {its_way.mean():.1%} of {len(rows)} scores move its way; ")
    print(f"without the weakest one {less.mean():.1%} move less")


def ends_of(found: Explanations, row: int) -> tuple[int, int]:
    first, last = found.shares.offsets[row : row + 2]
    strengths = np.abs(found.shares.tokens[first:last])
    return int(strengths.argmax()), int(strengths.argmin())


def scores_without(
    model: SentimentModel, tokens: Tokens, rows: list[int], places: np.ndarray
) -> np.ndarray:
    """Score rows with an unknown word at a place among the tokens that the network reads."""
    kept = []
    for row, place in zip(rows, places.tolist(), strict=True):
        first, last = tokens.offsets[row : row + 2]
        ids = tokens.ids[first:last].copy()
        ids[last - first - tokens.lengths[row] + place] = UNKNOWN_ID
        kept.append(ids)
    offsets = np.cumsum([0, *map(len, kept)])
    return model.score_tokens(Tokens(np.concatenate(kept), offsets, tokens.max_tokens))


def show_cost(model: SentimentModel, texts: pa.Array) -> None:
    long = (text.split()[:WORDS] for text in texts.to_pylist() if text)
    cut = pa.array([" ".join(words) for words in long if len(words) == WORDS][:ROWS])
    explain = model.explainer.explain
    calls: dict[str, Callable[[], object]] = {
        "scoring": lambda: model.score(cut),
        "explaining": lambda: explain(cut),
        "--leave-out": lambda: explain(cut, leave_out=True),
        "scoring by the graph with more outputs": lambda: twin_scores(model, cut),
    }
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.process_time()
            call()
            taken[name].append(time.process_time() - started)
    for name, seconds in taken.items():
        ratio = median(one / other for one, other in zip(seconds, taken["scoring"], strict=True))
        each = 1e6 * min(seconds) / len(cut)
        print(f"{name}: {each:.0f} µs a review of {WORDS} words, {ratio:.2f} times scoring")


def twin_scores(model: SentimentModel, texts: pa.Array) -> np.ndarray:
    """Score by the session that explains, whose further outputs aren't asked for."""
    twin, own = model.explainer._twin._session, model._session
    try:
        model._session = twin
        return model.score(texts)
    finally:
        model._session = own


if __name__ == "__main__":
    main()
