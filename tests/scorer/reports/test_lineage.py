"""What becomes of a run is told to an OpenLineage endpoint, and the run never pays for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pytest
from jsonschema import ValidationError

from event_schema import EVENT, checked, events_in, kinds
from helpers import (
    left_in,
    run_command,
    run_here,
    some_texts,
    start_slow_scorer,
    wait_for,
    write_reviews,
)
from scorer.cli import cli
from scorer.reports import lineage, lineage_courier
from scorer.reports.lineage import MOST_INPUTS, Named, datasets_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_reviews(tmp_path / "in" / "a.parquet", [*some_texts(4), None])


class Endpoint:
    """A server that receives events and answers as it is told."""

    def __init__(self, status: int = 200) -> None:
        self.received: list[tuple[str, str]] = []
        self.keys: list[str | None] = []
        self.answers = threading.Event()
        self.answers.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                endpoint.received.append((self.path, body))
                endpoint.keys.append(self.headers["Authorization"])
                endpoint.answers.wait()
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        return [checked(body) for _, body in self.received]

    def close(self) -> None:
        self.answers.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return run_here(cli, "run", "--model", "fast", *words)


def test_a_run_appends_its_start_and_its_end_to_a_file(source: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    for _ in range(2):
        assert run(source, tmp_path / "out.parquet", "--lineage", file).returncode == 0
    events = events_in(file)
    assert kinds(events) == ["START", "COMPLETE"] * 2
    assert [event["run"]["runId"] for event in events[:2]] == [events[0]["run"]["runId"]] * 2
    assert len({event["run"]["runId"] for event in events}) == 2
    assert {event["job"]["name"] for event in events} == {f"score {tmp_path}/out.parquet"}
    assert left_in(tmp_path) == ["events.jsonl", "in/a.parquet", "out.parquet"]


def test_the_end_tells_columns_where_they_come_from_and_figures(
    source: Path, tmp_path: Path
) -> None:
    file, words = tmp_path / "events.jsonl", ("--keep", "id", "--prefix", "x_")
    run(source.parent, tmp_path / "out", "--lineage", file, *words)
    start, end = events_in(file)
    assert start["inputs"][0]["facets"] == {}
    (read,), (written,) = end["inputs"], end["outputs"]
    assert (read["namespace"], read["name"]) == ("file", str(source.parent))
    assert (written["namespace"], written["name"]) == ("file", str(tmp_path / "out"))
    assert columns(read) == {"id": "int64", "review": "string"}
    assert columns(written) == {
        "id": "int64",
        "x_sentiment": "string",
        "x_sentiment_score": "float",
    }
    origins = {
        name: [(one["name"], one["field"]) for one in found["inputFields"]]
        for name, found in written["facets"]["columnLineage"]["fields"].items()
    }
    there = str(source.parent)
    assert origins == {
        "id": [(there, "id")],
        "x_sentiment": [(there, "review")],
        "x_sentiment_score": [(there, "review")],
    }
    output = tmp_path / "out/a.parquet"
    figures = written["outputFacets"]["outputStatistics"]
    assert (figures["rowCount"], figures["fileCount"]) == (5, 1)
    assert figures["size"] == output.stat().st_size
    assert read["inputFacets"]["inputStatistics"]["size"] == source.stat().st_size


def columns(dataset: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["type"] for one in dataset["facets"]["schema"]["fields"]}


def test_the_columns_of_a_text_are_those_of_its_output(tmp_path: Path) -> None:
    csv.write_csv(pa.table({"id": ["1"], "review": ["A delight."]}), tmp_path / "in.csv")
    run(tmp_path / "in.csv", tmp_path / "out.parquet", "--reasons", "--lineage", tmp_path / "e")
    end = events_in(tmp_path / "e")[1]
    assert columns(end["inputs"][0]) == {"id": "string", "review": "string"}
    fields = end["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert list(fields) == ["id", "review", "sentiment", "sentiment_reason", "sentiment_score"]
    assert fields["sentiment_reason"]["inputFields"][0]["field"] == "review"


def test_a_run_that_fails_says_why(source: Path, tmp_path: Path) -> None:
    (tmp_path / "in/b.parquet").write_bytes(b"no Parquet")
    done = run(source.parent, tmp_path / "out", "--lineage", tmp_path / "e")
    assert done.returncode == 3
    start, end = events_in(tmp_path / "e")
    assert (start["eventType"], end["eventType"]) == ("START", "FAIL")
    message = end["run"]["facets"]["errorMessage"]["message"]
    assert message == "1 of 2 files failed, each is named above; mend them and run again"
    assert end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 5


def test_a_refused_model_is_a_failed_run(source: Path, tmp_path: Path) -> None:
    words = ("--model-sha256", "0" * 64, "--lineage", tmp_path / "e")
    assert run(source, tmp_path / "out.parquet", *words).returncode == 4
    assert kinds(events_in(tmp_path / "e")) == ["START", "FAIL"]
    assert left_in(tmp_path) == ["e", "in/a.parquet"]


def test_wrong_usage_and_a_dry_run_tell_nothing(source: Path, tmp_path: Path) -> None:
    words = ("--lineage", tmp_path / "e")
    assert run(tmp_path / "none.parquet", tmp_path / "out", *words).returncode == 2
    assert run(source, tmp_path / "out.parquet", "--dry-run", *words).returncode == 0
    assert left_in(tmp_path) == ["in/a.parquet"]


def test_sigterm_is_a_failed_run(source: Path, tmp_path: Path) -> None:
    file, log = tmp_path / "e", tmp_path / "log"
    process = start(source, tmp_path, file, log)
    process.terminate()
    assert process.wait(timeout=60) == 143
    start_event, end = events_in(file)
    assert end["eventType"] == "FAIL"
    assert end["run"]["facets"]["errorMessage"]["message"].startswith("stopped by SIGTERM")
    assert end["run"]["runId"] == start_event["run"]["runId"]
    assert not list(tmp_path.glob("out/.lineage*"))


def start(source: Path, folder: Path, file: Path, log: Path) -> subprocess.Popen[str]:
    words = ("run", source.parent, folder / "out", "--lineage", file, "--model", "fast")
    process = start_slow_scorer(*words, log=log, gate=folder / "gate")
    wait_for(log, process, lines=1)
    return process


def test_a_killed_run_is_told_by_the_next_one_and_a_living_one_is_not(
    source: Path, tmp_path: Path
) -> None:
    file = tmp_path / "e"
    process = start(source, tmp_path, file, tmp_path / "log")
    (left,) = tmp_path.glob("out/.lineage*")
    other = tmp_path / "other"
    run(source.parent, tmp_path / "out", "--lineage", other)
    assert kinds(events_in(other)) == ["START", "FAIL"]  # the output is locked
    assert left.exists()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    (killed,) = events_in(file)
    assert run(source.parent, tmp_path / "out", "--lineage", file).returncode == 0
    _, abort, begun, end = events_in(file)
    assert kinds([abort, begun, end]) == ["ABORT", "START", "COMPLETE"]
    assert abort["run"]["runId"] == killed["run"]["runId"]
    assert abort["job"]["name"] == killed["job"]["name"]
    assert not list(tmp_path.glob("out/.lineage*"))


def test_what_looks_like_the_memory_of_a_run_and_is_not_empty_stays(
    source: Path, tmp_path: Path
) -> None:
    file = tmp_path / "e"
    process = start(source, tmp_path, file, tmp_path / "log")
    (left,) = tmp_path.glob("out/.lineage*")
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    left.write_text("somebody's")
    run(source.parent, tmp_path / "out", "--lineage", file)
    assert kinds(events_in(file)) == ["START", "START", "COMPLETE"]
    assert left.read_text() == "somebody's"


def test_an_endpoint_receives_each_event(
    source: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither what the library reads nor a proxy sends them elsewhere.
    for name in ("OPENLINEAGE_URL", "http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    done = run(source, tmp_path / "out.parquet", "--lineage", endpoint.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert kinds(endpoint.events()) == ["START", "COMPLETE"]
    assert {path for path, _ in endpoint.received} == {"/api/v1/lineage"}
    run(source, tmp_path / "out.parquet", "--lineage", f"{endpoint.url}/own?key=1")
    assert endpoint.received[-1][0] == "/own?key=1"


def test_an_endpoint_gets_the_key_of_the_environment(
    source: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Meant for another endpoint.
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "theirs")
    run(source, tmp_path / "out.parquet", "--lineage", endpoint.url)
    monkeypatch.setenv("SCORER_LINEAGE_KEY", "ours-4711==")
    run(source, tmp_path / "out.parquet", "--lineage", endpoint.url)
    assert endpoint.keys == [None, None, "Bearer ours-4711==", "Bearer ours-4711=="]


@pytest.mark.parametrize("key", ["secret\n", "secret word", "sécret"])
def test_what_is_no_key_is_not_sent_nor_shown(
    source: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SCORER_LINEAGE_KEY", key)
    done = run(source, tmp_path / "out.parquet", "--lineage", endpoint.url)
    assert (done.returncode, endpoint.received) == (0, [])
    assert done.stderr == (
        f"Note: lineage: 2 of 2 events didn't reach {endpoint.url}: SCORER_LINEAGE_KEY holds a "
        "character that no key has; the run isn't affected\n"
    )


@pytest.mark.parametrize("status", [500, 302])
def test_an_endpoint_that_refuses_costs_a_line(source: Path, tmp_path: Path, status: int) -> None:
    refusing = Endpoint(status)
    done = run(source, tmp_path / "out.parquet", "--lineage", f"{refusing.url}?key=secret")
    refusing.close()
    assert done.returncode == 0
    assert done.stderr == (
        f"Note: lineage: 2 of 2 events didn't reach {refusing.url}: it answered with {status}; "
        "the run isn't affected\n"
    )
    assert len(refusing.received) == 2


def test_an_endpoint_that_is_down_costs_a_line(source: Path, tmp_path: Path) -> None:
    closed = Endpoint()
    closed.close()
    done = run(source, tmp_path / "out.parquet", "--lineage", closed.url)
    assert done.returncode == 0
    assert done.stderr.endswith("Connection refused; the run isn't affected\n")
    assert done.stderr.count("\n") == 1


def test_a_slow_endpoint_is_waited_for_once(
    source: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers.clear()
    monkeypatch.setattr(lineage_courier.Courier.finish, "__defaults__", (0.3,))
    started = time.monotonic()
    done = run(source, tmp_path / "out.parquet", "--lineage", endpoint.url)
    assert time.monotonic() - started < 4
    assert done.returncode == 0
    assert "2 of 2 events" in done.stderr
    assert done.stderr.endswith("it didn't answer within 0.3 seconds; the run isn't affected\n")


def test_a_device_is_no_file_of_events(source: Path, tmp_path: Path) -> None:
    done = run_command(
        "scorer", "run", "--model", "fast", source, tmp_path / "out.parquet",
        "--lineage", "/dev/full",
    )  # fmt: skip
    assert done.returncode == 2
    assert "a device stands at" in done.stderr


def test_a_file_of_somebody_else_is_not_appended_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine\n")
    done = run(source, tmp_path / "out.parquet", "--lineage", tmp_path / "notes")
    assert (done.returncode, (tmp_path / "notes").read_text()) == (2, "mine\n")
    assert "is not a file of events of scorer's" in done.stderr
    same = ("--lineage", tmp_path / "e", "--report", tmp_path / "e")
    assert "are the same file" in run(source, tmp_path / "out.parquet", *same).stderr


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "http://u:p@host/", "s3://bucket/e"])
def test_an_address_that_is_none_is_refused(source: Path, tmp_path: Path, url: str) -> None:
    done = run(source, tmp_path / "out.parquet", "--lineage", url)
    assert done.returncode == 2
    assert "Invalid value for '--lineage': " in done.stderr
    assert left_in(tmp_path) == ["in/a.parquet"]


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda name: None)
    done = run(source, tmp_path / "out.parquet", "--lineage", tmp_path / "e")
    assert (done.returncode, done.stderr) == (
        2,
        "Error: reading the options: --lineage needs openlineage-python, which isn't installed; "
        "install it with: pip install 'review-sentiment[lineage]'\n",
    )


def test_a_run_without_it_imports_nothing_of_it(source: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from scorer.__main__ import main; from contextlib import suppress\n"
        f"sys.argv = ['scorer', 'run', {str(source)!r}, {str(tmp_path / 'out.parquet')!r}]\n"
        "with suppress(SystemExit):\n    main()\n"
        "print([name for name in sys.modules if 'lineage' in name or name == 'http.client'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_names_follow_the_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Named.of("in/../dumps/*.parquet") == Named("file", str(tmp_path / "dumps"))
    assert Named.of("s3a://bucket/dumps/") == Named("s3://bucket", "dumps")
    many = [f"dumps/{number}.parquet" for number in range(MOST_INPUTS + 1)]
    assert datasets_of(many) == (Named("file", str(tmp_path / "dumps")),)
    odd = Named.of(os.fsdecode(b"a\xff.parquet"))
    assert odd.name.endswith("a\ufffd.parquet")


def test_the_schema_of_the_tests_refuses_what_is_no_event() -> None:
    assert EVENT["required"]
    with pytest.raises(ValidationError):
        checked('{"eventType": "START"}')
