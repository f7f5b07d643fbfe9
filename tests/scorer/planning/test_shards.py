"""Every file belongs to one shard, which follows from its output's name alone."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import left_in, some_texts, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import UsageError
from scorer.job.result import FAILED, SCORED, SKIPPED
from scorer.job.run import preview_job
from scorer.planning.plan import plan
from scorer.planning.shards import Shard, name_below, plan_digest
from scorer.reports.report import Report
from scorer.reports.text import summary

NAMES = st.lists(st.text("abé/=.", min_size=1, max_size=12), unique=True, max_size=30)


def number_of(name: str, of: int) -> int:
    (number,) = (number for number in range(1, of + 1) if Shard(number, of).takes(name))
    return number


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with twelve files in two partitions, one file that isn't taken, and more."""
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        path = tmp_path / f"in/day={number % 2}/{number:02}.parquet"
        write_reviews(path, some_texts(3 + number, number))
    (tmp_path / "in/notes.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "of", "number"),
    [
        # By b2sum -l 64.
        ("2026-11/23.parquet", 16, 6),
        ("2026-11/23.parquet", 1000, 166),
        ("day=K%C3%B6ln/é.parquet", 7, 3),
        ("a.parquet", 1, 1),
    ],
)
def test_the_shard_of_a_name_is_the_same_on_every_machine_for_ever(
    name: str, of: int, number: int
) -> None:
    assert number_of(name, of) == number


