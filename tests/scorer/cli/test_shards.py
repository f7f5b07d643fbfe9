"""Shards as a user runs them: real processes, some of them killed, and their reports merged."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from helpers import (
    left_in,
    run_command,
    run_here,
    some_texts,
    start_slow_scorer,
    told,
    wait_for,
    write_reviews,
)
from scorer.cli import cli
from scorer.planning.shards import Shard
from scorer.reports.report import read_report

PLATFORMS = ("JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX")
REPORTS = ("r/1.json", "r/2.json", "r/3.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files 0.parquet to 8.parquet below in/."""
    monkeypatch.chdir(tmp_path)
    for name in PLATFORMS:
        monkeypatch.delenv(name, raising=False)
    for number in range(9):
        write_reviews(tmp_path / f"in/{number}.parquet", some_texts(4, number))
    (tmp_path / "r").mkdir()
    return tmp_path


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "run", "in", "out", "--model", "fast", *words)


def merge(*words: object) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "merge-reports", *words)


def run_shards(*numbers: int) -> None:
    for number in numbers:
        done = run("--shard", f"{number}/3", "--report", f"r/{number}.json")
        assert done.returncode in (0, 3)


def shard_of(name: str, of: int = 3) -> int:
    (number,) = (number for number in range(1, of + 1) if Shard(number, of).takes(name))
    return number


def count_of(number: int, of: int) -> int:
    """Return how many of the files belong to a shard."""
    return sum(shard_of(f"{name}.parquet", of) == number for name in range(9))


def stands() -> bool:
    return Path("out/_SUCCESS").exists()


def killed_on_the_way(number: int, of: int, folder: Path) -> None:
    """Start a shard that stops in the second window of its last file, and end it with kill -9."""
    names = [str(path.relative_to(folder / "in")) for path in (folder / "in").rglob("*.parquet")]
    files = sum(shard_of(name, of) == number for name in names)
    log = folder / f"{number}.log"
    words = ("run", "in", "out", "--model", "fast", "--threads", 1, "--shard", f"{number}/{of}")
    report = ("--report", f"r/{number}.json")
    process = start_slow_scorer(*words, *report, log=log, gate=folder / "none", after=files)
    wait_for(log, process, lines=files + 1)
    process.kill()
    process.communicate()


def test_sixteen_shards_in_any_order_two_of_them_killed_write_what_one_run_writes(
    folder: Path,
) -> None:
    for number in range(24):
        write_reviews(folder / f"in/day={number % 2}/{number}.parquet", some_texts(5, number))
    first, second = sorted({shard_of(f"day=2/{name}.parquet", 16) for name in "ab"})
    for name in "ab":
        # Two windows, in the last file of its shard.
        write_reviews(folder / f"in/day=2/{name}.parquet", some_texts(2100, ord(name)))
    whole = run_here(cli, "run", "in", "whole", "--model", "fast")
    assert whole.returncode == 0
    order = list(range(1, 17))
    random.Random(16).shuffle(order)  # noqa: S311  # an order
    for number in order:
        if number in (first, second):
            killed_on_the_way(number, 16, folder)
            assert not Path(f"r/{number}.json").exists()
        else:
            done = run("--shard", f"{number}/16", "--report", f"r/{number}.json")
            assert (done.returncode, done.stderr) == (0, "")
    reports = sorted(map(str, Path("r").iterdir()))
    lacking = merge(*reports, "--success-file", "out")
    assert (lacking.returncode, stands()) == (3, False)
    assert lacking.stderr.startswith(
        f"Error: merging the reports: shards {first}, {second} of 16 have no report here; "
    )
    assert left_in(folder / "out") != left_in(folder / "whole")
    for number in (second, first):
        done = run("--shard", f"{number}/16", "--report", f"r/{number}.json")
        assert done.returncode == 0
        assert "rows were scored by a run that was stopped" in done.stdout
    assert left_in(folder / "out") == left_in(folder / "whole")
    for name in left_in(folder / "whole"):
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    reports = sorted(map(str, Path("r").iterdir()))
    assert len(reports) == 16
    done = merge(*reports, "--success-file", "out", "--report", "all.json")
    assert (done.returncode, done.stderr, stands()) == (0, "", True)
    report = read_report(Path("all.json"))
    assert (report.scored + report.skipped, report.failed, len(report.files)) == (35, 0, 35)
    # The two that were killed may have put files before.
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    assert told(done) == [
        f"35 files of 16 shards: {report.scored} scored{skipped}; "
        f"{report.total.rows:,} rows written",
        "out/_SUCCESS says that all is done",
    ]


