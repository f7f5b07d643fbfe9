"""Requests that fail: tried again where that may help, named in one sentence where it doesn't."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers import left_in, some_texts, write_reviews
from scorer import SentimentModel, score_files
from scorer.reports.text import closing_lines
from scorer.storage.stores import StoreSettings
from small_store import SECRET, Fault, SmallStore
from store_servers import Run

IN, OUT = "s3://bucket/in.parquet", "s3://bucket/out.parquet"
TRANSIENT = ("500", "503", "429", "reset", "truncated")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three blocks, which is written in the parts of an upload."""
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    write_reviews(path, some_texts(6000), compression="none", row_group_size=2000)
    return path


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a failed run said: one sentence, without a secret or a text of obstore's."""
    assert done.stderr.count("\n") == 1, done.stderr
    for word in ("hunter2", SECRET, "AKIDSECRETID", "Debug", "reqwest", "Traceback"):
        assert word not in done.stderr
    return done.stderr.removeprefix("Error: ").rstrip()


@pytest.mark.parametrize("what", TRANSIENT)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_a_request_that_fails_for_now_is_tried_again_and_counted(
    store: SmallStore, fast: SentimentModel, reviews: Path, tmp_path: Path, method: str, what: str
) -> None:
    settings = StoreSettings(state=tmp_path)
    store.objects["in.parquet"] = reviews.read_bytes()
    assert score_files(IN, OUT, model=fast, stores=settings).retries == 0
    expected = store.objects.pop("out.parquet")
    store.faults = [Fault(what, method, times=2)]
    result = score_files(IN, OUT, model=fast, stores=settings)
    assert [file.reason for file in result.files] == [""]
    assert store.objects["out.parquet"] == expected
    # An answer without a body can't be cut: it came whole before the connection ended.
    is_whole = what == "truncated" and method != "GET"
    assert result.retries == (0 if is_whole else 2)
    assert closing_lines(result) == (
        [] if is_whole else ["requests to a store that were tried again: 2"]
    )


def test_retries_end_and_what_was_scored_is_kept_for_the_next_run(
    store: SmallStore, run: Run, reviews: Path, tmp_path: Path
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [Fault("503", "PUT", times=99)]
    done = run(IN, OUT, "--retries", "1")
    assert done.returncode == 3
    assert said(done) == f"writing {OUT}: the store answered 503 (SlowDown); run again later"
    assert store.count("PUT") == 2
    assert "out.parquet" not in store.objects
    assert [name[-7:] for name in left_in(tmp_path / "state")] == [".scores"]
    store.faults.clear()
    again = run(IN, OUT)
    assert "3,000 rows were scored by a run that was stopped" in again.stdout
    assert left_in(tmp_path / "state") == []
    other = run(IN, "s3://bucket/other.parquet")
    assert other.returncode == 0
    assert store.objects["out.parquet"] == store.objects["other.parquet"]


@pytest.mark.parametrize("what", ["500", "reset", "403"])
def test_an_upload_in_parts_that_fails_is_taken_back(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch, large: Path, what: str, tmp_path: Path
) -> None:
    from scorer.storage import stores
    from scorer.storage.place import ObjectPlace, place_of
    from scorer.storage.retries import RequestFailed

    monkeypatch.setattr(stores, "MOST_AT_ONCE", 1 << 16)
    monkeypatch.setattr(stores, "PART_BYTES", 1 << 18)
    settings = stores.StoreSettings(retries=1, state=tmp_path)
    place = place_of(OUT, "the output", stores.Stores(settings))
    assert isinstance(place, ObjectPlace)
    content = large.read_bytes()
    store.faults = [Fault(what, "PUT", times=99, after=1, query="partNumber")]
    with pytest.raises(RequestFailed):
        place.store.put(place.key, large)
    assert (store.objects, store.uploads) == ({}, {})
    store.faults = [Fault("500", "PUT", times=1, after=1, query="partNumber")]
    place.store.put(place.key, large)
    assert (store.objects, store.uploads) == ({"out.parquet": content}, {})


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            Fault("403", "HEAD", times=9),
            f"planning the run: asking for {IN}: the store denies it; check the credentials in "
            "the environment, and what they allow",
        ),
        (
            Fault("403", "GET", times=9),
            f"reading {IN}: the store denies it (AccessDenied); check the credentials in the "
            "environment, and what they allow",
        ),
        (
            Fault("403", "PUT", times=9),
            f"writing {OUT}: the store denies it (AccessDenied); check the credentials in the "
            "environment, and what they allow",
        ),
    ],
)
def test_what_is_denied_fails_at_once(
    store: SmallStore, run: Run, reviews: Path, fault: Fault, message: str
) -> None:
    store.objects["in.parquet"] = reviews.read_bytes()
    store.faults = [fault]
    done = run(IN, OUT)
    assert done.returncode == (2 if fault.method == "HEAD" else 3)
    assert said(done) == message
    assert sum(one.method == fault.method for one in store.asked) == 1 or fault.method == "HEAD"
    assert "out.parquet" not in store.objects


def test_what_is_not_there_is_named(store: SmallStore, run: Run, reviews: Path) -> None:
    done = run("s3://bucket/none.parquet", OUT)
    assert (done.returncode, said(done)) == (
        2,
        "planning the run: the input s3://bucket/none.parquet does not exist; check the address",
    )
    done = run("s3://no-bucket/none/", OUT)
    assert (done.returncode, said(done)) == (
        2,
        "planning the run: asking for s3://no-bucket/none/: there is no such bucket; check its "
        "name, and the account",
    )
    done = run(reviews, "s3://no-bucket/out.parquet")
    assert done.returncode == 3
    assert said(done).startswith("writing s3://no-bucket/out.parquet: ")


def test_a_store_that_can_not_be_reached_is_named(
    store: SmallStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    done = run(IN, OUT, "--retries", "1")
    assert (done.returncode, said(done)) == (
        3,
        f"planning the run: asking for {IN}: it can't be reached; check the network and the "
        "endpoint, and run again",
    )


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("s3://bucket/a", "AWS_ACCESS_KEY_ID"),
        ("gs://bucket/a", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("abfss://c@account.dfs.core.windows.net/a", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_without_credentials_nothing_is_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, names: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    # Whoever asks the machine's metadata service would wait here, or say what it answered.
    done = run(address, OUT)
    assert done.returncode == 2
    assert said(done).startswith(
        f"asking for {address}: the environment holds no credentials; set one of {names}, "
    )


def test_a_bad_file_does_not_take_the_others_with_it(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    store.objects |= {"in/a.parquet": b"no parquet", "in/b.parquet": reviews.read_bytes()}
    done = run("s3://bucket/in/", "s3://bucket/out/")
    assert done.returncode == 3
    assert "reading s3://bucket/in/a.parquet: it is a text file" in done.stderr + done.stdout or (
        "it does not end as a Parquet file does" in done.stderr + done.stdout
    )
    assert sorted(store.objects) == ["in/a.parquet", "in/b.parquet", "out/b.parquet"]


def test_blocks_that_can_not_be_kept_name_the_folder(
    store: SmallStore, run: Run, reviews: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file")
    store.objects["in.parquet"] = reviews.read_bytes()
    done = run(IN, tmp_path / "out.parquet")
    assert done.returncode in (2, 3)
    assert str(tmp_path / "state") in done.stderr