@given(NAMES, st.integers(1, 20))
def test_every_name_belongs_to_one_shard_and_stays_there_when_others_come(
    names: list[str], of: int
) -> None:
    # number_of fails if there is none, or more than one.
    before = {name: number_of(name, of) for name in names[: len(names) // 2]}
    after = {name: number_of(name, of) for name in names}
    assert before.items() <= after.items()


def test_names_of_no_text_have_a_shard_by_their_bytes() -> None:
    name = os.fsdecode(b"caf\xe9.parquet")
    digest = hashlib.blake2b(b"caf\xe9.parquet", digest_size=8).digest()
    assert number_of(name, 16) == int.from_bytes(digest, "big") % 16 + 1
    assert plan_digest([name]) == hashlib.sha256(b"caf\xe9.parquet\0").hexdigest()


def test_shards_of_many_files_are_about_equal() -> None:
    sizes = [0] * 16
    for number in range(16_000):
        sizes[number_of(f"day=2026-11-24/part-{number:05}.parquet", 16) - 1] += 1
    assert 850 < min(sizes) <= max(sizes) < 1150


@pytest.mark.parametrize(("number", "of"), [(0, 16), (17, 16), (-1, 16), (1, 0), (2, 1)])
def test_there_is_no_shard_beyond_the_last(number: int, of: int) -> None:
    are = "1 shard is" if of == 1 else f"{of} shard{'s are' if of > 1 else ' is'}"
    with pytest.raises(UsageError) as caught:
        Shard(number, of)
    assert str(caught.value) == (
        f"reading the shard {number}/{of}: {are} counted from 1 to {of}; "
        "write --shard 3/16, counted from 1"
    )


def test_the_parts_of_a_plan_are_the_plan_in_its_order(folder: Path) -> None:
    whole = plan(["in"], "out")
    assert (whole.share, whole.elsewhere, whole.part(None)) == (None, (), whole)
    parts = [whole.part(Shard(number, 5)) for number in range(1, 6)]
    assert sorted(task for part in parts for task in map(str, part.tasks)) == sorted(
        map(str, whole.tasks)
    )
    for part in parts:
        assert [task for task in whole.tasks if task in part.tasks] == list(part.tasks)
        assert [task for task in whole.tasks if task not in part.tasks] == list(part.elsewhere)
        assert (part.left_aside, part.without_input) == (whole.left_aside, whole.without_input)
    (share,) = {(part.share.of, part.share.files, part.share.plan) for part in parts}
    names = sorted(str(task.output.relative_to("out")) for task in whole.tasks)
    assert share == (
        5,
        12,
        hashlib.sha256("".join(f"{one}\0" for one in names).encode()).hexdigest(),
    )
    assert parts[2].share.folder == "out"


def test_one_plan_has_one_digest_in_whatever_order_its_inputs_are_given(folder: Path) -> None:
    digests = {
        plan(inputs, "out").part(Shard(1, 2)).share.plan
        for inputs in (["in/day=0", "in/day=1"], ["in/day=1", "in/day=0"], ["in/*/*.parquet"])
    }
    assert len(digests) == 2  # by the glob the folders belong to the names


def test_the_model_may_not_be_an_output_of_another_shard(
    model: SentimentModel, folder: Path
) -> None:
    output = folder / "out/day=0/00.parquet"
    output.parent.mkdir(parents=True)
    output.write_bytes(model.file.content)
    for shard in (1, 2, 3):
        with pytest.raises(UsageError, match="are the same file"):
            score_files("in", "out", model=output, shard=(shard, 3))
    assert output.read_bytes() == model.file.content


def test_files_that_come_move_none_and_another_folder_or_mount_moves_none(folder: Path) -> None:
    def parts(source: str, target: str) -> dict[str, int]:
        whole = plan([source], target)
        return {
            str(task.output.relative_to(target)): number
            for number in (1, 2, 3)
            for task in whole.part(Shard(number, 3)).tasks
        }

    before = parts("in", "out")
    assert (len(before), set(before.values())) == (12, {1, 2, 3})
    for number in range(12, 30):
        write_reviews(folder / f"in/day=3/{number}.parquet", some_texts(1))
    after = parts("in", "out")
    assert len(after) == 30
    assert before.items() <= after.items()
    for source, target in ((folder / "in", folder / "other"), ("./in/", "./deep/er/"), ("in", ".")):
        if target == ".":
            shutil.move(folder / "in", folder.parent / f"{folder.name}-in")
            source = folder.parent / f"{folder.name}-in"
            (folder / "work").mkdir()
            os.chdir(folder / "work")
        assert parts(str(source), str(target)) == after


def test_a_folder_that_cannot_be_listed_belongs_to_one_shard(
    model: SentimentModel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scorer.planning import inputs

    entries_of = inputs.entries_of

    def refuse(path: str) -> object:
        if path.endswith("day=1"):
            raise PermissionError(13, "Permission denied", path)
        return entries_of(path)

    monkeypatch.setattr(inputs, "entries_of", refuse)
    failed = [
        one.reason
        for number in (1, 2, 3)
        for one in score_files("in", "out", model=model, shard=(number, 3)).files
        if one.status == FAILED
    ]
    advice = "let this user read it, and enter the folders above it"
    assert failed == [f"listing in/day=1: Permission denied; {advice}"]


def test_all_shards_in_any_order_write_what_one_run_writes(
    model: SentimentModel, folder: Path
) -> None:
    score_files("in", "whole", model=model)
    numbers = list(range(1, 17))
    random.Random(7).shuffle(numbers)  # noqa: S311  # an order
    scored = 0
    for number in numbers:
        result = score_files("in", "out", model=model, shard=Shard(number, 16))
        assert {one.status for one in result.files} <= {SCORED}
        assert result.share.number == number
        scored += len(result.files)
    assert scored == 12
    assert left_in(folder / "out") == left_in(folder / "whole")
    for name in left_in(folder / "whole"):
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    again = score_files("in", "out", model=model)
    assert {one.status for one in again.files} == {SKIPPED}
    assert again.share is None


def test_a_shard_counts_what_lies_aside_as_the_whole_run_does(
    model: SentimentModel, folder: Path
) -> None:
    write_reviews(folder / "out/old.parquet", some_texts(1))
    for shard in (None, (1, 3), (2, 3)):
        result = score_files("in", "out", model=model, shard=shard)
        assert (result.left_aside.files, result.left_aside.examples) == (1, ("notes.txt",))
        assert result.without_input.examples == ("out/old.parquet",)


def test_one_file_belongs_to_one_shard_and_the_others_say_that_they_have_nothing_to_do(
    model: SentimentModel, folder: Path
) -> None:
    source = "in/day=0/00.parquet"
    lines = [
        summary(score_files(source, "deep/one.parquet", model=model, shard=(number, 3)))
        for number in (1, 2, 3)
    ]
    ours = number_of("one.parquet", 3) - 1
    assert lines.pop(ours) == f"shard {ours + 1} of 3: 1 of 1 file: 1 scored; 3 rows written"
    assert [line[8:] for line in lines] == ["of 3: 0 of 1 file: nothing to do"] * 2
    assert plan([source], "deep/one.parquet").part(Shard(1, 3)).share.folder is None
    # The same file in a folder has the same name there.
    assert plan([source], "one.parquet/").part(Shard(ours + 1, 3)).share.folder == "one.parquet"
    assert name_below(None, "deep/one.parquet") == name_below("deep", "deep/one.parquet")


def test_the_summary_and_the_report_tell_the_shard(model: SentimentModel, folder: Path) -> None:
    part = plan(["in"], "out").part(Shard(2, 3))
    count = len(part.tasks)
    assert 1 < count < 12
    assert summary(preview_job(part, model)).startswith(
        f"shard 2 of 3: {count} of 12 files: {count} planned; "
    )
    result = score_files("in", "out", model=model, shard=(2, 3))
    assert summary(result).startswith(f"shard 2 of 3: {count} of 12 files: {count} scored; ")
    report = Report.of(result)
    assert report.shard == part.share
    assert Report.from_text(report.to_text()) == report
    whole = Report.of(score_files("in", "out", model=model)).to_text()
    assert '"shard"' not in whole


@pytest.mark.parametrize("shard", [(0, 3), (4, 3)])
def test_the_function_refuses_a_shard_that_there_is_not(
    folder: Path, shard: tuple[int, int]
) -> None:
    with pytest.raises(UsageError, match="counted from 1 to 3"):
        score_files("in", "out", shard=shard)
    assert not Path("out").exists()


def test_a_shard_puts_no_success_file_and_says_who_does(
    model: SentimentModel, folder: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        score_files("in", "out", model=model, options=Options(success_file=True), shard=(2, 3))
    assert str(caught.value) == (
        "checking --success-file: shard 2 of 3 doesn't know what became of the others; leave the "
        "option out, and when all have run: scorer merge-reports REPORT... --success-file OUTPUT"
    )
    assert not Path("out").exists()
