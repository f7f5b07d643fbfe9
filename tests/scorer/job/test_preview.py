"""What a run would do is told beforehand; how is in test_freshness.py. Rows are counted cheaply."""

from __future__ import annotations

import sys
from pathlib import Path
from time import time_ns

import pytest

from helpers import some_texts, write_reviews
from opened import Uses, uses_of
from scorer import Options, SentimentModel
from scorer.job.preview import rows_to_score
from scorer.job.run import run_job
from scorer.planning.plan import plan
from scorer.storage import identity


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts openings")
def test_what_is_known_to_be_done_is_not_opened_to_count_the_rows_to_score(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write_reviews(tmp_path / f"in/{name}.parquet", some_texts(7)) for name in "abcd"]
    tasks = plan([tmp_path / "in"], tmp_path / "out")
    assert rows_to_score(tasks.tasks, model, Options()) == [7, 7, 7, 7]
    # Ten seconds after everything was written.
    monkeypatch.setattr(identity, "time_ns", lambda: time_ns() + 10_000_000_000)
    run_job(tasks, model)
    with uses_of(paths) as uses:
        assert rows_to_score(tasks.tasks, model, Options(threads=1)) == [0, 0, 0, 0]
    assert uses == Uses(opened=0, looked_at=4)
    write_reviews(paths[1], some_texts(9))
    paths[2].write_bytes(b"no parquet")
    with uses_of(paths[:1] + paths[3:]) as uses:
        assert rows_to_score(tasks.tasks, model, Options()) == [0, 9, 0, 0]
    assert uses.opened == 0
    for options in (Options(force=True), Options(prefix="x_")):
        assert rows_to_score(tasks.tasks, model, options) == [7, 9, 0, 7]


def test_an_input_or_output_that_fails_counts_no_rows(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_reviews(tmp_path / "in/a.parquet", some_texts(7))
    (tmp_path / "in/b.parquet").symlink_to("nowhere")
    (tmp_path / "out/a.parquet").mkdir(parents=True)
    tasks = plan([tmp_path / "in"], tmp_path / "out")
    assert rows_to_score(tasks.tasks, model, Options()) == [0, 0]
