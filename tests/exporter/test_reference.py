from __future__ import annotations

import numpy as np
import pyarrow as pa

from exporter.reference import make_reference
from scorer.tokenizer import Tokenizer
from trainer.data.reviews import Reviews


def test_the_names_of_domains_are_escaped_as_in_the_figures() -> None:
    texts = pa.array(["good", "bad"], pa.large_string())
    domains = pa.array(["toys\nError: all fine", "books"], pa.large_string())
    reviews = Reviews(texts, np.array([1, 0], np.int8), "r", domains=domains)
    tokens = Tokenizer(("good", "bad")).encode(texts)
    reference = make_reference(np.array([0.9, 0.2], np.float32), reviews, tokens)
    assert reference is not None
    assert reference.domains is not None
    assert list(reference.domains) == ["books", r"toys\nError: all fine"]
