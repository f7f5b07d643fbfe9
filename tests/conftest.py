"""The shipped model, loaded once; no process outlives its test, no test has a deadline.

Nothing is written into the user's own state folder.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from helpers import processes
from scorer import SentimentModel

# How long an example takes depends on what else the machine does.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(scope="session")
def model() -> SentimentModel:
    return SentimentModel.load()


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    while processes:
        process = processes.pop()
        if process.poll() is None:
            process.kill()
        process.communicate()
