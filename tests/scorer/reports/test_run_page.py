"""The page of a run: what the JSON report says, whatever texts and names hold."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts, write_reviews
from scorer import SentimentModel
from scorer.insight.drift import find_drift
from scorer.insight.examples import MOST_CHARACTERS, Example, Examples
from scorer.job.result import FAILED, FileResult, JobResult
from scorer.job.run import run_job
from scorer.kernel import Counts
from scorer.planning.options import Options
from scorer.planning.plan import Task, plan
from scorer.reference import count_rows
from scorer.reports.report import Report, Throughput
from scorer.reports.run_page import MOST_FILES, run_page, write_run_page
from scorer.reports.throughput import MOST_STEPS, Gauge, rates

EVIL = "</title><script>alert(1)</script>\"'><img src=x onerror=y>\u202e\u2066 &amp;\x00"
MEGABYTES = 1 << 21


class Seen(HTMLParser):
    """What a browser would see: large figures, tables by their captions, texts, elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.figures: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._inside = ""
        self._name = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag in ("dt", "dd", "caption", "th", "td"):
            self._inside = tag
        if tag == "caption":
            self._name = ""
        elif tag == "tr":
            self.tables.setdefault(self._name, []).append([])
        elif tag in ("th", "td"):
            self.tables[self._name][-1].append("")
        elif tag == "dt":
            self._name = ""

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data):
        self.text += data
        if self._inside in ("dt", "caption"):
            self._name += data
        elif self._inside == "dd":
            self.figures[self._name] = self.figures.get(self._name, "") + data
        elif self._inside in ("th", "td"):
            self.tables[self._name][-1][-1] += data

    def table(self, start: str) -> list[list[str]]:
        """Return the rows of the table whose caption begins so, without its head."""
        (rows,) = (rows for name, rows in self.tables.items() if name.startswith(start))
        return rows[1:]


