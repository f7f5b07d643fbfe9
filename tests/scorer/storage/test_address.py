"""Addresses of stores in the place of paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.cli.run import run
from scorer.errors import UsageError
from scorer.model import find_model
from scorer.storage.address import check_local

REFUSED = "is an address, and only files and folders of this machine are read and written"


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("s3://bucket/a.parquet", "and copy with: aws s3 cp"),
        ("S3A://bucket/a.parquet", "and copy with: aws s3 cp"),
        ("gs://bucket/a.parquet", "and copy with: gcloud storage cp"),
        ("abfss://c@account.dfs.core.windows.net/a", "and copy with: azcopy copy"),
        ("az://container/a", "and copy with: azcopy copy"),
        ("hdfs://node/a", "and copy with: hdfs dfs -cp"),
        ("https://example.org/a.parquet", "and copy with: curl"),
        ("unheard-of://x/a", "and copy between the two"),
        (Path("s3://bucket/a"), "and copy with: aws s3 cp"),
    ],
)
def test_an_address_is_refused_with_what_copies_it(address: str | Path, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_local(address, "planning the run: the input")
    message = f"planning the run: the input {address} {REFUSED}; name a path here, {advice}"
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "path", ["a:b.parquet", "2024-11-25T16:37/a", "/s3:/x", "x/s3://b", "C:/x"]
)
def test_a_path_with_a_colon_is_a_path(path: str) -> None:
    check_local(path, "planning the run: the input")


@pytest.mark.parametrize("option", ["--report", "--metrics-file"])
def test_no_address_is_taken_for_a_report_or_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    # What was made under such a name must not turn it into a path.
    (tmp_path / "s3:/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"checking {option}: s3:/b/x {REFUSED}"):
        run.make_context("run", ["in.parquet", "out.parquet", option, "s3://b/x"])
    with pytest.raises(UsageError, match=f"loading the model: the file s3://b {REFUSED}"):
        find_model("s3://b")
