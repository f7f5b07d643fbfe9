"""Addresses of stores in the place of paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.cli.run import run
from scorer.errors import UsageError
from scorer.model import find_model
from scorer.storage.address import Address, check_local, store_address

REFUSED = "is an address, and only a path of this machine is taken"


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


@pytest.mark.parametrize(
    ("given", "root", "key"),
    [
        ("s3://bucket/a/b c%20=.parquet", "s3://bucket", "a/b c%20=.parquet"),
        ("S3A://bucket/a", "s3://bucket", "a"),
        (Path("s3://bucket/a"), "s3://bucket", "a"),
        ("gs://bucket", "gs://bucket", ""),
        ("az://container/dir/", "az://container", "dir/"),
        ("abfss://c@account.dfs.core.windows.net/a", "abfss://c@account.dfs.core.windows.net", "a"),
    ],
)
def test_an_address_in_a_store_has_a_root_and_a_key(given: str | Path, root: str, key: str) -> None:
    assert store_address(given, "the input") == Address(root, key)


@pytest.mark.parametrize(
    "given",
    [
        "s3://AKIDSECRET:hunter2@bucket/a",
        "s3://hunter2@bucket/a",
        "abfss://c:hunter2@account.dfs.core.windows.net/a",
        "az://container/a?sv=2024&sig=hunter2",
        "s3://bucket/a?X-Amz-Signature=hunter2",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UsageError, match="holds a key or a signature") as caught:
        store_address(given, "planning the run: the input")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("given", ["s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/./b"])
def test_keys_that_can_not_be_asked_for_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match="holds an empty name, . or .. between slashes"):
        store_address(given, "the input")


def test_a_signature_behind_an_address_of_no_store_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        check_local("https://example.org/a.parquet?sig=hunter2", "the input")
    assert "hunter2" not in str(caught.value)
