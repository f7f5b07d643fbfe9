"""Compare two kinds of run over several seeds, on the reviews that all of them held out.

    python tests/benchmarks/seeds.py RUN_DIR... --against RUN_DIR...

Printed are, for each run, accuracy and log loss of its cross-fitted scores, and for the two kinds,
the n-th run of one against the n-th of the other:

- McNemar's test, two-sided and exact, of all pairs pooled (McNemar 1947,
  https://doi.org/10.1007/BF02295996). It takes each pair's reviews for further ones, so it is too
  sure of itself where seeds err alike;
- the difference of accuracy and of log loss, the mean over the seeds, with a 95% interval from
  10,000 bootstraps of the reviews (Efron & Tibshirani 1993), which takes a review's answers of all
  seeds together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from scipy.stats import binomtest

BOOTSTRAPS = 10_000


@dataclass(frozen=True)
class Answers:
    """What a run says of its held-out reviews.

    Attributes:
        name: of the run.
        reviews: their texts.
        right: ``bool[reviews]``, whether the label is right.
        losses: ``float64[reviews]``, the log loss of each.
    """

    name: str
    reviews: list[str]
    right: npt.NDArray[np.bool_]
    losses: npt.NDArray[np.float64]

    @classmethod
    def of(cls, run: Path) -> Answers:
        """Read the held-out reviews of a finished run."""
        table = pq.read_table(run / "held_out.parquet")
        scores, labels = table["score"].to_numpy().astype(np.float64), table["label"].to_numpy()
        chances = np.where(labels == 1, scores, 1 - scores)
        right = (scores > 0.5) == (labels == 1)
        return cls(run.name, table["review"].to_pylist(), right, -np.log(chances))


def interval(differences: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of the mean of some differences, ``float64[reviews]``."""
    draw = np.random.default_rng(0)
    count = len(differences)
    means = [differences[draw.integers(0, count, count)].mean() for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def compare(ours: list[Answers], others: list[Answers]) -> None:
    """Print the comparison of two kinds."""
    pairs = list(zip(ours, others, strict=True))
    won = sum(int((one.right & ~other.right).sum()) for one, other in pairs)
    lost = sum(int((~one.right & other.right).sum()) for one, other in pairs)
    chance = binomtest(won, won + lost).pvalue
    print(
        f"McNemar, pooled: {won} right where the others are wrong, {lost} wrong: p = {chance:.4f}"
    )
    for name, gains in (
        ("accuracy", [one.right * 1.0 - other.right for one, other in pairs]),
        ("log loss", [one.losses - other.losses for one, other in pairs]),
    ):
        mean = np.mean(gains, axis=0)
        low, high = interval(mean)
        print(f"{name}: {mean.mean():+.4f}, 95% interval {low:+.4f} to {high:+.4f}")


def main(words: list[str]) -> None:
    """Read the runs, and compare them."""
    middle = words.index("--against")
    kinds = [
        [Answers.of(Path(run)) for run in part] for part in (words[:middle], words[middle + 1 :])
    ]
    for one in (*kinds[0], *kinds[1]):
        if one.reviews != kinds[0][0].reviews:
            raise SystemExit(f"{one.name} held out other reviews")
        print(f"{one.name}: accuracy {one.right.mean():.4f}, log loss {one.losses.mean():.4f}")
    compare(*kinds)


if __name__ == "__main__":
    main(sys.argv[1:])
