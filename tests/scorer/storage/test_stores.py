"""What is said before any store is asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from helpers import run_here
from scorer.cli import cli
from scorer.storage.place import ObjectPlace, place_of, work_path
from scorer.storage.stores import Stores, StoreSettings

IN, OUT = "s3://bucket/a.parquet", "s3://bucket/out.parquet"


@pytest.fixture(autouse=True)
def _no_store_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_")):
            monkeypatch.delenv(name)


def test_without_the_extra_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    done = run_here(cli, "run", IN, OUT)
    assert done.returncode == 2
    assert (
        f"asking for {IN}: obstore, which speaks to stores, is not installed; "
        "run: pip install 'review-sentiment[cloud]'"
    ) in done.stderr


def test_without_credentials_the_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run_here(cli, "run", IN, OUT)
    assert done.returncode == 2
    assert (
        f"asking for {IN}: the environment holds no credentials; set one of AWS_ACCESS_KEY_ID, "
    ) in done.stderr


@pytest.mark.parametrize("option", ["--state-dir", "--report", "--metrics-file"])
def test_other_options_take_paths_of_this_machine_only(tmp_path: Path, option: str) -> None:
    done = run_here(cli, "run", tmp_path / "a", tmp_path / "b", option, "s3://bucket/x")
    assert done.returncode == 2
    assert "is an address, and only a path of this machine is taken" in done.stderr


def test_the_stand_in_of_an_output_depends_on_its_address_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("scorer.storage.stores._connect", lambda *settings: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    stores = Stores(StoreSettings(state=tmp_path))
    one, again, other = (
        place_of(f"s3://bucket/{key}", "it", stores) for key in ("a/x", "a/x", "b/x")
    )
    assert isinstance(one, ObjectPlace)
    assert work_path(one) == work_path(again) != work_path(other)
    assert work_path(one).name == "x"
    assert work_path(one).is_relative_to(tmp_path)
    assert work_path(tmp_path / "local") == tmp_path / "local"
    long = place_of(f"s3://bucket/{'é' * 400}", "it", stores)
    assert len(os.fsencode(work_path(long).name)) < 200
