from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer.tokenizer import Tokens
from tiny import tiny_reviews
from trainer.data.vocabulary import build_tokenizer
from trainer.models.linear import LinearModel, count_ngrams, fit_weights


def test_counted_n_grams_are_the_same_in_every_release() -> None:
    ids = np.array([5, 7, 5, 900_001, 7, 3, 2, 2], np.int32)
    counts = count_ngrams(Tokens(ids, np.array([0, 3, 3, 7, 8]), max_tokens=9))
    assert counts.shape == (4, 1 << 22)
    assert counts.indptr.tolist() == [0, 5, 5, 14, 15]
    first, second, last = counts.indices[:5], counts.indices[5:14], counts.indices[14:]
    assert first.tolist() == [5, 7, 805796, 1084042, 2805711]
    assert second.tolist() == [
        2, 3, 7, 900001, 940901, 1295040, 2482948, 2805721, 3000015,
    ]  # fmt: skip
    assert last.tolist() == [2]
    assert counts.data.tolist() == [2.0] + [1.0] * 14


def test_a_model_read_back_gives_the_same_scores(tmp_path: Path) -> None:
    reviews = tiny_reviews()
    tokenizer = build_tokenizer(reviews.texts, words=50, max_tokens=100)
    model = fit_weights(tokenizer.encode(reviews.texts), reviews.labels)
    model.save(tmp_path / "linear.npz")
    texts = pa.array(["a great, lovely film", "an awful, dull film", "", None], pa.large_string())
    scores = LinearModel.load(tmp_path / "linear.npz").predict(texts, tokenizer)
    np.testing.assert_array_equal(scores, model.predict(texts, tokenizer))
    assert scores[0] > 0.5 > scores[1]
    assert np.isnan(scores[2:]).all()
