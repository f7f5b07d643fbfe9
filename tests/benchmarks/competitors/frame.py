"""Code that the pandas scripts have in common: cutting into words, and writing the scores."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd


def words_of(text: str) -> list[str]:
    """Return the words in lower case, without HTML tags; ! and ? are words."""
    return re.findall(r"\w+(?:'\w+)*|[!?]", re.sub(r"<[^>]+>", " ", text.lower()))


def write_scored(table: pd.DataFrame, scores: npt.NDArray[np.float32], out: Path) -> None:
    """Add scores and labels to a table, and write it."""
    table["sentiment_score"] = scores
    table["sentiment"] = np.where(scores >= 0.5, "positive", "negative")
    table.to_parquet(out, compression="zstd")