def test_a_shard_says_what_it_has_of_the_whole(folder: Path) -> None:
    for number in (1, 2, 3):
        count = count_of(number, 3)
        done = run("--shard", f"{number}/3")
        assert (done.returncode, done.stderr) == (0, "")
        assert told(done)[-1] == (
            f"shard {number} of 3: {count} of 9 files: {count} scored; {4 * count} rows written"
        )
    again = run("--shard", "1/3", "--dry-run")
    assert " skipped; 0 rows written" in told(again)[-1]


def test_the_platform_numbers_the_shard_if_that_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    done = run("--shard", "auto", "--shards", 3)
    assert told(done)[-1].startswith("shard 2 of 3: ")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "x")
    assert told(run())[-1].startswith("9 files: ")
    refused = run("--shard", "auto", "--shards", 3)
    assert (refused.returncode, refused.stderr) == (
        2,
        "Error: reading --shard auto: JOB_COMPLETION_INDEX (Kubernetes) and SLURM_ARRAY_TASK_ID "
        "(Slurm) are set; write --shard 3/16, counted from 1\n",
    )


def test_a_shard_that_is_refused_scores_nothing(folder: Path) -> None:
    for words in (("--shard", "4/3"), ("--shard", "x"), ("--shards", 3), ("--shard", "auto")):
        done = run(*words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    done = run("--shard", "1/3", "--success-file")
    assert done.returncode == 2
    assert "scorer merge-reports REPORT... --success-file OUTPUT" in done.stderr
    assert not Path("out").exists()


def test_shards_of_one_file_exit_with_0_and_one_of_them_scores_it(folder: Path) -> None:
    lines = []
    for number in (1, 2, 3):
        words = ("in/0.parquet", "one.parquet", "--model", "fast", "--shard", f"{number}/3")
        done = run_here(cli, "run", *words, "--report", f"r/{number}.json")
        assert (done.returncode, done.stderr) == (0, "")
        lines.append(told(done)[-1].partition(": ")[2])
    assert sorted(lines) == ["0 of 1 file: nothing to do"] * 2 + [
        "1 of 1 file: 1 scored; 4 rows written"
    ]
    assert merge(*REPORTS).stdout == "1 file of 3 shards: 1 scored; 4 rows written\n"
    refused = merge(*REPORTS, "--success-file", ".")
    assert (refused.returncode, Path("_SUCCESS").exists()) == (2, False)
    assert "name a folder, with / at its end" in refused.stderr


def test_the_one_file_of_a_shard_that_fails_is_named_once(folder: Path) -> None:
    Path("in/0.parquet").write_text("no parquet")
    number = shard_of("one.parquet")
    words = ("in/0.parquet", "one.parquet", "--model", "fast", "--shard", f"{number}/3")
    done = run_here(cli, "run", *words)
    assert done.returncode == 3
    assert done.stderr.count("in/0.parquet") == 1
    assert done.stdout == f"shard {number} of 3: 1 of 1 file: 1 failed; 0 rows written\n"


def test_the_only_file_of_a_shard_among_others_fails_as_one_of_several_does(folder: Path) -> None:
    of = next(of for of in range(9, 99) if count_of(shard_of("0.parquet", of), of) == 1)
    Path("in/0.parquet").write_text("no parquet")
    done = run("--shard", f"{shard_of('0.parquet', of)}/{of}")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "failed   reading in/0.parquet: it does not end as a Parquet file does; check that it was "
        "copied whole",
        "Error: 1 of 1 files failed, each is named above; mend them and run again",
    ]


