"""What a run says: the plan, the JSON report, the metrics, the log."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_command, some_texts, told, write_reviews
from scorer import SentimentModel, __version__
from scorer.errors import UsageError
from scorer.job.result import JobResult
from scorer.job.run import preview_job, run_job
from scorer.job.tested import TESTED_ONNXRUNTIME, untested
from scorer.planning.options import Options
from scorer.planning.plan import Plan, plan
from scorer.reports.prometheus import metrics_text
from scorer.reports.report import Report, read_report
from scorer.reports.text import closing_lines

NO_PARQUET = "it does not end as a Parquet file does; check that it was copied whole"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    write_reviews(
        tmp_path / "in/a.parquet", [*some_texts(30), None, "great " * 1500, "zzzunheardof"]
    )
    (tmp_path / "in/b.parquet").write_text("no parquet at all")
    write_reviews(tmp_path / "in/c.parquet", some_texts(9))
    return tmp_path / "in"


@pytest.fixture
def result(model: SentimentModel, dump: Path) -> JobResult:
    run_job(plan([dump / "c.parquet"], dump.parent / "out/c.parquet"), model)
    return run_job(plan([dump], dump.parent / "out"), model, Options(threads=1))


def as_json(result: JobResult) -> dict[str, object]:
    return json.loads(Report.of(result).to_text())


def test_a_report_is_read_back_as_it_was_written(result: JobResult, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(Report.of(result).to_text())
    assert read_report(tmp_path / "report.json") == Report.of(result)


def test_a_report_with_a_missing_key_is_refused_by_name(result: JobResult, tmp_path: Path) -> None:
    stored = as_json(result)
    del stored["files"][0]["tokens"]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(stored))
    with pytest.raises(UsageError) as caught:
        read_report(path)
    problem = "the key 'files[0].figures.tokens' is missing; name a file that --report wrote"
    assert str(caught.value) == f"reading the report {path}: {problem}"


def test_the_report_tells_of_each_file_and_of_all(
    model: SentimentModel, result: JobResult, dump: Path
) -> None:
    report = as_json(result)
    assert list(report) == [
        "report_version", "started", "model", "versions", "notes", "fingerprint", "options",
        "threads", "peak_memory_bytes", "cpu_seconds", "scored", "skipped", "failed",
        "left_aside", "outputs_without_input", "total", "files",
        "distribution",
    ]  # fmt: skip
    assert (report["scored"], report["skipped"], report["failed"]) == (1, 1, 1)
    assert report["model"]["sha256"] == model.file.sha256
    assert report["versions"]["scorer"] == __version__
    assert report["options"] == {
        "text_column": None, "keep": None, "prefix": "", "compression": None, "threads": 1,
        "force": False,
    }  # fmt: skip
    assert report["threads"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["started"])
    assert [one["status"] for one in report["files"]] == ["scored", "failed", "skipped"]
    assert report["files"][1]["reason"] == f"reading {dump}/b.parquet: {NO_PARQUET}"
    assert report["files"][2]["reason"] == "already done"


@pytest.mark.parametrize(
    ("given", "name"), [(None, "default"), ("fast", "fast"), ("./my model.onnx", "./my model.onnx")]
)
def test_the_report_calls_the_model_what_it_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = SentimentModel.load("fast").file
    Path("my model.onnx").write_bytes(shipped.content)
    report = Report.of(run_job(Plan(()), SentimentModel.load(given), Options(threads=1)))
    assert report.model.name == name


def test_an_untested_onnxruntime_is_a_line_in_the_report_and_the_summary(
    result: JobResult,
) -> None:
    assert as_json(result)["notes"] == []
    newer = replace(result, versions={**result.versions, "onnxruntime": "9.0.0"})
    oldest, newest = TESTED_ONNXRUNTIME
    note = (
        f"onnxruntime 9.0.0 is outside the tested range, {oldest} to {newest}: "
        "compare some scores first"
    )
    assert as_json(newer)["notes"] == [note]
    assert closing_lines(newer) == [*closing_lines(result), note]


@pytest.mark.parametrize(
    ("version", "is_tested"),
    [
        ("1.24.4", False), ("1.25.0", True), ("1.32.7", True), ("1.33.0", False),
        ("1.3.0", False), ("2.0.0", False), ("1.33.0.dev20261201", False), ("0.32", False),
    ],
)  # fmt: skip
def test_versions_are_compared_as_numbers(version: str, is_tested: bool) -> None:
    assert (untested(version) == ()) == is_tested


def test_the_figures_of_a_file_are_those_of_its_rows(
    model: SentimentModel, result: JobResult, dump: Path
) -> None:
    figures = as_json(result)["files"][0]
    scores = [
        score
        for score in pq.read_table(dump.parent / "out/a.parquet")["sentiment_score"].to_pylist()
        if score is not None
    ]
    tokens = model.card.tokenizer.encode(pq.read_table(dump / "a.parquet")["review"])
    assert (
        figures["rows"],
        figures["without_text"],
        figures["truncated"],
        figures["invalid_utf8"],
        figures["reused"],
    ) == (33, 1, 1, 0, 0)
    assert (figures["tokens"], figures["unknown_tokens"]) == (len(tokens.ids), tokens.unknown)
    assert figures["unknown_rate"] == round(tokens.unknown / len(tokens.ids), 6) > 0
    assert figures["positive"] == sum(score >= 0.5 for score in scores)
    assert figures["positive_share"] == round(figures["positive"] / 32, 6)
    assert figures["score_histogram"] == np.histogram(scores, 20, (0, 1))[0].tolist()
    assert list(figures["stage_seconds"]) == [
        "reading",
        "tokenizing",
        "packing",
        "scoring",
        "keeping",
        "writing",
    ]
    assert all(seconds > 0 for seconds in figures["stage_seconds"].values())
    # On one thread of scoring, reading and writing beside it: no stage is longer than the file.
    assert max(figures["stage_seconds"].values()) <= figures["seconds"]
    assert figures["rows_per_second"] > 0


def test_the_total_is_the_sum_of_the_files(result: JobResult) -> None:
    report = as_json(result)
    for name in (
        "rows",
        "reused",
        "without_text",
        "truncated",
        "tokens",
        "unknown_tokens",
        "positive",
    ):
        assert report["total"][name] == sum(one[name] for one in report["files"])


def test_every_metric_has_a_meaning_and_a_type_and_the_format_holds(
    model: SentimentModel, result: JobResult
) -> None:
    text = metrics_text(result)
    assert text.endswith("\n")
    sample = re.compile(
        r'(review_sentiment_[a-z0-9_]+)(\{[a-z0-9_]+="[^"]*"(,[a-z0-9_]+="[^"]*")*\})? -?[0-9.e+-]+'
    )
    announced = set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert re.fullmatch(r"# HELP review_sentiment_[a-z0-9_]+ [A-Z].*\.", line)
        elif line.startswith("# TYPE "):
            announced.add(line.removeprefix("# TYPE ").removesuffix(" gauge"))
        else:
            found = sample.fullmatch(line)
            assert found
            assert found[1] in announced
    assert 'review_sentiment_files{status="failed"} 1\n' in text
    assert "review_sentiment_rows 33\n" in text
    assert 'review_sentiment_rows_by_score{from="0.95"} ' in text
    assert (
        f'review_sentiment_info{{model_sha256="{model.file.sha256}",scorer="{__version__}",' in text
    )


def test_report_and_metrics_are_written_when_a_file_failed_too(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "says").mkdir()
    report, metrics = tmp_path / "says/report.json", tmp_path / "says/scorer.prom"
    done = run_command(
        "scorer", "run", dump, tmp_path / "out", "--report", report, "--metrics-file", metrics
    )
    assert done.returncode == 3
    assert json.loads(report.read_text())["failed"] == 1
    assert 'review_sentiment_files{status="scored"} 2\n' in metrics.read_text()
    assert left_in(tmp_path / "says") == ["report.json", "scorer.prom"]


def test_a_report_that_could_not_be_written_is_refused_before_the_night(
    dump: Path, tmp_path: Path
) -> None:
    done = run_command(
        "scorer", "run", dump, tmp_path / "out", "--report", tmp_path / "none/report.json"
    )
    assert done.returncode == 2
    assert (
        f"there is no folder {tmp_path}/none to write report.json in; make it first" in done.stderr
    )
    assert not (tmp_path / "out").exists()


def test_the_plan_names_every_file_and_changes_nothing(
    model: SentimentModel, dump: Path, tmp_path: Path
) -> None:
    run_job(plan([dump / "c.parquet"], tmp_path / "out/c.parquet"), model)
    before = left_in(tmp_path)
    done = run_command(
        "scorer", "run", "--dry-run", dump, tmp_path / "out", "--report", tmp_path / "report.json"
    )
    assert told(done) == [
        f"planned  {tmp_path}/out/a.parquet: 33 rows; new",
        f"skipped  {tmp_path}/out/c.parquet: already done",
        "3 files: 1 planned, 1 skipped, 1 failed; 33 rows to write",
    ]
    reason = f"failed   reading {dump}/b.parquet: {NO_PARQUET}"
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, reason)
    assert left_in(tmp_path) == before


def test_the_plan_says_why_an_output_is_scored_anew(
    model: SentimentModel, dump: Path, tmp_path: Path
) -> None:
    tasks = plan([dump / "c.parquet"], tmp_path / "c.parquet")
    run_job(tasks, model)
    for options, reason in [
        (Options(), "already done"),
        (Options(keep=("id",)), "scored anew: the options changed"),
        (Options(prefix="x_"), "scored anew: the options changed"),
        (Options(compression="gzip"), "scored anew: the options changed"),
        (Options(force=True), "scored anew: --force"),
    ]:
        assert preview_job(tasks, model, options).files[0].reason == reason


def test_the_log_is_json_line_by_line_where_it_is_asked_for(dump: Path, tmp_path: Path) -> None:
    done = run_command("scorer", "run", dump, tmp_path / "out", "--log-format", "json")
    first, second, third, job, last = map(json.loads, done.stderr.splitlines())
    assert len(told(done)) == 3
    keys = ["time", "level", "message", "input", "output", "status", "rows", "seconds"]
    assert list(first) == keys
    assert list(second) == [*keys, "reason"]
    assert second["reason"] == second["message"]
    assert first["message"].startswith(f"{tmp_path}/out/a.parquet: 33 rows, ")
    assert (first["level"], first["status"], first["rows"]) == ("info", "scored", 33)
    assert second["message"] == f"reading {dump}/b.parquet: {NO_PARQUET}"
    assert (second["level"], second["input"], second["output"]) == (
        "error",
        f"{dump}/b.parquet",
        f"{tmp_path}/out/b.parquet",
    )
    assert (third["status"], third["rows"]) == ("scored", 9)
    message, drift = job["message"].split("; DRIFT from ")
    heavy = "1 with half of their words unknown or more"
    assert message == f"3 files: 2 scored, 1 failed; 42 rows written; {heavy}"
    assert (job["level"], job["drifted"]) == ("warning", ["score", "length", "unknown"])
    assert drift.startswith("the 364 held-out reviews of ride_app, the nearest domain: score ")
    job_keys = ["scored", "skipped", "failed", "rows", "seconds", "psi", "drifted"]
    assert list(job) == [*keys[:3], *job_keys]
    assert (job["scored"], job["skipped"], job["failed"], job["rows"]) == (2, 0, 1, 42)
    assert last["message"] == "1 of 3 files failed, each is named above; mend them and run again"
    usage = run_command(
        "scorer", "run", "none", tmp_path / "out", "--log-format", "json", "--threads", "0"
    )
    assert usage.returncode == 2
    assert "0 is not in the range" in json.loads(usage.stderr)["message"]


def test_a_pinned_model_is_taken_and_another_refused(
    model: SentimentModel, dump: Path, tmp_path: Path
) -> None:
    good = run_command(
        "scorer",
        "run",
        dump / "a.parquet",
        tmp_path / "out.parquet",
        "--model-sha256",
        model.file.sha256.upper(),
    )
    assert good.returncode == 0
    other = run_command(
        "scorer", "run", dump / "c.parquet", tmp_path / "other.parquet", "--model-sha256", "0" * 64
    )
    assert (other.returncode, other.stdout) == (4, "")
    assert other.stderr == (
        f"Error: checking the model {model.file.name}: its SHA-256 is {model.file.sha256}, "
        f"{'0' * 64} was asked for; name the model that was meant, or pin this one\n"
    )
    assert not (tmp_path / "other.parquet").exists()
    slip = run_command(
        "scorer", "run", dump / "c.parquet", tmp_path / "other.parquet", "--model-sha256", "abc"
    )
    assert slip.returncode == 2
    assert (
        "'abc' is not a SHA-256, 64 hexadecimal digits; 'scorer inspect' shows a model's"
        in slip.stderr
    )
