"""Ray hands out the files of a job, and scores the rows of its data sets.

A task of Ray is one file. Some tasks a slot are handed out at a time, so that the driver's cost
doesn't grow with the files; a file whose worker was lost is handed out again.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from scorer.doubt.asked import Doubt
from scorer.engines.contract import (
    MOST_ATTEMPTS,
    Done,
    FileEngine,
    Handed,
    Refused,
    Sealed,
    given_up,
)
from scorer.engines.rows import Scorer
from scorer.errors import UsageError
from scorer.model import SentimentModel
from scorer.system.cores import available_cores

if TYPE_CHECKING:
    from ray.data import Dataset

INSTALL = "pip install 'review-sentiment[ray]'"
# Ray sends figures of use to its maker unless told otherwise: https://docs.ray.io/en/latest/cluster/usage-stats.html
NO_TELEMETRY = ("RAY_USAGE_STATS_ENABLED", "0")
TASKS_A_SLOT = 4
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_LOOKS_AROUND = 10.0
# Scores travel through no object store: it holds the model, and what Ray keeps for itself.
OBJECT_STORE = 200 << 20


class RayEngine(FileEngine):
    """Hands files to the Ray at ``RAY_ADDRESS``, else to a local one that is started.

    A Ray that this process has joined already is used, and stays.

    Raises:
        UsageError: ray isn't installed.
    """

    name = "Ray"

    def __init__(self) -> None:
        super().__init__()
        import_ray()

    def dumps(self, value: object) -> bytes:
        """Pickle by cloudpickle, as Ray does."""
        from ray import cloudpickle

        return bytes(cloudpickle.dumps(value))

    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done | Refused]:
        """Yield what workers answer, as files are done."""
        ray = import_ray()
        with _joined(ray):
            flight = _Flight(ray, sealed)
            left = iter(handed)
            try:
                while not stop.is_set():
                    flight.fill(left)
                    if not flight.under_way:
                        return
                    yield from flight.land()
            finally:
                flight.cancel()


def with_sentiment(
    dataset: Dataset,
    *,
    model: SentimentModel | str | Path | None = None,
    text_column: str | None = None,
    prefix: str = "",
    keep: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    doubt: Doubt = Doubt(),
) -> Dataset:
    """Return a data set with ``sentiment`` and ``sentiment_score``: rows, as they are computed.

    The scores are those of the local job, to the bit, on the same kind of CPU.

    Args:
        dataset: of Ray Data.
        model: see :meth:`Scorer.of <scorer.engines.rows.Scorer.of>`, as of the others.
        text_column: the same.
        prefix: the same.
        keep: the same.
        drop: the same.
        doubt: when a review isn't scored, or is uncertain, and what is told of it.

    Raises:
        UsageError: there is no such model; or it, or what is installed, doesn't give what
            ``doubt`` asks for.
        ModelRefused: the model is damaged, of another version, or not ours.
        ReviewsError: there is no such column, it isn't text, or a column has a new name already.
    """
    import_ray()
    scorer = Scorer.of(model, text_column, prefix, keep, drop, doubt)
    schema = dataset.schema(fetch_if_missing=False)
    if schema is not None and isinstance(schema.base_schema, pa.Schema):
        # What doesn't fit is said here, not by a worker.
        scorer.kernel(schema.base_schema)
    return dataset.map_batches(scorer.score_table, batch_format="pyarrow", zero_copy_batch=True)


@dataclass(frozen=True)
class _Sent:
    """A file that is under way, and how often it was handed out before."""

    handed: Handed
    attempt: int


class _Flight:
    """The files that are handed out and not back yet."""

    def __init__(self, ray: Any, sealed: Sealed) -> None:
        self._ray = ray
        self._sealed = ray.put(sealed)
        # The driver hands a file out again itself, so that it can say so.
        self._task = ray.remote(max_retries=0, num_cpus=1)(score_handed)
        self.under_way: dict[Any, _Sent] = {}
        self._room, self._looks = 0, 0.0

    def fill(self, left: Iterator[Handed]) -> None:
        """Hand out files while there is room."""
        self._look_around()
        while len(self.under_way) < self._room:
            one = next(left, None)
            if one is None:
                return
            self._send(_Sent(one, 0))

    def _look_around(self) -> None:
        """See now and then how many slots there are: nodes come and go."""
        now = time.monotonic()
        if now >= self._looks:
            self._looks = now + SECONDS_BETWEEN_LOOKS_AROUND
            self._room = TASKS_A_SLOT * max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def land(self) -> Iterator[Done | Refused]:
        """Wait a moment, and yield the answers that are there."""
        known = list(self.under_way)
        ready, others = self._ray.wait(known, num_returns=1, timeout=SECONDS_BETWEEN_LOOKS)
        if ready and others:
            ready += self._ray.wait(others, num_returns=len(others), timeout=0)[0]
        for reference in ready:
            sent = self.under_way.pop(reference)
            answer = self._answer(reference, sent)
            if answer is not None:
                yield answer

    def cancel(self) -> None:
        """End what is under way, as a kill does: the next run goes on with it."""
        for reference in self.under_way:
            self._ray.cancel(reference, force=True)

    def _send(self, sent: _Sent) -> None:
        reference = self._task.remote(self._sealed, pickle.dumps(sent.handed), sent.attempt)
        self.under_way[reference] = sent

    def _answer(self, reference: Any, sent: _Sent) -> Done | Refused | None:
        try:
            found: Done | Refused = pickle.loads(self._ray.get(reference))  # noqa: S301  # ours
        except self._ray.exceptions.RayTaskError as error:
            return Refused(f"its workers can't run scorer: {_last_line(error)}; install the same "
                           "Python and review-sentiment on each")  # fmt: skip
        except self._ray.exceptions.RayError as error:
            if sent.attempt + 1 == MOST_ATTEMPTS:
                return given_up(sent.handed, RayEngine.name, error, sent.attempt)
            self._send(_Sent(sent.handed, sent.attempt + 1))
            return None
        return found


def score_handed(sealed: Sealed, handed: bytes, attempt: int) -> bytes:
    """Score a file, on a worker of Ray.

    Args:
        sealed: the job.
        handed: the pickled file.
        attempt: how often it was handed out before.

    Returns:
        the pickled answer.
    """
    from scorer.engines.worker import work

    return pickle.dumps(work(sealed, pickle.loads(handed), attempt))  # noqa: S301  # the driver's


def import_ray() -> Any:
    """Import ray, with what it would send to its maker switched off.

    Raises:
        UsageError: it isn't installed.
    """
    if find_spec("ray") is None:
        raise UsageError(f"running on Ray: ray is not installed; run: {INSTALL}")
    os.environ.setdefault(*NO_TELEMETRY)
    import ray

    return ray


@contextmanager
def _joined(ray: Any) -> Iterator[None]:
    """Join the Ray that there is; else start one for the time of the block.

    Raises:
        UsageError: it can't be reached.
    """
    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    local = {
        "num_cpus": available_cores(),
        "object_store_memory": OBJECT_STORE,
        "include_dashboard": False,
    }
    try:
        ray.init(
            address or "local",
            log_to_driver=False,
            logging_level="ERROR",
            **({} if address else local),
        )
    except Exception as error:  # a dozen types, of Ray, gRPC and the system
        at = f"the one at RAY_ADDRESS={address}" if address else "a local one"
        raise UsageError(
            f"running on Ray: {at} can't be used: {_last_line(error)}; check that it runs, with "
            "the same versions of ray and Python"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1][:300]
