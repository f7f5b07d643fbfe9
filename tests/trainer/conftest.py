"""Two tiny runs, trained once for all tests of the trainer."""

from __future__ import annotations

import pytest

from tiny import tiny_reviews, tiny_settings
from trainer.fit.linear import fit_linear
from trainer.fit.network import fit
from trainer.run.folder import RunFolder
from trainer.settings import LinearSettings


@pytest.fixture(scope="session")
def network_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("runs") / "network"
    return fit(tiny_reviews(), tiny_settings(), out, test=tiny_reviews(60, seed=1))


@pytest.fixture(scope="session")
def linear_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("runs") / "linear"
    return fit_linear(tiny_reviews(), LinearSettings(), out, test=tiny_reviews(60, seed=1))
