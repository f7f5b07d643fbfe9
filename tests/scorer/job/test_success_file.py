"""``_SUCCESS`` stands where all is done, and nowhere else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import left_in, run_command, some_texts, with_few_rights, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import Stopped, UsageError
from scorer.job.result import FAILED, SCORED, SKIPPED, STOPPED, JobResult, SuccessFile
from scorer.job.run import preview_job
from scorer.planning.plan import plan
from scorer.reports.report import Report
from scorer.reports.text import closing_lines
from scorer.storage import empty_file

ASKED = Options(success_file=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("day=1/a", "day=2/b"):
        write_reviews(tmp_path / f"in/{name}.parquet", some_texts(5))
    return tmp_path


def score(model: SentimentModel, options: Options = ASKED, **more: object) -> JobResult:
    return score_files("in", "out", model=model, options=options, **more)


def stands() -> bool:
    return Path("out/_SUCCESS").exists()


def test_it_is_an_empty_file_that_a_rerun_leaves_as_it_is(
    model: SentimentModel, folder: Path
) -> None:
    result = score(model)
    assert result.success_file == SuccessFile("out/_SUCCESS", is_written=True)
    assert left_in(folder / "out") == ["_SUCCESS", "day=1/a.parquet", "day=2/b.parquet"]
    before = Path("out/_SUCCESS").stat()
    assert before.st_size == 0
    again = score(model)
    assert ([one.status for one in again.files], again.success_file) == (
        [SKIPPED, SKIPPED],
        result.success_file,
    )
    after = Path("out/_SUCCESS").stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_it_is_there_for_none_of_the_rows_and_comes_when_all_are_written(
    model: SentimentModel, folder: Path
) -> None:
    score(model)
    write_reviews(folder / "in/day=2/b.parquet", some_texts(6))
    seen: list[bool] = []
    result = score(
        model, done=lambda one: seen.append(stands()), watch=lambda rows: seen.append(stands())
    )
    # The first file is skipped, the second is scored.
    assert (seen, result.success_file.is_written, stands()) == ([True, False, False], True, True)


def test_where_a_file_fails_there_is_none_and_an_old_one_goes(
    model: SentimentModel, folder: Path
) -> None:
    score(model)
    (folder / "in/day=1/a.parquet").write_bytes(b"no parquet")
    seen: list[bool] = []
    result = score(model, done=lambda one: seen.append(stands()))
    assert [one.status for one in result.files] == [FAILED, SKIPPED]
    assert (seen, stands()) == ([False, False], False)
    assert result.success_file == SuccessFile(
        "out/_SUCCESS", is_written=False, reason="1 of 2 files is not done"
    )


def test_a_run_that_is_killed_on_the_way_leaves_none(model: SentimentModel, folder: Path) -> None:
    score(model)
    write_reviews(folder / "in/day=1/a.parquet", some_texts(6))

    def kill(rows: int) -> None:
        raise Stopped("killed", 137)

    with pytest.raises(Stopped):
        score(model, watch=kill)
    assert not stands()
    assert score(model).success_file.is_written


def test_a_job_that_is_stopped_puts_none_there(model: SentimentModel, folder: Path) -> None:
    stop = threading.Event()
    result = score(model, done=lambda one: stop.set(), stop=stop)
    assert [one.status for one in result.files] == [SCORED, STOPPED]
    assert (result.success_file.is_written, stands()) == (False, False)


def test_with_conditions_it_says_that_all_that_was_wanted_is_done(
    model: SentimentModel, folder: Path
) -> None:
    (folder / "in/day=2/b.parquet").write_bytes(b"no parquet")
    result = score(model, Options(where=("day=1",), success_file=True))
    assert (result.success_file.is_written, stands()) == (True, True)
    assert not score(model).success_file.is_written
    assert not stands()


def test_without_the_option_an_old_one_is_not_looked_at(
    model: SentimentModel, folder: Path
) -> None:
    score(model)
    (folder / "in/day=1/a.parquet").write_bytes(b"no parquet")
    result = score(model, Options())
    assert (result.count(FAILED), result.success_file, stands()) == (1, None, True)


def test_a_preview_writes_none_and_removes_none(model: SentimentModel, folder: Path) -> None:
    assert preview_job(plan(["in"], "out"), model, ASKED).success_file is None
    assert not Path("out").exists()
    score(model)
    write_reviews(folder / "in/day=1/a.parquet", some_texts(6))
    preview_job(plan(["in"], "out"), model, ASKED)
    assert stands()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link(path: Path) -> None:
    path.symlink_to("elsewhere")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_file_that_is_not_empty(path: Path) -> None:
    path.write_text("mine")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (a_folder, "a folder"),
        (a_link, "a link"),
        (a_pipe, "a pipe"),
        (a_file_that_is_not_empty, "a file that isn't empty"),
    ],
)
def test_what_scorer_did_not_write_is_neither_replaced_nor_removed(
    model: SentimentModel, folder: Path, make: Callable[[Path], None], what: str
) -> None:
    mark = folder / "out/_SUCCESS"
    mark.parent.mkdir()
    make(mark)
    before = mark.lstat()
    for act in (score, lambda model: preview_job(plan(["in"], "out"), model, ASKED)):
        with pytest.raises(UsageError) as caught:
            act(model)
        assert str(caught.value) == (
            f"checking --success-file: {what} stands at out/_SUCCESS, and only an empty file is "
            "replaced; move it away, or leave the option out"
        )
    assert [one.name for one in mark.parent.iterdir()] == ["_SUCCESS"]
    assert mark.lstat().st_ctime_ns == before.st_ctime_ns


def test_what_comes_there_meanwhile_stays_and_is_told(model: SentimentModel, folder: Path) -> None:
    mark = Path("out/_SUCCESS")

    def come_once(rows: int) -> None:
        if rows == 5:
            mark.write_text("mine")

    write_reviews(folder / "in/day=2/b.parquet", some_texts(6))
    result = score(model, watch=come_once)
    assert result.success_file == SuccessFile(
        "out/_SUCCESS",
        is_written=False,
        reason="a file that isn't empty stands there; move it away and run again",
    )
    assert mark.read_text() == "mine"


def test_where_it_cannot_be_written_or_removed_the_result_says_so(
    model: SentimentModel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, mode: int) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(empty_file, "create", full)
    result = score(model)
    assert [one.status for one in result.files] == [SCORED, SCORED]
    reason = "No space left on device; make room there and run again"
    assert result.success_file == SuccessFile("out/_SUCCESS", is_written=False, reason=reason)
    monkeypatch.undo()
    os.chdir(folder)
    score(model)
    (folder / "in/day=1/a.parquet").write_bytes(b"no parquet")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        found = score(model).success_file
    assert (found.is_written, found.reason) == (
        False,
        "1 of 2 files is not done, but an old one stands there",
    )


@pytest.mark.parametrize("output", ["out.parquet", "out"])
def test_one_output_file_has_no_folder_for_it(
    model: SentimentModel, folder: Path, output: str
) -> None:
    with pytest.raises(UsageError) as caught:
        score_files("in/day=1/a.parquet", output, model=model, options=ASKED)
    assert str(caught.value) == (
        f"checking --success-file: _SUCCESS stands in a folder of outputs, and {output} is one "
        "file; name a folder, with / at its end"
    )
    assert not Path(output).exists()


def test_one_file_in_a_folder_has_one(model: SentimentModel, folder: Path) -> None:
    score_files("in/day=1/a.parquet", "out/", model=model, options=ASKED)
    assert left_in(folder / "out") == ["_SUCCESS", "a.parquet"]


def test_the_report_and_the_last_line_tell_it(model: SentimentModel, folder: Path) -> None:
    whole, without = score(model), score(model, Options())
    (folder / "in/day=1/a.parquet").write_bytes(b"no parquet")
    failed = score(model)
    assert closing_lines(whole) == ["out/_SUCCESS says that all is done"]
    assert closing_lines(failed) == ["no out/_SUCCESS: 1 of 2 files is not done"]
    for result in (whole, without, failed):
        report = Report.of(result)
        assert report.success_file == result.success_file
        assert Report.from_text(report.to_text()) == report
    assert '"success_file"' not in Report.of(without).to_text()


def test_the_command_fails_where_it_cannot_be_written(folder: Path) -> None:
    for name in ("out/day=1", "out/day=2"):
        Path(name).mkdir(parents=True)
    Path("out").chmod(0o500)
    done = with_few_rights("run", "in", "out", "--model", "fast", "--success-file", cwd=folder)
    Path("out").chmod(0o700)
    assert done.returncode == 3
    problem = "Permission denied; let this user write in its folder"
    assert done.stdout.splitlines()[-1] == f"no out/_SUCCESS: {problem}"
    assert done.stderr == f"Error: writing out/_SUCCESS: {problem}\n"
    assert left_in(folder / "out") == ["day=1/a.parquet", "day=2/b.parquet"]


def test_the_command_writes_it_and_takes_it_away(folder: Path) -> None:
    words = ("scorer", "run", "--model", "fast", "--success-file")
    done = run_command(*words, "in", "out")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (
        0,
        "out/_SUCCESS says that all is done",
        "",
    )
    assert stands()
    same = run_command(*words, "in", "out", "--report", "out/_SUCCESS")
    assert (same.returncode, same.stderr) == (
        2,
        "Error: planning the run: --report out/_SUCCESS and --success-file out/_SUCCESS are the "
        "same file; name another one\n",
    )
    (folder / "in/day=1/a.parquet").write_bytes(b"no parquet")
    assert run_command(*words, "in", "out").returncode == 3
    assert not stands()
