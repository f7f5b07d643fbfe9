"""Stores on loopback, each in a process or thread of its own; no other address is asked.

Azurite comes from npm: where it isn't, what needs it is left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import run_command, some_texts, write_reviews
from scorer import SentimentModel
from small_store import SmallStore
from store_servers import Run, free_port, served

# Of the settings of the machine none counts.
STORE_VARIABLES = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_")


@pytest.fixture(autouse=True)
def _no_store_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(STORE_VARIABLES):
            monkeypatch.delenv(name)
    # What is asked for on loopback goes through no proxy.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallStore]:
    with SmallStore() as small:
        for name, value in small.environment.items():
            monkeypatch.setenv(name, value)
        yield small


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``scorer run`` as a user would, with a state folder of the test's own."""

    def started(*arguments: object) -> subprocess.CompletedProcess[str]:
        state = tmp_path / "state"
        return run_command("scorer", "run", "--state-dir", state, "--model", "fast", *arguments)

    return started


@pytest.fixture(scope="session")
def fast() -> SentimentModel:
    return SentimentModel.load("fast")


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 3,000 reviews in four row groups."""
    path = tmp_path_factory.mktemp("reviews") / "reviews.parquet"
    return write_reviews(path, some_texts(3000), row_group_size=800)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a moto server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with served(command, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Azurite, without the account."""
    beside = Path(sys.prefix) / "node_modules/.bin/azurite-blob"
    found = os.environ.get("AZURITE") or (str(beside) if beside.exists() else None)
    program = found or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("there is no Azurite: Azure is left out; install it with npm install azurite")
    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    command = [program, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    with served(command, port):
        yield f"http://127.0.0.1:{port}"
