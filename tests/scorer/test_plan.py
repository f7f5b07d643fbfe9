from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import write_reviews
from scorer.errors import UsageError
from scorer.plan import Task, plan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.parquet", "in/a/z.parquet", "in/a/_tmp/y.parquet", "in/.git/x.parquet", "in/_w.parquet", "in/.v.parquet"):
        write_reviews(tmp_path / name, ["x"])
    (tmp_path / "in/_SUCCESS").touch()
    (tmp_path / "in/.b.parquet.scores").touch()
    (tmp_path / "in/.b.parquet.partial").touch()
    (tmp_path / "in/notes.txt").touch()
    write_reviews(tmp_path / "more/c.parquet", ["x"])
    write_reviews(tmp_path / "more/b.parquet", ["y"])
    return tmp_path


def pairs(tasks: list[Task]) -> list[tuple[str, str]]:
    return [(str(task.input), str(task.output)) for task in tasks]


def test_one_file_goes_to_the_file_that_is_named(folder: Path) -> None:
    assert plan(["in/b.parquet"], "out.parquet") == [Task(Path("in/b.parquet"), Path("out.parquet"))]


def test_one_file_goes_into_a_folder_that_is_marked_as_one(folder: Path) -> None:
    assert pairs(plan(["in/b.parquet"], "out/")) == [("in/b.parquet", "out/b.parquet")]


def test_a_folder_is_mirrored_in_the_order_of_names_and_hidden_files_are_left_alone(folder: Path) -> None:
    assert pairs(plan(["in"], "out")) == [("in/a/z.parquet", "out/a/z.parquet"), ("in/b.parquet", "out/b.parquet")]


def test_several_files_and_folders_go_into_one_folder_in_the_order_given(folder: Path) -> None:
    assert pairs(plan(["more/c.parquet", "in", "more/c.parquet"], "out")) == [
        ("more/c.parquet", "out/c.parquet"),
        ("in/a/z.parquet", "out/a/z.parquet"),
        ("in/b.parquet", "out/b.parquet"),
    ]


def test_a_hidden_file_that_is_named_is_scored(folder: Path) -> None:
    assert pairs(plan(["in/_w.parquet"], "out/")) == [("in/_w.parquet", "out/_w.parquet")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.parquet", [("in/b.parquet", "out/b.parquet")]),
        ("in/**/*.parquet", [("in/a/z.parquet", "out/a/z.parquet"), ("in/b.parquet", "out/b.parquet")]),
        ("[im]*/[abc]", [("in/a/z.parquet", "out/in/a/z.parquet")]),
        ("*re/?.parquet", [("more/b.parquet", "out/more/b.parquet"), ("more/c.parquet", "out/more/c.parquet")]),
    ],
)
def test_a_glob_keeps_the_places_below_its_fixed_part(folder: Path, pattern: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(plan([pattern], "out")) == expected


def test_an_output_that_the_glob_would_not_find_again_may_stand_within_its_reach(folder: Path) -> None:
    assert pairs(plan(["in/*/*.parquet"], "in/out")) == [("in/a/z.parquet", "in/out/a/z.parquet")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    write_reviews(folder / "odd[1].parquet", ["x"])
    assert pairs(plan(["odd[1].parquet"], "out.parquet")) == [("odd[1].parquet", "out.parquet")]


def test_what_cannot_be_planned_is_a_usage_error(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("in")
    os.link("in/b.parquet", "same.parquet")
    overlap = "planning the run: the output {} and the input {} overlap; name a folder beside it"
    again = "planning the run: the output {} would be an input of the next run, by {}; name another folder"
    same = "planning the run: input and output are the same file, in/b.parquet; name another output"
    cases = [
        (["none"], "out", "planning the run: the input none does not exist"),
        (["in/*.csv"], "out", "planning the run: no file matches in/*.csv"),
        (["in/_*"], "out", "planning the run: no file matches in/_*"),
        (["in/a**/x"], "out", "planning the run: in/a**/x is no pattern for files: "),
        (["empty"], "out", "planning the run: the folder empty holds no .parquet file"),
        (["in/b.parquet"], "in/b.parquet", same),
        (["in/b.parquet"], "link/b.parquet", same),
        (["in/b.parquet"], "same.parquet", same),
        (["in/*.parquet"], "in", same),
        (["in/b.parquet", "more/c.parquet"], "in", same),
        (["in"], "in", overlap.format("in", "in")),
        (["in"], "link/deep", overlap.format("link/deep", "in")),
        (["in"], ".", overlap.format(".", "in")),
        (["in/**/*.parquet"], "in/out", again.format("in/out/a/z.parquet", "in/**/*.parquet")),
        (["i*/b*.parquet"], ".", "planning the run: input and output are the same file, in/b.parquet; name another output"),
        (["in/*"], "in/out", again.format("in/out/a/z.parquet", "in/*")),
        (["more/c.parquet", "in/**/z*"], "in", again.format("in/c.parquet", "in/**/z*")),
        (["in"], "in/b.parquet", overlap.format("in/b.parquet", "in")),
        (["in"], "more/c.parquet", "planning the run: the input in is a folder and the output more/c.parquet a file; name a folder"),
        (
            ["in/*.parquet"],
            "more/c.parquet",
            "planning the run: the input in/*.parquet may be several files and the output more/c.parquet a file; name a folder",
        ),
        (
            ["in", "more"],
            "out",
            "planning the run: in/b.parquet and more/b.parquet would both be written to out/b.parquet; score them into two folders",
        ),
    ]
    for inputs, output, message in cases:
        with pytest.raises(UsageError) as caught:
            plan(inputs, output)
        assert str(caught.value).startswith(message), (inputs, output)
        if not message.endswith(" "):
            assert str(caught.value) == message
