"""The recipes of the page for Polars, DuckDB and pandas give the local scores, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import some_texts, write_reviews
from scorer import SentimentModel

PAGE = Path(__file__).parents[2] / "scorer/README.md"
TEXTS = [*some_texts(50), None, "", "<br/>", "A great film."]


def test_the_recipes_of_the_page_give_the_local_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reviews(tmp_path / "reviews.parquet", TEXTS)
    monkeypatch.chdir(tmp_path)
    code = PAGE.read_text().split("<!-- recipe -->\n```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102  # it is what the page tells to run
    model = SentimentModel.load("fast")
    expected = model.score(TEXTS)
    found = [
        names["by_polars"]["sentiment_score"].to_numpy(),
        names["by_duckdb"]["score"].to_numpy(np.float32, na_value=np.nan),
        names["by_pandas"]["sentiment_score"].to_numpy(),
    ]
    for scores in found:
        assert scores.dtype == np.float32
        np.testing.assert_array_equal(scores, expected)
    assert names["by_polars"]["sentiment_score"].null_count() == 3
    # From version 3 on pandas holds texts in a type of its own, null as NaN.
    labels = names["by_pandas"]["sentiment"].astype(object)
    assert labels.where(labels.notna(), None).tolist() == list(model.predict(TEXTS))
