"""The shipped model, loaded once."""

from __future__ import annotations

import pytest

from scorer import SentimentModel


@pytest.fixture(scope="session")
def model() -> SentimentModel:
    return SentimentModel.load()