@pytest.fixture(scope="module")
def result(model: SentimentModel, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    tmp_path = tmp_path_factory.mktemp("run")
    texts = [*some_texts(300), None, "great " * 1500, "zzz unheardof", "  "]
    write_reviews(tmp_path / "in/a.parquet", texts)
    (tmp_path / "in/b.parquet").write_text("no parquet at all")
    write_reviews(tmp_path / "in/c.parquet", some_texts(9))
    run_job(plan([tmp_path / "in/c.parquet"], tmp_path / "out/c.parquet"), model)
    return run_job(plan([tmp_path / "in"], tmp_path / "out"), model, Options(threads=1))


@pytest.fixture
def report(result: JobResult) -> Report:
    return Report.of(result, find_drift(result), Throughput(1.0, 3.4, (100, 104, 90, 10)))


def as_json(report: Report) -> dict:
    return json.loads(report.to_text())


def test_the_large_figures_are_those_of_the_json(report: Report) -> None:
    total, told = as_json(report)["total"], Seen(run_page(report)).figures
    assert told["rows"] == f"{total['rows']:,}"
    assert told["positive"] == f"{100 * total['positive_share']:.1f}%"
    assert told["unknown words"] == f"{100 * total['unknown_rate']:.1f}%"
    assert told["rows a second"] == f"{total['rows_per_second']:,.0f}"
    statuses = [told[name] for name in ("files scored", "already done", "failed")]
    assert statuses == [str(as_json(report)[name]) for name in ("scored", "skipped", "failed")]
    assert statuses == ["1", "1", "1"]


def test_the_tables_of_the_charts_are_those_of_the_json(report: Report) -> None:
    stored, seen = as_json(report), Seen(run_page(report))
    histogram = [int(rows.replace(",", "")) for _, rows in seen.table("Rows by score")]
    assert histogram == stored["total"]["score_histogram"]
    stages = {name: float(seconds) for name, seconds in seen.table("Seconds of each stage")}
    assert stages == pytest.approx(stored["total"]["stage_seconds"], rel=1e-3)
    speed = [rate.replace(",", "") for _, rate in seen.table("Rows a second")]
    assert [float(rate) for rate in speed] == pytest.approx([100, 104, 100 / 1.4], rel=1e-3)


@pytest.mark.parametrize(
    ("caption", "name"),
    [("Scores, beside", "score"), ("Reviews by their number", "length"),
     ("Reviews by their unknown", "unknown")],
)  # fmt: skip
def test_shares_are_fine_bins_of_the_json_added_up(report: Report, caption: str, name: str) -> None:
    stored = as_json(report)
    ours, norm = stored["distribution"][name], stored["drift"]["norm"]["bins"][name]
    rows = Seen(run_page(report)).table(caption)
    for column, counts in enumerate((ours, norm), 1):
        shown = np.array([float(row[column]) for row in rows])
        assert shown.sum() == pytest.approx(100, rel=1e-3)
        # Each bar ends where a sum of the first bins does.
        ends = 100 * np.cumsum([0, *counts]) / sum(counts)
        assert all(np.abs(ends - end).min() < 0.05 for end in np.cumsum(shown))


def test_scores_below_a_half_stand_below_a_half(report: Report) -> None:
    counts = as_json(report)["distribution"]["score"]
    rows = Seen(run_page(report)).table("Scores, beside")
    low = sum(float(row[1]) for row in rows if float(row[0]) < 0.5)
    assert low == pytest.approx(100 * sum(counts[:100]) / sum(counts), abs=0.05)


def test_lengths_and_unknown_words_stand_below_their_labels(report: Report) -> None:
    bins = count_rows(
        np.full(8, 0.5, np.float32), np.array([1] * 4 + [3, 60, 100, 100]), np.array([0] * 7 + [2])
    )
    one = replace(report, drift=None, distribution=bins)
    lengths = Seen(run_page(one)).table("Reviews by their number")
    filled = [(label, figure) for label, figure in lengths if figure != "0"]
    assert filled == [("1", "50"), ("3", "12.5"), ("46", "12.5"), ("91", "25")]
    unknown = Seen(run_page(one)).table("Reviews by their unknown")
    assert unknown[:4] == [["none", "87.5"], ["to 1%", "0"], ["to 2%", "12.5"], ["to 5%", "0"]]


def test_rows_drift_and_files_are_those_of_the_json(report: Report) -> None:
    stored, seen = as_json(report), Seen(run_page(report))
    found = {told: number for told, number, _ in seen.table("Of 304 rows")}
    assert found == {
        "labelled positive": f"{stored['total']['positive']:,}",
        "without text: no score": "2",
        "half of whose words are unknown, or more": str(stored["total"]["unknown_heavy"]),
        "longer than the model reads: cut to their end": "1",
        **({"whose text had been scored in this run": str(stored["total"]["repeated"])}
           if "repeated" in stored["total"] else {}),
    }  # fmt: skip
    measures = [(float(psi), float(chance)) for _, psi, chance, _ in seen.table("How far")]
    assert measures == [
        pytest.approx((one["psi"], one["chance"]), abs=5e-5) for one in stored["drift"]["measures"]
    ]
    files = {one["input"]: one for one in stored["files"]}
    listed = seen.table("1 scored, 1 skipped, 1 failed")
    assert [Path(row[0]).name for row in listed] == ["b.parquet", "a.parquet", "c.parquet"]
    for name, status, rows, _, reason in listed:
        one = files[name]
        assert (status, rows, reason) == (one["status"], str(one["rows"]), one["reason"])


def test_how_it_was_scored_is_told(report: Report) -> None:
    told = Seen(run_page(report)).figures
    assert told["SHA-256 of the model"] == report.model.sha256
    assert told["option threads"] == "1"
    assert report.fingerprint == told["fingerprint of the arithmetic"]
    assert "option prefix" not in told


def test_a_run_that_scored_nothing_says_so(result: JobResult, tmp_path: Path) -> None:
    done = replace(result, files=[result.files[2]])
    page = run_page(Report.of(done))
    assert "No row was scored in this run" in page
    assert "<svg" not in page


def hostile(report: Report) -> Report:
    files = [replace(one, input=EVIL + one.input, reason=EVIL, note=EVIL) for one in report.files]
    norm = replace(report.drift.norm, name=EVIL)
    return replace(
        report,
        files=files,
        model=replace(report.model, name=EVIL),
        options=replace(report.options, prefix=EVIL, drop=(EVIL,)),
        notes=(EVIL,),
        drift=replace(report.drift, norm=norm),
    )


def test_names_and_texts_of_evil_are_inert(report: Report) -> None:
    def examples(text: str) -> Examples:
        return Examples((Example(Task(Path(text), Path()), 1, 0.9, "positive", text),))

    tame = replace(report, notes=("a",), options=replace(report.options, prefix="a", drop=("b",)))
    good = Seen(run_page(tame, examples("fine")))
    evil = Seen(run_page(hostile(report), examples(EVIL)))
    assert evil.tags == good.tags
    assert evil.attributes == good.attributes
    assert not {"src", "href", "onerror", "onload"} & evil.attributes
    assert "script" not in evil.tags
    assert not set(evil.text) & set("\u202e\u2066\x00")
    assert "alert(1)" in evil.text


def test_ten_thousand_files_with_long_names_stay_below_two_megabytes(
    result: JobResult, tmp_path: Path
) -> None:
    word = EVIL + "\u202e" * (1 << 20)
    counts = Counts(rows=7)
    files = [
        FileResult(Task(Path(f"{'<' * 500}/{number}"), Path("out")), FAILED, EVIL * 99, counts,
                   seconds=number)
        for number in range(10_000)
    ]  # fmt: skip
    many = replace(result, files=files)
    report = Report.of(many)
    text = word[:MOST_CHARACTERS]
    one = Example(Task(Path("<" * 5000), Path()), 1, 0.5, "negative", text, is_cut=True)
    write_run_page(tmp_path / "page.html", report, Examples((one,) * 50, (one,) * 50))
    page = (tmp_path / "page.html").read_text()
    assert len(page.encode()) < MEGABYTES
    assert f"{10_000 - MOST_FILES:,} more files are not listed" in page
    assert "9999" in page


def test_a_page_is_read_without_a_script_and_by_keyboard(report: Report) -> None:
    seen = Seen(run_page(report))
    assert seen.tags.count("svg") >= seen.tags.count("figure") == seen.tags.count("details")
    assert seen.tags.count("h1") == 1
    assert "lang" in seen.attributes


def test_throughput_is_read_back_from_the_json(report: Report) -> None:
    assert Report.from_text(report.to_text()) == report


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(0, 9999)), min_size=1, max_size=300))
def test_no_row_is_lost_however_long_a_run_takes(told: list[tuple[float, int]]) -> None:
    now = 0.0
    gauge = Gauge(lambda: now)
    for later, rows in told:
        now += later
        gauge.add(rows)
    found = gauge.read()
    assert found is not None
    assert len(found.rows) <= MOST_STEPS
    assert sum(found.rows) == sum(rows for _, rows in told)
    times, speeds = rates(found)
    assert len(times) == len(speeds) <= len(found.rows)
    assert times == sorted(times)


def test_a_run_without_a_row_has_no_throughput() -> None:
    assert Gauge().read() is None
