"""CSV and JSON Lines in, Parquet out: the job's promises hold for them, too."""

from __future__ import annotations

import csv
import gzip
import json
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_command, run_here, some_texts, start_slow_scorer, wait_for
from scorer import SentimentModel, score_files
from scorer.cli import cli
from scorer.errors import OutputError, UsageError
from scorer.job.result import FAILED, PLANNED, SCORED, SKIPPED, FileResult
from scorer.job.run import preview_job, run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.reports.report import Report
from scorer.reports.text import file_facts, file_line, summary
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS

TEXTS = [*some_texts(700), 'He said "no", \\n', "two\nlines", "größer", "<br />", "1.10"]


def write_three(folder: Path, texts: list[str] = TEXTS) -> list[Path]:
    """Write the same reviews as Parquet, CSV and JSON Lines."""
    folder.mkdir(exist_ok=True)
    rows = [(f"{row:05}", text) for row, text in enumerate(texts)]
    table = pa.table({"id": [row[0] for row in rows], "review": [row[1] for row in rows]})
    pq.write_table(table, folder / "p.parquet")
    with (folder / "c.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "review"), *rows])
    lines = (json.dumps({"id": row[0], "review": row[1]}) + "\n" for row in rows)
    (folder / "j.jsonl").write_text("".join(lines))
    return [folder / name for name in ("p.parquet", "c.csv", "j.jsonl")]


def run(source: Path, target: Path, model: SentimentModel, **options: object) -> FileResult:
    (result,) = run_job(plan([source], target), model, Options(**options)).files
    return result


def test_the_same_rows_get_the_same_scores_from_every_format(
    model: SentimentModel, tmp_path: Path
) -> None:
    sources = write_three(tmp_path / "in")
    result = run_job(plan(sources, f"{tmp_path}/out/"), model)
    assert [one.status for one in result.files] == [SCORED] * 3
    assert left_in(tmp_path / "out") == ["c.parquet", "j.parquet", "p.parquet"]
    first, *others = (pq.read_table(tmp_path / f"out/{name}.parquet") for name in "pcj")
    for other in others:
        assert other.equals(first)
    assert [one.counts for one in result.files] == [result.files[0].counts] * 3


def test_a_text_that_is_done_is_skipped_and_one_that_is_read_otherwise_is_scored_anew(
    model: SentimentModel, tmp_path: Path
) -> None:
    _, source, lines = write_three(tmp_path / "in")
    target = tmp_path / "out.parquet"
    assert run(source, target, model).status == SCORED
    content = target.read_bytes()
    assert run(source, target, model, threads=1).status == SKIPPED
    for options in ({"infer_types": True}, {"delimiter": ","}, {"escape": True, "drop": ("id",)}):
        again = run(source, target, model, **options)
        assert (again.status, again.reason) == (SCORED, "scored anew: the options changed")
        assert run(source, target, model, **options).status == SKIPPED
    assert run(source, target, model).status == SCORED
    assert target.read_bytes() == content
    with source.open("a") as file:
        file.write("9,more\n")
    assert run(source, target, model).reason == "scored anew: the input changed"
    # What is said of CSV decides nothing in JSON Lines.
    assert run(lines, tmp_path / "j.parquet", model).status == SCORED
    options = {"infer_types": True, "delimiter": ";", "escape": True}
    assert run(lines, tmp_path / "j.parquet", model, **options).status == SKIPPED


def test_the_bytes_do_not_depend_on_threads_and_the_output_is_zstd(
    model: SentimentModel, tmp_path: Path
) -> None:
    contents = set()
    _, source, _ = write_three(tmp_path / "in", TEXTS * 4)
    for threads in (1, 3):
        target = tmp_path / f"{threads}.parquet"
        run(source, target, model, threads=threads)
        contents.add(target.read_bytes())
    assert len(contents) == 1
    group = pq.read_metadata(target).row_group(0)
    assert {group.column(index).compression for index in range(group.num_columns)} == {"ZSTD"}


@pytest.mark.parametrize("name", ["c.csv", "j.jsonl", "c.csv.gz"])
def test_a_killed_run_of_a_text_goes_on_and_ends_with_the_same_bytes(
    model: SentimentModel, tmp_path: Path, name: str
) -> None:
    write_three(tmp_path / "in", some_texts(5 * LEAST_WINDOW_ROWS))
    (tmp_path / "in/c.csv.gz").write_bytes(gzip.compress((tmp_path / "in/c.csv").read_bytes()))
    source, target, log = tmp_path / "in" / name, tmp_path / "out.parquet", tmp_path / "log"
    run(source, tmp_path / "undisturbed.parquet", model)
    log.touch()
    marks = {"log": log, "after": 1, "gate": tmp_path / "gate"}
    process = start_slow_scorer("run", source, target, "--threads", 1, **marks)
    wait_for(log, process, lines=2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not target.exists()
    result = run(source, target, model)
    assert result.status == SCORED
    assert result.reused >= LEAST_WINDOW_ROWS
    assert target.read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()
    assert [one for one in left_in(tmp_path) if one.startswith(".")] == []


def test_a_text_with_a_fault_leaves_no_output_and_the_others_are_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    _, good, lines = write_three(tmp_path / "in")
    bad = tmp_path / "in/bad.csv"
    bad.write_text("id,review\n" + "1,good\n" * 5000 + '2,"open\n')
    result = run_job(plan([bad, good, lines], f"{tmp_path}/out/"), model)
    assert [one.status for one in result.files] == [FAILED, SCORED, SCORED]
    assert result.files[0].reason.startswith(f"reading {bad}: line 5002: unexpected end of data")
    assert left_in(tmp_path / "out") == ["c.parquet", "j.parquet"]


def test_a_reader_that_gives_other_rows_than_it_counted_is_found_out(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scorer.tables.csv_reader import CsvReviews

    _, source, _ = write_three(tmp_path / "in")
    windows = CsvReviews.windows

    def lossy(self: CsvReviews, *asked: object) -> object:
        for window in windows(self, *asked):
            yield [batch.slice(1) for batch in window]

    monkeypatch.setattr(CsvReviews, "windows", lossy)
    result = run(source, tmp_path / "out.parquet", model)
    assert result.status == FAILED
    assert "703 rows were written of 705; report this" in result.reason
    assert left_in(tmp_path) == ["in/c.csv", "in/j.jsonl", "in/p.parquet"]


def test_an_output_of_unknown_rows_must_be_told_them(tmp_path: Path) -> None:
    from scorer.tables.parquet_writer import ParquetOutput

    batch = pa.record_batch({"id": [1, 2]})
    with (
        pytest.raises(OutputError, match="2 rows were written of None"),
        ParquetOutput(tmp_path / "a.parquet", batch.schema, None, [], "zstd") as output,
    ):
        output.write(batch)
        output.finish({})


def write_folder(folder: Path) -> Path:
    write_three(folder, some_texts(5))
    (folder / "deep").mkdir()
    for name in ("labels.CSV.GZ", "tabs.tsv", "more.ndjson", "README.json", "deep/d.csv"):
        content = (folder / "c.csv").read_bytes()
        if name == "tabs.tsv":
            content = content.replace(b",", b"\t")
        if name == "more.ndjson":
            content = (folder / "j.jsonl").read_bytes()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith("GZ") else content)
    return folder


FORMATS = {
    "parquet": (["p.parquet"], 7),
    "csv": (["c.parquet", "deep/d.parquet", "labels.parquet", "tabs.parquet"], 4),
    "jsonl": (["j.parquet", "more.parquet"], 6),
    "all": (
        ["c.parquet", "deep/d.parquet", "j.parquet", "labels.parquet", "more.parquet", "p.parquet",
         "tabs.parquet"],
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "written", "aside"), [(k, *v) for k, v in FORMATS.items()])
def test_a_folder_gives_the_files_of_the_format_that_is_asked_for(
    model: SentimentModel, tmp_path: Path, asked: str, written: list[str], aside: int
) -> None:
    folder = write_folder(tmp_path / "in")
    result = score_files(folder, tmp_path / "out", model=model, options=Options(format=asked))
    assert [one.status for one in result.files] == [SCORED] * len(written)
    assert (left_in(tmp_path / "out"), result.left_aside.files) == (written, aside)


def test_without_a_format_a_folder_gives_parquet(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in")
    assert [task.input.name for task in plan([folder], tmp_path / "out").tasks] == ["p.parquet"]


def test_a_file_or_a_glob_is_taken_by_its_ending_whatever_folders_give(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in")
    tasks = plan([folder / "c.csv", f"{folder}/*.ndjson"], tmp_path / "out").tasks
    assert [task.output.name for task in tasks] == ["c.parquet", "more.parquet"]


def test_a_single_output_keeps_the_name_that_the_user_gave(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in")
    (task,) = plan([folder / "c.csv"], tmp_path / "scored").tasks
    assert task.output.name == "scored"


def test_two_inputs_for_one_output_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in")
    (folder / "c.csv.gz").write_bytes(b"x")
    with pytest.raises(UsageError) as caught:
        plan([folder], tmp_path / "out", (), "csv")
    assert str(caught.value) == (
        f"planning the run: {folder}/c.csv and {folder}/c.csv.gz would both be written to "
        f"{tmp_path}/out/c.parquet; score them into two folders"
    )


def test_an_output_of_another_format_is_not_without_its_input(
    model: SentimentModel, tmp_path: Path
) -> None:
    folder, target = write_folder(tmp_path / "in"), tmp_path / "out"
    score_files(folder, target, model=model, options=Options(format="all"))
    (folder / "j.jsonl").unlink()
    for asked in ("parquet", "csv", "all"):
        result = score_files(folder, target, model=model, options=Options(format=asked))
        assert result.without_input.examples == (f"{target}/j.parquet",)


def test_a_preview_says_that_the_rows_of_a_csv_are_unknown(
    model: SentimentModel, tmp_path: Path
) -> None:
    sources = write_three(tmp_path / "in", some_texts(5))
    planned = plan(sources, f"{tmp_path}/out/")
    result = preview_job(planned, model)
    assert [(one.status, one.is_counted) for one in result.files] == [
        (PLANNED, True), (PLANNED, False), (PLANNED, True),
    ]  # fmt: skip
    line = f"planned  {tmp_path}/out/c.parquet: rows unknown before the run; new"
    assert file_line(result.files[1]) == line
    assert file_facts(result.files[1])["rows"] is None
    assert summary(result) == (
        "3 files: 3 planned; 10 rows to write, and those of 1 of the files, unknown before the run"
    )


def test_the_report_has_the_rows_of_a_text_and_its_options(
    model: SentimentModel, tmp_path: Path
) -> None:
    _, source, _ = write_three(tmp_path / "in", some_texts(5))
    options = Options(format="csv", delimiter=",", encoding="utf-8", escape=True, infer_types=True)
    report = Report.of(run_job(plan([source], tmp_path / "out.parquet"), model, options))
    assert (report.files[0].figures.rows, report.options) == (5, options)
    assert Report.from_text(report.to_text()) == report


def test_options_that_make_no_sense_are_refused() -> None:
    for options, words in (
        ({"format": "xlsx"}, "format is 'xlsx'; name one of parquet, csv, jsonl, all"),
        ({"encoding": "klingon"}, "--encoding is 'klingon', which is none; give one such as utf-8"),
        ({"delimiter": "ab"}, "--delimiter is 'ab'; give one character, tab, or none"),
    ):
        with pytest.raises(UsageError) as caught:
            Options(**options)
        assert words in str(caught.value)


def test_the_command_takes_what_is_to_say_of_texts(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    content = 'id~review\n00712~"größer, \\"really\\""\n'.encode("cp1252")
    (folder / "a.csv").write_bytes(content)
    words = ["--format", "csv", "--delimiter", "~", "--encoding", "cp1252", "--escape"]
    done = run_here(cli, "run", folder, tmp_path / "out", *words)
    assert done.returncode == 0, done.stderr
    table = pq.read_table(tmp_path / "out/a.parquet")
    assert table["review"].to_pylist() == ['größer, "really"']
    assert table["id"].to_pylist() == ["00712"]
    done = run_here(cli, "run", folder, tmp_path / "out", *words, "--delimiter", "tab")
    assert done.returncode == 0, done.stderr
    assert pq.read_schema(tmp_path / "out/a.parquet").names[0] == "id~review"


def test_a_header_that_is_a_row_is_told_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,a fine film,5\n2,bad,1\n")
    done = run_command("scorer", "run", tmp_path / "a.csv", tmp_path / "a.parquet")
    assert (done.returncode, done.stderr) == (
        3,
        f"Error: reading {tmp_path}/a.csv: its first line seems to be a row, not the names of the "
        "columns: it holds '1'; write a line with names before it\n",
    )


def test_a_run_on_parquet_loads_no_reader_of_texts(tmp_path: Path) -> None:
    source, *_ = write_three(tmp_path / "in", some_texts(5))
    code = (
        "import sys; from scorer import score_files; "
        f"score_files({str(source)!r}, {str(tmp_path / 'out.parquet')!r}, model='fast'); "
        "print([name for name in sys.modules if name.startswith('scorer.tables.')])"
    )
    done = run_command("timeit", "-n1", "-r1", code)
    assert done.returncode == 0, done.stderr
    assert "parquet_reader" in done.stdout
    assert not any(word in done.stdout for word in ("csv_", "json_", "text_reviews", "text_source"))
