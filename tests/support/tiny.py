"""A tiny training run: three hundred made-up reviews that a network learns in a moment."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trainer.data.reviews import Reviews
from trainer.settings import Settings, option_name, preset

GOOD = ("great", "lovely", "superb", "fun")
BAD = ("awful", "dull", "poor", "sad")
# Reviews of another kind, in which half of the words have turned their sense.
TURNED = {"good": ("great", "lovely", "poor", "sad"), "bad": ("awful", "dull", "superb", "fun")}
PLAIN = ("the", "film", "story", "was", "an", "actor", "evening", "and", "it's")

SETTINGS = {
    "embedding": 6,
    "units": 5,
    "epochs": 3,
    "vocabulary": 40,
    "max_tokens": 30,
    "learning_rate": 0.02,
    "dropout": 0.2,
    "wide_slots": 256,
    "vector_epochs": 1,
    "batch_size": 16,
    "crops": 0.0,
}
OPTIONS = [word for name, value in SETTINGS.items() for word in (option_name(name), str(value))]


def tiny_settings(**changes: object) -> Settings:
    return preset("default", **(SETTINGS | changes))


def tiny_reviews(
    rows: int = 300, seed: int = 0, good: tuple[str, ...] = GOOD, bad: tuple[str, ...] = BAD
) -> Reviews:
    chance = random.Random(seed)  # noqa: S311  # test data
    texts, labels = [], []
    for row in range(rows):
        label = row % 2
        words = chance.choices(PLAIN, k=chance.randint(1, 40))
        words += chance.choices(good if label else bad, k=chance.randint(1, 4))
        chance.shuffle(words)
        texts.append(" ".join(words).capitalize() + ".")
        labels.append(label)
    return Reviews(pa.array(texts, pa.large_string()), np.array(labels, np.int8), "tiny")


def turned_reviews(rows: int = 300, seed: int = 7) -> Reviews:
    return tiny_reviews(rows, seed, **TURNED)


def write_tiny(path: Path, rows: int = 300, seed: int = 0) -> Path:
    return write_labelled(path, tiny_reviews(rows, seed))


def write_labelled(path: Path, reviews: Reviews) -> Path:
    pq.write_table(pa.table({"review": reviews.texts, "label": reviews.labels}), path)
    return path
