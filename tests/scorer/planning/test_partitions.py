"""Hive partitions: mirrored by name, chosen by --where; what isn't wanted isn't listed."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers import left_in, run_command, some_texts, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import UsageError
from scorer.job.result import SCORED, SKIPPED
from scorer.planning.inputs import FileCount
from scorer.planning.partitions import COMPARISONS, NULL, Condition, Partition, partition_of
from scorer.planning.plan import Plan, plan
from scorer.reports.report import read_report

DAYS = ("day=2026-10-31", "day=2026-11-01", "day=2026-11-02", f"day={NULL}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for day in DAYS:
        for hour in ("9", "10"):
            touch(f"in/{day}/hour={hour}/a.parquet")
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def wanted(*where: str, given: str = "in") -> list[str]:
    """Return the outputs that are planned, without what all of them begin and end with."""
    outputs = [str(task.output) for task in plan([given], "out", where).tasks]
    return [one.removeprefix("out/").removesuffix("/a.parquet") for one in outputs]


def refusal(*where: str, inputs: tuple[str, ...] = ("in",)) -> str:
    with pytest.raises(UsageError) as caught:
        plan(inputs, "out", where)
    return str(caught.value)


def test_partitions_are_mirrored_with_their_names_as_they_stand(
    model: SentimentModel, tmp_path: Path
) -> None:
    names = [
        "day=2026-11-24/place=K%C3%B6ln%2FBonn/a.parquet",
        f"day={NULL}/place=a b/a.parquet",
        "_day=24/a.parquet",
    ]
    for name in names:
        write_reviews(tmp_path / "in" / name, some_texts(3))
    result = score_files(tmp_path / "in", tmp_path / "out", model=model)
    assert result.count(SCORED) == 3
    assert left_in(tmp_path / "out") == sorted(names)


def test_what_spark_and_hadoop_leave_beside_the_data_is_left_alone(folder: Path) -> None:
    touch("in/_SUCCESS", "in/._SUCCESS.crc", "in/_metadata", "in/_common_metadata")
    touch("in/_temporary/0/task=1/a.parquet", "in/_spark_metadata/0", "in/_delta_log/0.parquet")
    touch("in/day=2026-11-01/_SUCCESS", "in/day=2026-11-01/.a.parquet.crc", "in/.hive-staging/x.pq")
    planned = plan(["in"], "out")
    assert (len(planned.tasks), planned.left_aside) == (8, FileCount())
    chosen = plan(["in"], "out", ["day=2026-11-01"])
    assert (len(chosen.tasks), chosen.left_aside) == (2, FileCount())


def test_names_are_read_as_what_writes_partitions_writes_them(tmp_path: Path) -> None:
    values = ["a/b", "a=b", "100%", "Köln", "a b", "x'y", "%2F", "映画", None]
    table = pa.table({"place": values, "n": range(len(values))})
    pq.write_to_dataset(table, tmp_path, partition_cols=["place"])
    found = {partition_of(path.name) for path in tmp_path.iterdir()}
    assert found == {Partition("place", value) for value in values}
    # pyarrow leaves names as they are, Hive and Spark don't.
    assert partition_of("a%2Fb=1") == Partition("a/b", "1")


@pytest.mark.parametrize("name", ["2026-11", "=x", "day", ""])
def test_a_name_without_a_column_and_an_equals_sign_is_no_partition(name: str) -> None:
    assert partition_of(name) is None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["day>=2026-11-01", "hour<10"], ["day=2026-11-01/hour=9", "day=2026-11-02/hour=9"]),
        (["day=2026-11-01"], ["day=2026-11-01/hour=10", "day=2026-11-01/hour=9"]),
        (["day!=2026-11-01", "hour=010"], ["day=2026-10-31/hour=10", "day=2026-11-02/hour=10"]),
        (["day > '2026-10-31'", 'day<="2026-11-01"', "hour>9"], ["day=2026-11-01/hour=10"]),
        (["hour<=9.0", "day<2026-11-01"], ["day=2026-10-31/hour=9"]),
    ],
)
def test_all_conditions_must_hold_and_null_fits_none(
    folder: Path, where: list[str], expected: list[str]
) -> None:
    assert wanted(*where) == expected


def test_without_a_condition_null_is_scored_too(folder: Path) -> None:
    assert wanted("hour=9") == [f"{day}/hour=9" for day in DAYS]


def test_a_value_is_compared_with_what_the_name_stands_for(folder: Path) -> None:
    touch("more/place=K%C3%B6ln%2FBonn/a.parquet", "more/place=Ulm/a.parquet")
    assert wanted("place=Köln/Bonn", given="more") == ["place=K%C3%B6ln%2FBonn"]
    assert wanted("place!=Köln/Bonn", given="more") == ["place=Ulm"]


NUMBERS = st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{1,9})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def holding(value: str, other: str) -> set[str]:
    return {one for one in COMPARISONS if Condition("x", one, other).holds(value)}


@given(st.one_of(NUMBERS, TEXTS), st.one_of(NUMBERS, TEXTS))
def test_of_two_values_one_is_smaller_or_they_are_equal(value: str, other: str) -> None:
    found = holding(value, other)
    assert found in ({"<", "<=", "!="}, {"=", "<=", ">="}, {">", ">=", "!="})
    turned = str.maketrans("<>", "><")
    assert holding(other, value) == {one.translate(turned) for one in found}


@given(NUMBERS, NUMBERS)
@example("9007199254740993", "9007199254740992.0")
def test_numbers_are_compared_exactly(value: str, other: str) -> None:
    assert ("<" in holding(value, other)) == (Fraction(value) < Fraction(other))
    assert ("=" in holding(value, other)) == (Fraction(value) == Fraction(other))


@pytest.mark.parametrize("other", ["", "9h", "nan", "inf", "1_0", "٣", "1e3", "0x9", " 9"])
def test_what_only_python_takes_for_a_number_is_text(other: str) -> None:
    assert ("<" in holding("10", other)) == (other > "10")
    assert "=" not in holding("10", other)


def test_what_is_not_wanted_is_not_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in/day=2020-01-01").symlink_to("/mnt/gone")
    listed, scan = [], os.scandir

    def watched(path: str) -> object:
        listed.append(str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", watched)
    assert wanted("day=2026-11-01", "hour=9") == ["day=2026-11-01/hour=9"]
    assert listed == ["in", "in/day=2026-11-01", "in/day=2026-11-01/hour=9"]


@pytest.mark.parametrize(
    "given", ["in/*/*/*.parquet", "in/**/*.parquet", "in/day=*", "in/*/hour=9", "i*", "in/**"]
)
def test_globs_are_narrowed_too(folder: Path, given: str) -> None:
    below = "in/" if given == "i*" else ""
    expected = [f"{below}day=2026-11-02/hour=9"]
    assert wanted("day>2026-11-01", "hour=9", given=given) == expected


def test_a_part_of_a_glob_that_is_a_name_is_narrowed_too(folder: Path) -> None:
    given = "i*/day=2026-11-01/*/a.parquet"
    assert wanted("day=2026-11-01", "hour=9", given=given) == ["in/day=2026-11-01/hour=9"]
    assert refusal("day=2026-11-02", inputs=(given,)) == (
        f"planning the run: nothing in {given} is wanted by --where; it left out 1 folder, such as "
        "in/day=2026-11-01, and those there are called day"
    )


def test_links_are_followed_by_the_name_of_the_link(folder: Path) -> None:
    touch("far/x/a.parquet")
    Path("in/day=2027-01-01").symlink_to("../far")
    Path("in/day=2020-01-01").symlink_to("../far")
    assert wanted("day>=2027") == ["day=2027-01-01/x"]


def test_files_outside_of_such_partitions_are_left_aside_and_counted(folder: Path) -> None:
    touch("in/old.parquet", "in/day=2026-11-01/early.parquet", "in/day=2026-10-31/early.parquet")
    touch("in/notes.txt")
    planned = plan(["in"], "out", ["day>=2026-11-01", "hour=9"])
    assert [str(task.input) for task in planned.tasks] == [
        "in/day=2026-11-01/hour=9/a.parquet",
        "in/day=2026-11-02/hour=9/a.parquet",
    ]
    assert planned.left_aside == FileCount(3, ("day=2026-11-01/early.parquet", "notes.txt"))


def test_what_cannot_be_looked_at_is_a_failed_entry_if_it_may_be_wanted(folder: Path) -> None:
    Path("in/day=2026-11-05").symlink_to("/mnt/gone")
    Path("in/day=2026-10-05").symlink_to("/mnt/gone")
    problems = [task.problem for task in plan(["in"], "out", ["day>=2026-11-01"]).tasks]
    assert [one for one in problems if one] == [
        "reading in/day=2026-11-05: it is a link to /mnt/gone, where nothing is; "
        "mend the link or remove it"
    ]


def test_outputs_of_partitions_that_are_not_wanted_do_not_lack_an_input(folder: Path) -> None:
    touch(f"out/{DAYS[0]}/hour=9/old.parquet", "out/other.parquet", "out/day=2026-12-01/b.parquet")
    assert plan(["in"], "out").without_input.files == 3
    found = plan(["in"], "out", ["day>=2026-11-01"]).without_input
    assert found == FileCount(1, ("out/day=2026-12-01/b.parquet",))


EXAMPLE = (
    "it is no condition; write a name, one of = != < <= > >= and a value, as in "
    "'day>=2026-11-01', and --where once for each"
)


@pytest.mark.parametrize(
    "text",
    [
        "day",
        ">=2026",
        "",
        "day==1",
        "day=>1",
        "day<>1",
        "day>1 and day<5",
        "a>b>c",
        "day='x",
        "!=5",
    ],
)
def test_a_malformed_condition_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(where=(text,))
    assert str(caught.value) == f"reading --where {text!r}: {EXAMPLE}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day>= ", "the value is empty; check the variable that it is from"),
        (
            f"day={NULL}",
            "a folder of that name stands for null, which no comparison finds; "
            "give that folder as the INPUT",
        ),
    ],
)
def test_a_condition_that_nothing_can_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Condition.of(text)
    assert str(caught.value) == f"reading --where {text!r}: {message}"


@pytest.mark.parametrize(
    ("inputs", "where", "message"),
    [
        (
            ["in"],
            ["days=2026-11-01"],
            "--where is about 'days', and no folder in in is called days=…; "
            "those there are called day, hour",
        ),
        (
            ["in", "flat"],
            ["hour=9", "Day=2026-11-01"],
            "--where is about 'Day', and no folder in in, flat is called Day=…; "
            "those there are called day, hour",
        ),
        (
            ["flat"],
            ["day=1"],
            "--where is about 'day', and no folder in flat is called day=…; "
            "there are no partitions",
        ),
        (
            ["in/*/*"],
            ["day=2027-01-01", "hour=9"],
            "nothing in in/*/* is wanted by --where; it left out 4 folders, such as "
            "day=2026-10-31, day=2026-11-01, and those there are called day",
        ),
        (
            ["in/day=2026-11-01/hour=9/a.parquet"],
            ["day=2026-11-01"],
            "--where chooses among the folders of an INPUT, and "
            "in/day=2026-11-01/hour=9/a.parquet is a file; name its folder, or leave --where out",
        ),
        (
            ["in/day=2026-11-01"],
            ["day=2026-11-01"],
            "--where is about 'day', and no folder in in/day=2026-11-01 is called day=…; "
            "those there are called hour",
        ),
        (["in/*.csv"], ["day=2026-11-01"], "no file matches in/*.csv; check the pattern"),
    ],
)
def test_conditions_that_leave_nothing_are_a_usage_error(
    folder: Path, inputs: list[str], where: list[str], message: str
) -> None:
    touch("flat/a.parquet")
    assert refusal(*where, inputs=tuple(inputs)) == f"planning the run: {message}"


def test_one_of_several_inputs_may_hold_nothing_that_is_wanted(folder: Path) -> None:
    touch("flat/b.parquet")
    planned = plan(["in", "flat"], "out", ["day=2026-11-01", "hour=9"])
    assert planned == Plan(
        planned.tasks, left_aside=FileCount(1, ("b.parquet",)), folder=Path("out")
    )
    assert len(planned.tasks) == 1


def test_what_is_chosen_changes_no_byte_and_makes_nothing_stale(
    model: SentimentModel, tmp_path: Path
) -> None:
    for day in DAYS:
        write_reviews(tmp_path / "in" / day / "a.parquet", some_texts(3))
    chosen = Options(where=("day>=2026-11-01",))
    first = score_files(tmp_path / "in", tmp_path / "out", model=model, options=chosen)
    assert [one.status for one in first.files] == [SCORED, SCORED]
    every = score_files(tmp_path / "in", tmp_path / "out", model=model)
    assert [one.status for one in every.files] == [SCORED, SKIPPED, SKIPPED, SCORED]
    score_files(tmp_path / "in", tmp_path / "all", model=model)
    for name in left_in(tmp_path / "all"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_the_command_takes_conditions_and_the_report_tells_them(
    tmp_path: Path,
) -> None:
    for day in ("day=1", "day=2"):
        write_reviews(tmp_path / "in" / day / "a.parquet", some_texts(3))
    words = ("scorer", "run", "in", "out", "--where", "day>1", "--report", "report.json")
    done = run_command(*words, "--where", "day<3", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_report(tmp_path / "report.json").options.where == ("day>1", "day<3")
    assert left_in(tmp_path / "out") == ["day=2/a.parquet"]
    refused = run_command(*words, "--where", "day", cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, f"Error: reading --where 'day': {EXAMPLE}\n")