def test_the_report_of_a_shard_may_not_be_an_output_of_another(folder: Path) -> None:
    other = next(name for name in range(9) if shard_of(f"{name}.parquet") != 1)
    Path("out").mkdir()
    done = run("--shard", "1/3", "--report", f"out/{other}.parquet")
    assert (done.returncode, done.stderr) == (
        2,
        f"Error: planning the run: the output out/{other}.parquet and --report "
        f"out/{other}.parquet are the same file; name another one\n",
    )


def test_an_older_report_goes_before_a_shard_begins_but_stays_in_a_preview(folder: Path) -> None:
    run_shards(1)
    run("--shard", "1/3", "--report", "r/1.json", "--dry-run")
    before = Path("r/1.json").read_text()
    number = next(name for name in range(9) if shard_of(f"{name}.parquet") == 1)
    write_reviews(folder / f"in/{number}.parquet", some_texts(5, 77))
    words = ("run", "in", "out", "--model", "fast", "--shard", "1/3", "--report", "r/1.json")
    process = start_slow_scorer(*words, log=folder / "log", gate=folder / "none")
    wait_for(folder / "log", process, lines=1)
    assert not Path("r/1.json").exists()
    process.terminate()
    process.communicate()
    assert (process.returncode, Path("r/1.json").exists()) == (143, False)
    run_shards(1)
    assert Path("r/1.json").read_text() != before


def test_all_shards_merged_put_success_there_and_write_one_report(folder: Path) -> None:
    run_shards(1, 2, 3)
    assert not stands()
    done = merge(*REPORTS, "--success-file", "out", "--report", "-", "--metrics-file", "m.prom")
    assert (done.returncode, stands()) == (0, True)
    report = json.loads(done.stdout)
    assert (report["scored"], report["total"]["rows"]) == (9, 36)
    assert report["success_file"] == {"path": "out/_SUCCESS", "is_written": True}
    assert done.stderr.splitlines()[:2] == [
        "9 files of 3 shards: 9 scored; 36 rows written",
        "out/_SUCCESS says that all is done",
    ]
    assert "\nreview_sentiment_rows 36\n" in Path("m.prom").read_text()
    before = Path("out/_SUCCESS").stat()
    assert merge(*REPORTS, "--success-file", "out").returncode == 0
    after = Path("out/_SUCCESS").stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert told(merge(*REPORTS)) == ["9 files of 3 shards: 9 scored; 36 rows written"]


def test_a_file_that_failed_is_named_with_its_shard_and_success_goes(folder: Path) -> None:
    Path("in/4.parquet").write_text("no parquet")
    run_shards(1, 2, 3)
    Path("out/_SUCCESS").touch()
    done = merge(*REPORTS, "--success-file", "out", "--report", "all.json")
    assert (done.returncode, stands()) == (3, False)
    assert told(done) == [
        "9 files of 3 shards: 8 scored, 1 failed; 32 rows written",
        "no out/_SUCCESS: 1 of 9 files is not done",
    ]
    assert done.stderr.splitlines() == [
        "failed   reading in/4.parquet: it does not end as a Parquet file does; check that it was "
        "copied whole",
        "Error: 1 of 9 files is not done, each is named above; mend them and run shard "
        f"{shard_of('4.parquet')} again",
    ]
    assert read_report(Path("all.json")).failed == 1
    write_reviews(folder / "in/4.parquet", some_texts(4))
    run_shards(shard_of("4.parquet"))
    done = merge(*REPORTS, "--success-file", "out", "--report", "all.json")
    assert (done.returncode, stands(), read_report(Path("all.json")).failed) == (0, True, 0)


