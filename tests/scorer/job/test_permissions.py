from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers import left_in, some_texts, write_reviews
from scorer import SentimentModel
from scorer.cli import cli
from scorer.job.journal import begin_partial, journal_path, kept_scores
from scorer.job.pipeline import Probe
from scorer.job.result import SCORED
from scorer.job.run import run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.storage.whole_file import partial_path, whole_file


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):03o}"


def score(model: SentimentModel, folder: Path, probe: Probe | None = None) -> str:
    tasks = plan([folder / "in.parquet"], folder / "out.parquet")
    result = run_job(tasks, model, Options(force=True), probe=probe)
    assert result.count(SCORED) == 1, result.files[0].reason
    return mode_of(folder / "out.parquet")


@pytest.mark.parametrize(
    ("given", "mask", "existing", "expected"),
    [
        (0o600, 0o022, None, "600"),
        (0o640, 0o022, None, "640"),
        (0o666, 0o022, None, "644"),
        (0o755, 0o022, None, "644"),
        (0o444, 0o022, None, "644"),
        (0o644, 0o077, None, "600"),
        (0o644, 0o022, 0o600, "600"),
        (0o644, 0o022, 0o640, "640"),
        (0o640, 0o022, 0o644, "640"),
        (0o644, 0o022, 0o400, "400"),
    ],
)
def test_group_and_others_get_no_more_than_on_the_input_and_on_what_is_replaced(
    model: SentimentModel,
    tmp_path: Path,
    given: int,
    mask: int,
    existing: int | None,
    expected: str,
) -> None:
    write_reviews(tmp_path / "in.parquet", some_texts(3)).chmod(given)
    if existing is not None:
        (tmp_path / "out.parquet").write_text("old")
        (tmp_path / "out.parquet").chmod(existing)
    os.umask(mask)
    assert score(model, tmp_path) == expected


def test_helper_files_are_never_wider_than_the_output(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_reviews(tmp_path / "in.parquet", some_texts(3)).chmod(0o640)
    output = tmp_path / "out.parquet"
    seen: list[str] = []

    class Watching(Probe):
        def scoring(self, check: object) -> None:
            seen.extend(map(mode_of, (partial_path(output), journal_path(output))))

    assert score(model, tmp_path, Watching()) == "640"
    assert seen == ["640", "640"]


def test_a_journal_that_another_run_was_allowed_to_make_wider_is_narrowed(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    journal_path(output).touch(0o644)
    with kept_scores(output, Options(), mode=0o600) as journal:
        begin_partial(output, journal, 0o600)
        assert mode_of(journal_path(output)) == mode_of(partial_path(output)) == "600"
    partial_path(output).unlink()
    assert left_in(tmp_path) == []


def test_a_report_keeps_the_permissions_of_the_one_it_replaces(tmp_path: Path) -> None:
    for mode in (0o600, 0o664):
        (tmp_path / "report").write_text("")
        (tmp_path / "report").chmod(mode)
        with whole_file(tmp_path / "report") as temporary:
            assert mode_of(temporary) in ("600", "644")
            temporary.write_text("new")
        assert mode_of(tmp_path / "report") == f"{mode:03o}"
    with whole_file(tmp_path / "another") as temporary:
        temporary.write_text("new")
    assert mode_of(tmp_path / "another") == "644"


@pytest.mark.parametrize("length", [246, 247, 248, 255])
def test_an_output_may_have_a_name_as_long_as_the_system_takes(tmp_path: Path, length: int) -> None:
    write_reviews(tmp_path / "in.parquet", some_texts(3))
    output, report = tmp_path / ("a" * length), tmp_path / ("b" * length)
    command = ["run", str(tmp_path / "in.parquet"), str(output), "--report", str(report)]
    done = CliRunner().invoke(cli, command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert left_in(tmp_path) == [output.name, report.name, "in.parquet"]
    assert ": already done" in CliRunner().invoke(cli, command).stdout


LONG = "a" * 256


@pytest.mark.parametrize(
    "arguments",
    [
        ["in.parquet", LONG],
        ["in.parquet", f"{LONG}/"],
        ["in.parquet", f"{LONG}/out.parquet"],
        ["in.parquet", f"new/{LONG}"],
        [LONG, "out.parquet"],
        ["in.parquet", "out.parquet", "--report", LONG],
        ["in.parquet", "out.parquet", "--metrics-file", LONG],
        ["in.parquet", "out.parquet", "--model", f"./{LONG}"],
        ["in.parquet", LONG, "--dry-run"],
    ],
)
def test_a_longer_name_is_one_sentence_and_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "in.parquet", some_texts(3))
    done = CliRunner().invoke(cli, ["run", *arguments])
    assert done.stderr == (
        f"Error: the name {'a' * 20}… has 256 bytes, more than the system takes; "
        "name a shorter one\n"
    )
    assert (done.exit_code, done.stdout) == (2, "")
    assert left_in(tmp_path) == ["in.parquet"]
