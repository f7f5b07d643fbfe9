"""Which shard a run is: the one that is named, or the one that its platform numbered.

Platforms that start the same command many times tell each run its index, by the environment. It is
handed in, and looked at only if it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scorer.errors import UsageError
from scorer.planning.shards import BY_HAND, Shard

AUTO = "auto"
NUMBER = re.compile("[0-9]{1,9}")
SHARD = re.compile(f"({NUMBER.pattern})/({NUMBER.pattern})")


def shard_asked(
    text: str | None, shards: int | None, environment: Mapping[str, str]
) -> Shard | None:
    """Return the shard that a command asks for; None if it asks for all files.

    Args:
        text: "3/16", or "auto": what the platform says.
        shards: how many there are, where the platform doesn't say.
        environment: the process's; looked at for "auto" only.

    Raises:
        UsageError: it can't be read, or the platform doesn't say which shard this is.

    >>> shard_asked("3/16", None, {})
    Shard(number=3, of=16)
    >>> shard_asked("auto", 16, {"JOB_COMPLETION_INDEX": "2"})
    Shard(number=3, of=16)
    """
    if text == AUTO:
        return _platform(environment).shard(environment, shards)
    if shards is not None:
        why = "without it every file is scored" if text is None else f"{text} names the number"
        raise UsageError(f"reading --shards {shards}: it goes with --shard auto, and {why}")
    if text is None:
        return None
    found = SHARD.fullmatch(text)
    if found is None:
        raise UsageError(f"reading --shard {text!r}: it is no shard; {BY_HAND}, or --shard auto")
    return Shard(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Platform:
    """Something that starts the same command many times, and numbers the runs.

    Attributes:
        name: what a message calls it.
        index: the variable with a run's number.
        count: the variable with the number of runs; empty if it sets none.
        least: the variable with the smallest index; empty if it is 0.
        most: the variable with the largest index; empty if the indices have no gaps.
    """

    name: str
    index: str
    count: str = ""
    least: str = ""
    most: str = ""

    def shard(self, environment: Mapping[str, str], shards: int | None) -> Shard:
        """Return the shard of this run.

        Raises:
            UsageError: the number of shards is missing, or contradicts the platform; or the index
                is none of that many.
        """
        index = _whole_number(environment, self.index)
        count = self._count(environment, shards)
        least = _whole_number(environment, self.least) if self.least else 0
        step = self._step(environment, count, least)
        place, rest = divmod(index - least, step)
        if rest:
            raise self._has_gaps()
        if not 0 <= place < count:
            raise UsageError(
                f"reading --shard auto: {self.index} is {index}, and {count:,} shards have the "
                f"indices {least} to {least + step * (count - 1)}; check how many runs the "
                "job has"
            )
        return Shard(place + 1, count)

    def _count(self, environment: Mapping[str, str], shards: int | None) -> int:
        if not environment.get(self.count):
            if shards is None:
                why = f"{self.count} is not set" if self.count else f"{self.name} doesn't tell it"
                raise UsageError(
                    f"reading --shard auto: the number of shards is missing, {why}; add --shards N"
                )
            return shards
        count = _whole_number(environment, self.count)
        if shards not in (None, count):
            raise UsageError(
                f"reading --shards {shards}: {self.count} says {count}; leave --shards out"
            )
        return count

    def _step(self, environment: Mapping[str, str], count: int, least: int) -> int:
        """Return the distance of two indices."""
        if not self.most or count < 2:
            return 1
        step, rest = divmod(_whole_number(environment, self.most) - least, count - 1)
        if rest or step < 1:
            raise self._has_gaps()
        return step

    def _has_gaps(self) -> UsageError:
        return UsageError(
            f"reading --shard auto: the indices of {self.name}'s array have gaps, so they don't "
            "number its shards; start an array like 0-15"
        )


# Where each is documented:
# https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
# https://slurm.schedmd.com/job_array.html#env_vars
# https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
PLATFORMS = (
    Platform("Kubernetes", "JOB_COMPLETION_INDEX"),
    Platform(
        "Slurm",
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_MAX",
    ),
    Platform("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
)


def _platform(environment: Mapping[str, str]) -> Platform:
    """Return the platform that numbered this run.

    Raises:
        UsageError: there is none, or more than one.
    """
    found = [one for one in PLATFORMS if environment.get(one.index)]
    if not found:
        known = ", ".join(f"{one.index} ({one.name})" for one in PLATFORMS)
        raise UsageError(f"reading --shard auto: none of {known} is set; {BY_HAND}")
    if len(found) > 1:
        both = " and ".join(f"{one.index} ({one.name})" for one in found)
        raise UsageError(f"reading --shard auto: {both} are set; {BY_HAND}")
    return found[0]


def _whole_number(environment: Mapping[str, str], variable: str) -> int:
    text = environment.get(variable, "")
    if not NUMBER.fullmatch(text):
        found = f"is {text!r}, not a whole number" if text else "is not set"
        raise UsageError(
            f"reading --shard auto: {variable} {found}; check what sets it, or {BY_HAND}"
        )
    return int(text)