def test_missing_shards_are_named_nothing_is_written_and_success_goes(folder: Path) -> None:
    run_shards(1, 3)
    Path("out/_SUCCESS").touch()
    words = ("--success-file", "out", "--report", "all.json", "--metrics-file", "m.prom")
    done = merge("r/1.json", "r/3.json", *words)
    assert (done.returncode, done.stdout, done.stderr) == (
        3,
        "",
        "Error: merging the reports: shard 2 of 3 has no report here; name all reports, or run "
        "what is missing and merge then\n",
    )
    assert merge("r/3.json").stderr.startswith(
        "Error: merging the reports: shards 1, 2 of 3 have no report here; "
    )
    assert (stands(), Path("all.json").exists(), Path("m.prom").exists()) == (False, False, False)


def test_success_is_not_put_where_an_output_is_missing(folder: Path) -> None:
    run_shards(1, 2, 3)
    Path("out/4.parquet").unlink()
    Path("out/_SUCCESS").touch()
    done = merge(*REPORTS, "--success-file", "out")
    reason = (
        "4.parquet isn't there; name the folder that the shards wrote to, or run its shard again"
    )
    assert (done.returncode, done.stderr, stands()) == (
        3, f"Error: writing out/_SUCCESS: {reason}\n", False,
    )  # fmt: skip
    assert told(done)[-1] == f"no out/_SUCCESS: {reason}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--success-file", "none"),
            "checking --success-file: there is no folder none; name the one that the shards "
            "wrote to",
        ),
        (
            ("--success-file", "in/0.parquet"),
            "checking --success-file: there is no folder in/0.parquet; name the one that the "
            "shards wrote to",
        ),
        (
            ("--success-file", "foreign"),
            "checking --success-file: a file that isn't empty stands at foreign/_SUCCESS, and "
            "only an empty file is replaced; move it away, or leave the option out",
        ),
        (
            ("--report", "r/2.json"),
            "planning the run: the input r/2.json and --report r/2.json are the same file; name "
            "another one",
        ),
        (
            ("--report", "out/_SUCCESS", "--success-file", "out"),
            "planning the run: --report out/_SUCCESS and --success-file out/_SUCCESS are the "
            "same file; name another one",
        ),
        (
            ("--report", "in/0.parquet"),
            "checking --report: the file in/0.parquet is not a report of scorer's; name another "
            "file, or remove that one first",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_touched(
    folder: Path, words: tuple[str, ...], message: str
) -> None:
    run_shards(1, 2, 3)
    Path("foreign").mkdir()
    Path("foreign/_SUCCESS").write_text("mine")
    before = left_in(folder)
    done = merge(*REPORTS, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {message}\n")
    assert left_in(folder) == before


def test_an_address_for_success_is_refused(folder: Path) -> None:
    run_shards(1, 2, 3)
    done = merge(*REPORTS, "--success-file", "s3://bucket/out")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: checking --success-file: s3:/bucket/out is an address")


def test_the_json_log_tells_the_shard_and_the_files_that_are_not_done(folder: Path) -> None:
    Path("in/4.parquet").write_text("no parquet")
    environment = os.environ | {"JOB_COMPLETION_INDEX": str(shard_of("4.parquet") - 1)}
    words = ("--model", "fast", "--shard", "auto", "--shards", "3", "--log-format", "json")
    done = run_command("scorer", "run", "in", "out", *words, env=environment)
    job = json.loads(done.stderr.splitlines()[-2])
    assert (job["shard"], job["shards"], job["failed"]) == (shard_of("4.parquet"), 3, 1)
    run_shards(1, 2, 3)
    done = run_command("scorer", "merge-reports", *REPORTS, "--log-format", "json")
    failed, job, last = map(json.loads, done.stderr.splitlines())
    assert (done.returncode, failed["status"], failed["input"]) == (3, "failed", "in/4.parquet")
    assert (job["shard"], job["shards"], job["failed"]) == (None, 3, 1)
    assert last["level"] == "error"
