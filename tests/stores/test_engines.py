"""An engine's worker scores objects as the local job does: what travels to it is pickled."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from helpers import some_texts, write_reviews
from scorer import score_files
from scorer.engines.contract import Done, FileEngine, Handed, Refused, Sealed
from scorer.engines.worker import work
from scorer.storage.stores import StoreSettings
from small_store import SmallStore


class Pickled(FileEngine):
    """Hands files to this process, by way of bytes."""

    name = "pickle"

    def dumps(self, value: object) -> bytes:
        return pickle.dumps(value)

    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done | Refused]:
        for one in handed:
            travelled = pickle.loads(pickle.dumps((sealed, one)))  # noqa: S301  # ours
            yield pickle.loads(pickle.dumps(work(*travelled)))  # noqa: S301  # ours


def test_a_worker_scores_objects_as_the_local_job_does(store: SmallStore, tmp_path: Path) -> None:
    for number in range(3):
        path = write_reviews(tmp_path / "a.parquet", some_texts(30 + number, number))
        store.objects[f"in/{number}.parquet"] = path.read_bytes()
    settings = StoreSettings(state=tmp_path / "state")
    for target in ("local", "handed"):
        engine = Pickled() if target == "handed" else None
        result = score_files(
            "s3://bucket/in/", f"s3://bucket/{target}/", engine=engine, stores=settings
        )
        assert [one.status for one in result.files] == ["scored"] * 3, result.files
    for number in range(3):
        name = f"{number}.parquet"
        assert store.objects[f"handed/{name}"] == store.objects[f"local/{name}"]
    again = score_files("s3://bucket/in/", "s3://bucket/handed/", engine=Pickled(), stores=settings)
    assert [one.status for one in again.files] == ["skipped"] * 3
