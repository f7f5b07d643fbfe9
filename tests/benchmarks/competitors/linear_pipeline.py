"""scikit-learn: TF-IDF of words and pairs, logistic regression.

https://scikit-learn.org/stable/modules/feature_extraction.html#text-feature-extraction
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from competitors.frame import write_scored
from trainer.data.reviews import Reviews


class LinearPipeline:
    """A pipeline trained on labelled reviews."""

    def __init__(self, train: Reviews) -> None:
        vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32
        )
        classifier = LogisticRegression(C=30, solver="liblinear")
        self._pipeline = make_pipeline(vectorizer, classifier)
        self._pipeline.fit(train.texts.to_pylist(), train.labels)

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""
        table = pd.read_parquet(source)
        scores = self._pipeline.predict_proba(table["review"])[:, 1].astype(np.float32)
        write_scored(table, scores, out)
        return np.asarray(scores)
