"""The shipped model, loaded once; and no process outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers import processes
from scorer import SentimentModel


@pytest.fixture(scope="session")
def model() -> SentimentModel:
    return SentimentModel.load()


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    while processes:
        process = processes.pop()
        if process.poll() is None:
            process.kill()
        process.communicate()
