"""What an INPUT stands for: nothing that was asked for is passed over in silence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers import left_in, some_texts, with_few_rights, write_reviews
from scorer import SentimentModel
from scorer.errors import UsageError
from scorer.job.result import FAILED, SCORED
from scorer.job.run import run_job
from scorer.planning.inputs import FileCount
from scorer.planning.plan import Plan, plan
from scorer.reports.prometheus import metrics_text
from scorer.reports.report import Report
from scorer.reports.text import closing_lines

DENIED = "Permission denied; let this user read it, and enter the folders above it"
NO_FILE = "not a regular file; name one"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.parquet", "in/deep/b.parquet", "more/c.parquet"):
        touch(name)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def outputs(planned: Plan) -> list[str]:
    return [str(task.output) for task in planned.tasks if not task.problem]


def problems(planned: Plan) -> dict[str, str]:
    return {str(task.output): task.problem for task in planned.tasks if task.problem}


def test_every_suffix_of_parquet_is_taken_in_any_case_and_keeps_its_name(folder: Path) -> None:
    touch("in/X.PARQUET", "in/x.parq", "in/x.pq", "in/deep/y.Pq", "in/parquet", "in/x.parquet.gz")
    assert outputs(plan(["in"], "out")) == [
        "out/X.PARQUET",
        "out/a.parquet",
        "out/deep/b.parquet",
        "out/deep/y.Pq",
        "out/x.parq",
        "out/x.pq",
    ]


def test_other_files_are_counted_and_marked_ones_are_not(folder: Path) -> None:
    touch("in/a.csv", "in/deep/b.json", "in/z.txt", "more/notes")
    touch("in/_SUCCESS", "in/.a.crc", "in/_tmp/x.csv", "in/.git/y.csv")
    planned = plan(["in", "more"], "out")
    assert planned.left_aside == FileCount(4, ("a.csv", "deep/b.json"))
    assert plan(["in/*.parquet"], "out").left_aside == FileCount()
    assert plan(["in/d*"], "out").left_aside == FileCount(1, ("deep/b.json",))
    assert plan(["in/a.parquet"], "out/").left_aside == FileCount()


@pytest.mark.parametrize("given", ["in", "in/**/*.parquet", "in/*"])
def test_a_linked_folder_is_followed_and_mirrored_where_the_link_stands(
    folder: Path, given: str
) -> None:
    touch("far/x/c.parquet")
    Path("in/linked").symlink_to("../far")
    assert outputs(plan([given], "out")) == [
        "out/a.parquet",
        "out/deep/b.parquet",
        "out/linked/x/c.parquet",
    ]


@pytest.mark.parametrize("given", ["in", "in/**/*.parquet", "in/*", "in/**"])
def test_each_real_folder_is_walked_once_so_that_loops_end(folder: Path, given: str) -> None:
    Path("in/deep/loop").symlink_to("..")
    Path("in/deep/self").symlink_to(".")
    Path("in/up").symlink_to("../..")
    assert outputs(plan([given], "out")) == ["out/a.parquet", "out/deep/b.parquet"]
    assert problems(plan([given], "out")) == {}


def test_a_folder_with_two_names_keeps_the_one_that_is_no_link(folder: Path) -> None:
    Path("in/before").symlink_to("deep")
    touch("far/c.parquet", "far/sub/d.parquet")
    Path("in/one").symlink_to("../far")
    Path("in/two").symlink_to("../far")
    Path("in/sub").symlink_to("../far/sub")
    expected = ["out/a.parquet", "out/deep/b.parquet", "out/one/c.parquet", "out/one/sub/d.parquet"]
    assert outputs(plan(["in"], "out")) == expected


def test_a_link_to_a_folder_above_is_left_aside_and_named(folder: Path) -> None:
    Path("in/up").symlink_to("..")
    assert plan(["in"], "out").left_aside == FileCount(1, ("up",))


@pytest.mark.parametrize("given", ["in", "in/**/*.parquet"])
def test_no_output_may_lie_where_a_link_leads(folder: Path, given: str) -> None:
    touch("far/c.parquet")
    Path("in/linked").symlink_to("../far")
    with pytest.raises(UsageError) as caught:
        plan([given], "far/out")
    overlap = (
        "planning the run: the output far/out and the input in overlap by the link in/linked; "
        "name a folder beside it"
    )
    again = (
        "planning the run: the output far/out/a.parquet would be an input of the next run, by "
        "in/**/*.parquet; name another folder"
    )
    assert str(caught.value) == (overlap if given == "in" else again)


def test_an_output_folder_that_is_linked_into_the_input_is_refused(folder: Path) -> None:
    Path("out").mkdir()
    Path("in/other").mkdir()
    Path("out/deep").symlink_to("../in/other")
    with pytest.raises(UsageError, match="out/deep/b.parquet would be an input of the next run"):
        plan(["in"], "out")


@contextmanager
def unusual_files() -> Iterator[dict[str, str]]:
    """Make a file of each unusual kind in ``in``; yield the problem of each."""
    os.mkfifo("in/pipe.parquet")
    Path("in/device.parquet").symlink_to("/dev/null")
    Path("in/gone.parquet").symlink_to("nowhere/x.parquet")
    Path("in/circle.pq").symlink_to("circle.pq")
    # The name of a socket is short.
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("in/socket.pq")
        yield {
            "circle.pq": "Too many levels of symbolic links; "
            "remove the link that leads back to itself",
            "device.parquet": f"it is a device, {NO_FILE}",
            "gone.parquet": "it is a link to nowhere/x.parquet, where nothing is; "
            "mend the link or remove it",
            "pipe.parquet": f"it is a pipe, {NO_FILE}",
            "socket.pq": f"it is a socket, {NO_FILE}",
        }


@pytest.mark.parametrize("given", ["in", "in/*.p*q*", "in/**/*.p*", "i*"])
def test_what_is_named_as_a_parquet_file_and_is_none_is_a_failed_entry(
    folder: Path, given: str
) -> None:
    with unusual_files() as expected:
        planned = plan([given], "out")
    below = "out/in" if given == "i*" else "out"
    assert problems(planned) == {
        f"{below}/{name}": f"reading in/{name}: {problem}" for name, problem in expected.items()
    }
    assert f"{below}/a.parquet" in outputs(planned)


def test_a_link_that_may_have_been_a_folder_is_a_failed_entry(folder: Path) -> None:
    Path("in/2024").symlink_to("/mnt/gone/2024")
    problem = "it is a link to /mnt/gone/2024, where nothing is; mend the link or remove it"
    for given in ("in", "in/**/*.parquet", "in/*/*.parquet"):
        assert problems(plan([given], "out")) == {"out/2024": f"reading in/2024: {problem}"}
    assert problems(plan(["in/*.parquet"], "out")) == {}
    only = plan(["in/2024", "more/c.parquet"], "out")
    assert problems(only) == {"out/2024": f"reading in/2024: {problem}"}
    assert outputs(only) == ["out/c.parquet"]


@pytest.mark.parametrize(
    ("closed", "given", "problem"),
    [
        ("in/deep", "in", {"out/deep": "listing in/deep"}),
        ("in/deep", "in/**/*.parquet", {"out/deep": "listing in/deep"}),
        ("in/deep", "in/*/*.parquet", {"out/deep": "listing in/deep"}),
        ("in", "in", {"out": "listing in"}),
        ("in", "in/*.parquet", {"out": "listing in"}),
    ],
)
def test_a_folder_that_cannot_be_listed_is_a_failed_entry(
    folder: Path, monkeypatch: pytest.MonkeyPatch, closed: str, given: str, problem: dict[str, str]
) -> None:
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    planned = plan([given, "more"], "out")
    assert problems(planned) == {output: f"{what}: {DENIED}" for output, what in problem.items()}
    assert "out/c.parquet" in outputs(planned)
    assert ("out/a.parquet" in outputs(planned)) == (closed != "in" and "*/" not in given[3:5])


def test_where_rights_are_missing_the_others_are_scored_and_each_is_named(tmp_path: Path) -> None:
    for name in ("a.parquet", "deep/b.parquet", "closed/c.parquet", "shut/d.parquet", "e.parquet"):
        write_reviews(tmp_path / "in" / name, some_texts(3))
    (tmp_path / "in/linked").symlink_to("shut/d.parquet")
    write_reviews(tmp_path / "top/f.parquet", some_texts(3))
    closed = {"in/closed": 0, "in/shut": 0o400, "in/e.parquet": 0, "top": 0}
    for name, mode in closed.items():
        (tmp_path / name).chmod(mode)
    done = with_few_rights(
        "run", "in", "top", "top/*.parquet", "top/f.parquet", "out", cwd=tmp_path
    )
    for name in closed:
        (tmp_path / name).chmod(0o700)
    assert done.stderr.splitlines() == [
        f"failed   listing in/closed: {DENIED}",
        f"failed   reading in/e.parquet: {DENIED}",
        f"failed   reading in/linked: {DENIED}",
        f"failed   reading in/shut/d.parquet: {DENIED}",
        f"failed   listing top: {DENIED}",
        f"failed   reading top/f.parquet: {DENIED}",
        "Error: 6 of 8 files failed, each is named above; mend them and run again",
    ]
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        3,
        "8 files: 2 scored, 6 failed; 6 rows written",
    )
    assert left_in(tmp_path / "out") == ["a.parquet", "deep/b.parquet"]


def test_failed_entries_stand_in_the_result_and_the_others_are_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_reviews(tmp_path / "in/a.parquet", some_texts(3))
    (tmp_path / "in/b.parquet").symlink_to("nowhere")
    result = run_job(plan([tmp_path / "in"], tmp_path / "out"), model)
    assert [one.status for one in result.files] == [SCORED, FAILED]
    assert result.files[1].reason.startswith(f"reading {tmp_path}/in/b.parquet: it is a link to ")
    assert left_in(tmp_path / "out") == ["a.parquet"]


def test_outputs_whose_input_is_gone_are_counted_and_stay(folder: Path) -> None:
    touch("out/a.parquet", "out/deep/old.parquet", "out/gone/c.PQ", "out/notes.txt", "out/_x/y.pq")
    touch("out/.a.parquet.partial")
    Path("out/linked").symlink_to("../more")
    expected = FileCount(2, ("out/deep/old.parquet", "out/gone/c.PQ"))
    assert plan(["in"], "out").without_input == expected
    # Of a glob, or a file, others may go into the same folder.
    assert plan(["in/*"], "out").without_input == FileCount()
    assert plan(["in/a.parquet"], "out/").without_input == FileCount()


def test_an_output_whose_input_may_be_there_is_not_counted(folder: Path) -> None:
    touch("out/2024/a.parquet", "out/2025/a.parquet")
    Path("in/2024").symlink_to("/mnt/gone/2024")
    assert plan(["in"], "out").without_input == FileCount(1, ("out/2025/a.parquet",))


def test_what_was_not_touched_is_a_line_each_and_a_key_of_the_report(
    model: SentimentModel, folder: Path
) -> None:
    write_reviews(folder / "in/a.parquet", some_texts(3))
    touch("in/a.csv", "in/b.json", "in/c.txt", "out/old.parquet")
    result = run_job(plan(["in"], "out"), model)
    assert closing_lines(result) == [
        "left aside: 3 other files, such as a.csv, b.json",
        "no input for 1 output, such as out/old.parquet; they stay",
    ]
    report = Report.of(result)
    assert Report.from_text(report.to_text()) == report
    assert report.left_aside == FileCount(3, ("a.csv", "b.json"))
    assert report.outputs_without_input == FileCount(1, ("out/old.parquet",))
    assert "review_sentiment_files_left_aside 3\n" in metrics_text(result)
    assert "review_sentiment_outputs_without_input 1\n" in metrics_text(result)
    assert Path("out/old.parquet").exists()


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        ([""], "out", "an INPUT is empty; check the variable that it is from"),
        (["in"], "", "OUTPUT is empty; check the variable that it is from"),
        (
            ["others"],
            "out",
            "the folder others holds no .parquet, .parq or .pq file, "
            "only 3 other files, such as a.csv, b.csv; name another one, or add --format csv",
        ),
        (
            ["hdfs://node/a.parquet"],
            "out",
            "the input hdfs://node/a.parquet is an address, and of addresses only s3://, gs://, "
            "az:// and abfss:// are taken; name a path here, and copy with: hdfs dfs -cp",
        ),
        (
            ["in"],
            Path("hdfs://node/out"),
            "the output hdfs:/node/out is an address, and of addresses only s3://, gs://, "
            "az:// and abfss:// are taken; name a path here, and copy with: hdfs dfs -cp",
        ),
    ],
)
def test_what_stands_for_nothing_is_a_usage_error(
    folder: Path, inputs: list[str], output: str, message: str
) -> None:
    touch("others/a.csv", "others/b.csv", "others/c.csv", "others/_SUCCESS")
    with pytest.raises(UsageError) as caught:
        plan(inputs, output)
    assert str(caught.value) == f"planning the run: {message}"


def test_a_plan_of_many_files_asks_the_system_for_folders_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(*(f"in/{month}/{day}.parquet" for month in range(10) for day in range(50)))
    asked = []

    def counting(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            asked.append(arguments)
            return call(*arguments, **options)

        return counted

    monkeypatch.setattr(os, "scandir", counting(os.scandir))
    monkeypatch.setattr(os.path, "realpath", counting(os.path.realpath))
    assert len(plan(["in"], "out").tasks) == 502
    assert len(asked) < 40
