"""A program on Spark Connect: ``python on_connect.py``, since a process has one kind of Spark.

Prints "as locally" if rows of a data frame get the local scores, to the bit.
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from scorer import SentimentModel
from scorer.engines.spark import with_sentiment

TEXTS = ["A great film.", None, "What an awful story.", ""] * 5


def main() -> None:
    session = SparkSession.builder.getOrCreate()
    model = SentimentModel.load()
    rows = [(row, (text, [1, None])) for row, text in enumerate(TEXTS)]
    frame = session.createDataFrame(rows, "id long, data struct<review:string,l:array<int>>")
    scored = with_sentiment(frame.repartition(3), model=model, text_column="data.review")
    found = sorted(map(tuple, scored.collect()))
    scores, labels = model.score(TEXTS), model.predict(TEXTS)
    expected = [
        (*row, label, None if score != score else float(score))
        for row, label, score in zip(rows, labels, scores, strict=True)
    ]
    assert found == expected
    print("as locally")
    session.stop()


if __name__ == "__main__":
    main()
