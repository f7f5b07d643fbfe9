"""Which shard a run is: what was typed, or what the platform's variables say."""

from __future__ import annotations

import pytest

from scorer.errors import UsageError
from scorer.planning.array_job import shard_asked
from scorer.planning.shards import Shard

BY_HAND = "write --shard 3/16, counted from 1"
KUBERNETES = {"JOB_COMPLETION_INDEX": "2"}
BATCH = {"AWS_BATCH_JOB_ARRAY_INDEX": "2", "AWS_BATCH_JOB_ARRAY_SIZE": "16"}


def slurm(index: object, count: object, least: object, most: object) -> dict[str, str]:
    values = {"ID": index, "COUNT": count, "MIN": least, "MAX": most}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


SLURM = slurm(2, 16, 0, 15)


def refusal(text: str | None, shards: int | None, environment: dict[str, str]) -> str:
    with pytest.raises(UsageError) as caught:
        shard_asked(text, shards, environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("environment", "shards"),
    [
        (KUBERNETES, 16),
        (BATCH, None),
        (BATCH, 16),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "2"}, 16),
        (SLURM, None),
        (SLURM, 16),
        (slurm(3, 16, 1, 16), None),
        (slurm(102, 16, 100, 115), None),
        # --array=0-30:2 and --array=5-80:5
        (slurm(4, 16, 0, 30), None),
        (slurm(15, 16, 5, 80), None),
        ({**KUBERNETES, "SLURM_ARRAY_TASK_ID": "", "SLURM_JOB_ID": "7"}, 16),
        ({**KUBERNETES, "AWS_BATCH_JOB_ID": "x"}, 16),
    ],
)
def test_the_platform_numbers_the_third_of_sixteen(
    environment: dict[str, str], shards: int | None
) -> None:
    assert shard_asked("auto", shards, environment) == Shard(3, 16)


def test_every_index_of_an_array_is_another_shard() -> None:
    for first, step in ((0, 1), (1, 1), (7, 3)):
        indices = range(first, first + 5 * step, step)
        found = [
            shard_asked("auto", None, slurm(index, 5, first, indices[-1])) for index in indices
        ]
        assert found == [Shard(number, 5) for number in (1, 2, 3, 4, 5)]


def test_an_array_of_one_is_the_whole() -> None:
    assert shard_asked("auto", None, slurm(7, 1, 7, 7)) == Shard(1, 1)


def test_what_is_typed_needs_no_platform_and_heeds_none() -> None:
    for environment in ({}, KUBERNETES, {**KUBERNETES, **SLURM}, {"JOB_COMPLETION_INDEX": "x"}):
        assert shard_asked("3/16", None, environment) == Shard(3, 16)
        assert shard_asked(None, None, environment) is None


@pytest.mark.parametrize(
    "text", ["", "3", "3/", "/16", "3/16/1", "-3/16", "+3/16", " 3/16", "3 / 16", "٣/16", "all",
             "3/9999999999", "Auto", "3/16\n"]
)  # fmt: skip
def test_what_is_no_shard_is_told_how_one_is_written(text: str) -> None:
    assert refusal(text, None, KUBERNETES) == (
        f"reading --shard {text!r}: it is no shard; {BY_HAND}, or --shard auto"
    )


@pytest.mark.parametrize("text", ["0/16", "17/16", "3/0"])
def test_a_shard_beyond_the_last_is_refused(text: str) -> None:
    assert refusal(text, None, {}).startswith(f"reading the shard {text}: ")


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "without it every file is scored"), ("3/16", "3/16 names the number")],
)
def test_the_number_of_shards_goes_with_auto(text: str | None, why: str) -> None:
    assert refusal(text, 16, {}) == (f"reading --shards 16: it goes with --shard auto, and {why}")


def test_no_platform_and_more_than_one_are_told() -> None:
    known = (
        "JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (Slurm), "
        "AWS_BATCH_JOB_ARRAY_INDEX (AWS Batch)"
    )
    for environment in ({}, {"SLURM_JOB_ID": "7"}, {"JOB_COMPLETION_INDEX": ""}):
        assert refusal("auto", 16, environment) == (
            f"reading --shard auto: none of {known} is set; {BY_HAND}"
        )
    assert refusal("auto", 16, {**KUBERNETES, **BATCH}) == (
        "reading --shard auto: JOB_COMPLETION_INDEX (Kubernetes) and AWS_BATCH_JOB_ARRAY_INDEX "
        f"(AWS Batch) are set; {BY_HAND}"
    )


def test_a_missing_number_of_shards_is_told() -> None:
    missing = "reading --shard auto: the number of shards is missing"
    assert refusal("auto", None, KUBERNETES) == (
        f"{missing}, Kubernetes doesn't tell it; add --shards N"
    )
    assert refusal("auto", None, {"AWS_BATCH_JOB_ARRAY_INDEX": "2"}) == (
        f"{missing}, AWS_BATCH_JOB_ARRAY_SIZE is not set; add --shards N"
    )


def test_two_numbers_of_shards_are_refused() -> None:
    assert refusal("auto", 8, SLURM) == (
        "reading --shards 8: SLURM_ARRAY_TASK_COUNT says 16; leave --shards out"
    )


@pytest.mark.parametrize(
    ("environment", "shards", "found", "last"),
    [
        (KUBERNETES, 2, "JOB_COMPLETION_INDEX is 2", 1),
        ({**BATCH, "AWS_BATCH_JOB_ARRAY_INDEX": "16"}, None, "AWS_BATCH_JOB_ARRAY_INDEX is 16", 15),
        (slurm(16, 16, 0, 15), None, "SLURM_ARRAY_TASK_ID is 16", 15),
    ],
)
def test_an_index_out_of_range_is_told(
    environment: dict[str, str], shards: int | None, found: str, last: int
) -> None:
    assert refusal("auto", shards, environment) == (
        f"reading --shard auto: {found}, and {last + 1} shards have the indices 0 to {last}; "
        "check how many runs the job has"
    )


def test_an_index_below_the_first_is_told() -> None:
    assert refusal("auto", None, slurm(1, 16, 2, 17)) == (
        "reading --shard auto: SLURM_ARRAY_TASK_ID is 1, and 16 shards have the indices 2 to 17; "
        "check how many runs the job has"
    )


@pytest.mark.parametrize(
    "environment",
    [slurm(2, 3, 1, 9), slurm(1, 3, 1, 8), slurm(3, 4, 1, 9), slurm(3, 4, 3, 3)],
)
def test_an_array_with_gaps_numbers_no_shards(environment: dict[str, str]) -> None:
    assert refusal("auto", None, environment) == (
        "reading --shard auto: the indices of Slurm's array have gaps, so they don't number its "
        "shards; start an array like 0-15"
    )


@pytest.mark.parametrize("value", ["x", "-1", "2.0", " 2", "1" * 10])
def test_a_variable_that_holds_no_number_is_told(value: str) -> None:
    assert refusal("auto", 16, {"JOB_COMPLETION_INDEX": value}) == (
        f"reading --shard auto: JOB_COMPLETION_INDEX is {value!r}, not a whole number; check what "
        f"sets it, or {BY_HAND}"
    )
    lacking = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "16"}
    assert refusal("auto", None, lacking) == (
        f"reading --shard auto: SLURM_ARRAY_TASK_MIN is not set; check what sets it, or {BY_HAND}"
    )
