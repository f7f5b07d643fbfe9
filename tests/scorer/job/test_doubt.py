"""A job with limits and further columns: killed and run again, skipped, previewed, counted."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers import left_in, some_texts, write_reviews
from scorer import SentimentModel
from scorer.errors import UsageError
from scorer.job.pipeline import Check, Probe
from scorer.job.result import STOPPED, JobResult
from scorer.job.run import preview_job, run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.reports.report import Report
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS
from umlaut import GERMAN, ByUmlaut, installed

EVERYTHING = {
    "max_unknown": 0.5, "only_language": "en", "uncertain": 0.95, "reasons": True, "quality": True,
}  # fmt: skip


@pytest.fixture
def identifier(monkeypatch: pytest.MonkeyPatch) -> ByUmlaut:
    return installed(monkeypatch)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file of some windows with a bit of everything in each."""
    texts: list[str | None] = list(some_texts(4 * LEAST_WINDOW_ROWS + 10))
    texts[::40], texts[7::90] = [GERMAN] * len(texts[::40]), ["asdf"] * len(texts[7::90])
    texts[11::97] = [None] * len(texts[11::97])
    return write_reviews(tmp_path / "in.parquet", texts, row_group_size=700)


class Stopping(Probe):
    """Sets the stop when so many windows were begun."""

    def __init__(self, windows: int) -> None:
        self.stop, self._left = threading.Event(), windows

    def scoring(self, check: Check) -> None:
        self._left -= 1
        if self._left < 0:
            self.stop.set()
        check()


def run(source: Path, target: Path, model: SentimentModel, **options: object) -> JobResult:
    return run_job(plan([source], target), model, Options(**options))


def test_stopped_and_run_again_the_bytes_and_counts_are_the_same(
    model: SentimentModel, source: Path, tmp_path: Path, identifier: ByUmlaut
) -> None:
    whole = run(source, tmp_path / "whole.parquet", model, threads=1, **EVERYTHING)
    asked = identifier.asked
    assert asked == whole.counts.other_language > 0 < whole.counts.too_unknown
    for threads in (1, 2):
        target, probe = tmp_path / f"{threads}.parquet", Stopping(3)
        options = Options(**EVERYTHING, threads=threads)
        stopped = run_job(plan([source], target), model, options, stop=probe.stop, probe=probe)
        assert stopped.count(STOPPED) == 1
        identifier.asked = 0
        again = run(source, target, model, threads=threads, **EVERYTHING)
        assert 0 < again.reused < again.counts.rows
        assert again.counts == whole.counts
        assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
        # What was found of kept rows isn't asked for again.
        assert identifier.asked < asked


@pytest.mark.usefixtures("identifier")
def test_every_one_of_them_is_part_of_what_an_output_was_made_with(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(source, target, model)
    plain = target.read_bytes()
    for name, value in EVERYTHING.items():
        result = run(source, target, model, **{name: value})
        assert result.files[0].reason == "scored anew: the options changed"
        assert run(source, target, model, **{name: value}).files[0].reason == "already done"
    run(source, target, model)
    assert target.read_bytes() == plain


def test_another_version_of_the_detector_makes_an_output_stale(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    installed(monkeypatch, "py3langid 1")
    run(source, target, model, only_language="en")
    assert run(source, target, model, only_language="en").files[0].reason == "already done"
    installed(monkeypatch, "py3langid 2")
    again = run(source, target, model, only_language="en")
    assert again.files[0].reason == "scored anew: the options changed"


@pytest.mark.usefixtures("identifier")
def test_the_new_columns_have_the_codec_of_the_reviews(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(9), compression={"review": "gzip"})
    run(source, tmp_path / "out.parquet", model, **EVERYTHING)
    columns = pq.read_metadata(tmp_path / "out.parquet").row_group(0).to_dict()["columns"]
    codecs = {one["path_in_schema"]: one["compression"] for one in columns}
    added = [name for name in codecs if name.startswith("sentiment")]
    assert [codecs[name] for name in added] == ["GZIP"] * 5


@pytest.mark.usefixtures("identifier")
def test_what_the_model_does_not_know_stands_in_the_report(
    model: SentimentModel, source: Path, tmp_path: Path
) -> None:
    result = run(source, tmp_path / "out.parquet", model, **EVERYTHING)
    report, counts = Report.of(result), result.counts
    read = Report.from_text(report.to_text())
    assert read == report
    for name in ("unknown_heavy", "other_language", "too_unknown", "uncertain"):
        assert getattr(read.total, name) == getattr(counts, name)
    table = pq.read_table(tmp_path / "out.parquet")
    reasons = table["sentiment_reason"].to_pylist()
    assert reasons.count("not English") == counts.other_language
    assert reasons.count("unknown words") == counts.too_unknown
    assert reasons.count("no text") == counts.without_text
    assert table["sentiment_score"].null_count == counts.rows - counts.scored


def test_a_file_of_which_no_row_is_scored_is_not_taken_for_one_without_text(
    model: SentimentModel, tmp_path: Path
) -> None:
    path = tmp_path / "in.parquet"
    write_reviews(path, ["asdf", "qwer"])
    assert run(path, tmp_path / "out.parquet", model, max_unknown=0.5).files[0].note == ""


@pytest.mark.parametrize("work", [run_job, preview_job])
def test_what_can_not_be_kept_ends_the_job_before_its_first_file(
    model: SentimentModel, tmp_path: Path, work: object
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3))
    planned = plan([source], tmp_path / "out.parquet")
    with pytest.raises(UsageError, match="--uncertain 0.99999: no band of scores leaves"):
        work(planned, model, Options(uncertain=0.99999))
    assert left_in(tmp_path) == ["in.parquet"]
