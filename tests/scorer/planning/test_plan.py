from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import write_reviews
from scorer.errors import UsageError
from scorer.planning.plan import Plan, Task, plan

REVIEW_FILES = (
    "in/b.parquet",
    "in/a/z.parquet",
    "in/a/_tmp/y.parquet",
    "in/.git/x.parquet",
    "in/_w.parquet",
    "in/.v.parquet",
    "more/c.parquet",
    "more/b.parquet",
)
OTHER_FILES = ("in/_SUCCESS", "in/.b.parquet.scores", "in/.b.parquet.partial", "in/notes.txt")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in REVIEW_FILES:
        write_reviews(tmp_path / name, ["x"])
    for name in OTHER_FILES:
        (tmp_path / name).touch()
    return tmp_path


def pairs(planned: Plan) -> list[tuple[str, str]]:
    return [(str(task.input), str(task.output)) for task in planned.tasks]


def test_one_file_goes_to_the_file_that_is_named(folder: Path) -> None:
    assert plan(["in/b.parquet"], "out.parquet") == Plan(
        (Task(Path("in/b.parquet"), Path("out.parquet")),)
    )


def test_one_file_goes_into_a_folder_whose_name_ends_with_a_slash(folder: Path) -> None:
    assert pairs(plan(["in/b.parquet"], "out/")) == [("in/b.parquet", "out/b.parquet")]


def test_a_folder_is_mirrored_in_the_order_of_names_and_hidden_files_are_left_alone(
    folder: Path,
) -> None:
    assert pairs(plan(["in"], "out")) == [
        ("in/a/z.parquet", "out/a/z.parquet"),
        ("in/b.parquet", "out/b.parquet"),
    ]


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
        (
            "in/**/*.parquet",
            [("in/a/z.parquet", "out/a/z.parquet"), ("in/b.parquet", "out/b.parquet")],
        ),
        ("[im]*/[abc]", [("in/a/z.parquet", "out/in/a/z.parquet")]),
        (
            "*re/?.parquet",
            [("more/b.parquet", "out/more/b.parquet"), ("more/c.parquet", "out/more/c.parquet")],
        ),
    ],
)
def test_a_glob_keeps_the_folders_below_its_fixed_part(
    folder: Path, pattern: str, expected: list[tuple[str, str]]
) -> None:
    assert pairs(plan([pattern], "out")) == expected


def test_an_output_below_the_fixed_part_is_allowed_if_the_glob_would_not_match_it(
    folder: Path,
) -> None:
    assert pairs(plan(["in/*/*.parquet"], "in/out")) == [("in/a/z.parquet", "in/out/a/z.parquet")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    write_reviews(folder / "odd[1].parquet", ["x"])
    assert pairs(plan(["odd[1].parquet"], "out.parquet")) == [("odd[1].parquet", "out.parquet")]


PLANNING = "planning the run: "
SAME = f"{PLANNING}input and output are the same file, in/b.parquet; name another output"
OVERLAP = f"{PLANNING}the output {{}} and the input {{}} overlap; name a folder beside it"
AGAIN = f"{PLANNING}the output {{}} would be an input of the next run, by {{}}; name another folder"
NOT_A_FOLDER = f"{PLANNING}the input {{}} and the output more/c.parquet a file; name a folder"


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["none"], "out", f"{PLANNING}the input none does not exist; check the path"),
        (["in/*.csv"], "out", f"{PLANNING}no file matches in/*.csv; check the pattern"),
        (["in/_*"], "out", f"{PLANNING}no file matches in/_*; check the pattern"),
        (
            ["in/a**/x"],
            "out",
            f"{PLANNING}in/a**/x is no pattern for files: "
            "'**' stands for whole folders, not within 'a**'; write '*' there",
        ),
        (
            ["empty"],
            "out",
            f"{PLANNING}the folder empty holds no .parquet, .parq or .pq file; name another one",
        ),
        (["in/b.parquet"], "in/b.parquet", SAME),
        (["in/b.parquet"], "link/b.parquet", SAME),
        (["in/b.parquet"], "same.parquet", SAME),
        (["in/*.parquet"], "in", SAME),
        (["in/b.parquet", "more/c.parquet"], "in", SAME),
        (["i*/b*.parquet"], ".", SAME),
        (["in"], "in", OVERLAP.format("in", "in")),
        (["in"], "link/deep", OVERLAP.format("link/deep", "in")),
        (["in"], ".", OVERLAP.format(".", "in")),
        (["in"], "in/b.parquet", OVERLAP.format("in/b.parquet", "in")),
        (["in/**/*.parquet"], "in/out", AGAIN.format("in/out/a/z.parquet", "in/**/*.parquet")),
        (["in/*"], "in/out", AGAIN.format("in/out/a/z.parquet", "in/*")),
        (["more/c.parquet", "in/**/z*"], "in/x", AGAIN.format("in/x/c.parquet", "in/**/z*")),
        (["in"], "more/c.parquet", NOT_A_FOLDER.format("in is a folder")),
        (
            ["in/*.parquet"],
            "more/c.parquet",
            NOT_A_FOLDER.format("in/*.parquet may be several files"),
        ),
        (
            ["in", "more"],
            "out",
            f"{PLANNING}in/b.parquet and more/b.parquet would both be written to out/b.parquet; "
            "score them into two folders",
        ),
    ],
)
def test_what_cannot_be_planned_is_a_usage_error(
    folder: Path, inputs: list[str], output: str, message: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("in")
    os.link("in/b.parquet", "same.parquet")
    with pytest.raises(UsageError) as caught:
        plan(inputs, output)
    assert str(caught.value) == message
