"""The same on the servers that others test with: moto for S3, Azurite for Azure."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers import left_in, some_texts, write_reviews
from scorer.storage import stores
from scorer.storage.place import ObjectPlace, place_of
from scorer.storage.stores import Stores
from store_servers import Run

# https://github.com/Azure/Azurite#default-storage-account
ACCOUNT = "devstoreaccount1"
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
FILES = 12


@pytest.fixture
def s3(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSECRETID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    boto3.client("s3", endpoint_url=moto).create_bucket(Bucket="reviews")
    return "s3://reviews"


@pytest.fixture
def azure(azurite: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", AZURITE_KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{azurite}/{ACCOUNT}")
    make_container(azurite)
    return "az://reviews"


def make_container(azurite: str) -> None:
    """Make a container: obstore has no call for that."""
    import base64
    import hashlib
    import hmac
    from contextlib import suppress
    from email.utils import formatdate
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    date, version = formatdate(usegmt=True), "2021-12-02"
    headers = f"x-ms-date:{date}\nx-ms-version:{version}\n"
    signed = f"PUT{chr(10) * 12}{headers}/{ACCOUNT}/{ACCOUNT}/reviews\nrestype:container"
    digest = hmac.new(base64.b64decode(AZURITE_KEY), signed.encode(), hashlib.sha256).digest()
    request = Request(f"{azurite}/{ACCOUNT}/reviews?restype=container", method="PUT")  # noqa: S310
    request.add_header("x-ms-date", date)
    request.add_header("x-ms-version", version)
    request.add_header("Content-Length", "0")
    signature = base64.b64encode(digest).decode()
    request.add_header("Authorization", f"SharedKey {ACCOUNT}:{signature}")
    with suppress(HTTPError):  # 409: another test made it
        urlopen(request, timeout=10).close()  # noqa: S310


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Twelve files in partitions, with names that need escapes."""
    for number in range(FILES):
        name = f"day=2026-11-{number // 3 + 1:02}/part {number} é%20.parquet"
        write_reviews(tmp_path / "dump" / name, some_texts(40 + number, number), row_group_size=25)
    return tmp_path / "dump"


def check_round(run: Run, dump: Path, bucket: str, tmp_path: Path) -> None:
    """Objects to files, objects to objects, files to objects: rows and scores as of files."""
    place = place_of(f"{bucket}/", "the bucket", Stores())
    assert isinstance(place, ObjectPlace)
    for name in left_in(dump):
        place.store.put(f"dump/{name}", dump / name)
    for source, target in (
        (dump, tmp_path / "local"),
        (f"{bucket}/dump/", tmp_path / "fetched"),
        (f"{bucket}/dump/", f"{bucket}/scored/"),
        (f"{bucket}/dump/", f"{bucket}/again/"),
        (dump, f"{bucket}/put/"),
    ):
        done = run(source, target)
        assert (done.returncode, done.stderr) == (0, "")
    found = {name: content_of(one) for name, one in place.below().items()}
    for name in left_in(dump):
        local, fetched = (tmp_path / folder / name for folder in ("local", "fetched"))
        assert found[f"put/{name}"] == local.read_bytes()
        assert found[f"scored/{name}"] == found[f"again/{name}"] == fetched.read_bytes()
        assert pq.read_table(fetched).equals(pq.read_table(local))
        assert {one.partition("/")[0] for one in found} == {"dump", "put", "scored", "again"}
    for source, target in ((f"{bucket}/dump/", f"{bucket}/scored/"), (dump, f"{bucket}/put/")):
        rerun = run(source, target)
        assert rerun.stdout.count("already done") == FILES
    rerun = run(f"{bucket}/dump/", tmp_path / "fetched")
    assert rerun.stdout.count("already done") == FILES
    assert {name: content_of(one) for name, one in place.below().items()} == found
    wanted = run("--dry-run", "--where", "day=2026-11-02", f"{bucket}/dump/", tmp_path / "wanted")
    assert wanted.stdout.count("day=2026-11-02/") == wanted.stdout.count("planned") - 1 == 3


def content_of(place: ObjectPlace) -> bytes:
    assert place.listed is not None
    return place.store.begin_read(place.key, 0, place.listed.size, None).result().content


def test_a_folder_goes_through_moto_and_comes_back_the_same(
    run: Run, dump: Path, s3: str, tmp_path: Path
) -> None:
    check_round(run, dump, s3, tmp_path)


def test_a_folder_goes_through_azurite_and_comes_back_the_same(
    run: Run, dump: Path, azure: str, tmp_path: Path
) -> None:
    check_round(run, dump, azure, tmp_path)


@pytest.mark.parametrize("server", ["s3", "azure"])
def test_a_file_in_parts_is_put_whole_and_taken_back_if_it_fails(
    server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bucket = request.getfixturevalue(server)
    monkeypatch.setattr(stores, "MOST_AT_ONCE", 1 << 20)
    place = place_of(f"{bucket}/parts.bin", "the output", Stores())
    assert isinstance(place, ObjectPlace)
    path = tmp_path / "parts.bin"
    path.write_bytes(bytes(range(256)) * (80 << 10))  # 20 MiB, three parts
    place.store.put(place.key, path)
    found = place.look()
    assert found is not None
    assert found.size == 20 << 20
    end = place.store.read_end(place.key, found.size, 1000)
    assert end.content == path.read_bytes()[-1000:]


def test_a_wrong_key_and_a_wrong_container_are_named_by_azurite(
    run: Run, azure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("az://no-container/a/", "az://no-container/b/")
    assert done.returncode == 2
    assert "there is no such bucket" in done.stderr
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "aHVudGVyMg==")
    done = run(f"{azure}/a/", f"{azure}/b/")
    assert done.returncode == 2
    assert "the store denies it" in done.stderr
    assert "aHVudGVyMg" not in done.stderr
