"""Addresses that are no paths of this machine, as in ``s3://bucket/reviews.parquet``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scorer.errors import UsageError

# Scheme → what copies between that store and this machine; nothing if there is no usual command.
COPY_COMMANDS = {
    **dict.fromkeys(("s3", "s3a", "s3n"), "aws s3 cp"),
    **dict.fromkeys(("gs", "gcs"), "gcloud storage cp"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl", "wasb", "wasbs"), "azcopy copy"),
    **dict.fromkeys(("hdfs", "viewfs", "webhdfs"), "hdfs dfs -cp"),
    **dict.fromkeys(("http", "https", "ftp", "ftps"), "curl"),
    **dict.fromkeys(("hf", "dbfs", "oss", "cos", "obs", "r2", "b2", "file"), ""),
}
# pathlib makes one slash of two. A name before "://" is a scheme, whether it is known or not.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/(/?)")


# Those of the stores that are read and written.
STORES = ("s3", "s3a", "gs", "az", "abfs", "abfss")
# What gives somebody a right, in a URL that was signed.
SIGNATURE = re.compile(r"(?i)[?&](sig|signature|x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid)=")


@dataclass(frozen=True)
class Address:
    """Where an object lies, or a number of them.

    Attributes:
        root: the store's part, up to the bucket or container, as in ``s3://bucket``.
        key: the part behind it, without the slash between the two; it may be empty.
    """

    root: str
    key: str

    def __str__(self) -> str:
        return f"{self.root}/{self.key}"

    @property
    def scheme(self) -> str:
        """What stands before ``://``."""
        return self.root.partition(":")[0]


def store_address(given: str | Path, what: str) -> Address | None:
    """Return the address in a store that something names; None if it names none.

    Args:
        given: what was named.
        what: what a message calls it, as in "planning the run: the input".

    Raises:
        UsageError: it holds a key, a password or a signature, or can't be the name of an object.

    >>> store_address("s3://bucket/a/b.parquet", "the input")
    Address(root='s3://bucket', key='a/b.parquet')
    >>> store_address("reviews/b.parquet", "the input") is None
    True
    """
    text = str(given)
    found = SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in STORES:
        return None
    bucket, _, key = text[found.end() :].lstrip("/").partition("/")
    account = bucket.rpartition("@")[0]
    has_account = scheme in ("abfs", "abfss") and ":" not in account
    if (account and not has_account) or SIGNATURE.search(text):
        raise UsageError(
            f"{what} {scheme}://… holds a key or a signature, which would show in logs; leave it "
            "out, and give it by the environment"
        )
    if not bucket:
        raise UsageError(f"{what} {text} names no bucket; write it as {scheme}://bucket/name")
    if any(part in ("", ".", "..") for part in key.rstrip("/").split("/")) and key:
        raise UsageError(
            f"{what} {text} holds an empty name, . or .. between slashes; name another one"
        )
    return Address(f"{scheme.replace('s3a', 's3')}://{bucket}", key)


def is_in_store(given: str | Path) -> bool:
    """Whether something that was named is an address in a store, good or bad.

    >>> is_in_store("s3://bucket/a.parquet"), is_in_store("s3.parquet"), is_in_store("hdfs://a/b")
    (True, False, False)
    """
    found = SCHEME.match(str(given))
    return found is not None and found[1].lower() in STORES


def check_local(path: str | Path, what: str, *, or_store: bool = False) -> None:
    """Check that something that was named is a path of this machine.

    Args:
        path: what was named.
        what: what a message calls it, as in "planning the run: the input".
        or_store: whether an address in a store could stand there, too.

    Raises:
        UsageError: it is an address.

    >>> check_local("file:///data/in.parquet", "planning the run: the input")
    Traceback (most recent call last):
    scorer.errors.UsageError: planning the run: the input file:///data/in.parquet is an address; \
name the path that follows file://
    """
    found = SCHEME.match(str(path))
    scheme = found[1].lower() if found else ""
    if not found or not (found[2] or scheme in COPY_COMMANDS):
        return
    # A signature may follow.
    shown = str(path).partition("?")[0]
    if scheme == "file":
        raise UsageError(f"{what} {shown} is an address; name the path that follows file://")
    command = COPY_COMMANDS.get(scheme)
    advice = f", and copy with: {command}" if command else ", and copy between the two"
    taken = "s3://, gs://, az:// and abfss:// are" if or_store else "only a path of this machine is"
    if or_store:
        taken = f"of addresses only {taken}"
    raise UsageError(f"{what} {shown} is an address, and {taken} taken; name a path here{advice}")
