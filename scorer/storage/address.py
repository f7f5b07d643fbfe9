"""Addresses that are no paths of this machine, as in ``s3://bucket/reviews.parquet``."""

from __future__ import annotations

import re
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


def check_local(path: str | Path, what: str) -> None:
    """Check that something that was named is a path of this machine.

    Args:
        path: what was named.
        what: what a message calls it, as in "planning the run: the input".

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
    if scheme == "file":
        raise UsageError(f"{what} {path} is an address; name the path that follows file://")
    command = COPY_COMMANDS.get(scheme)
    advice = f", and copy with: {command}" if command else ", and copy between the two"
    raise UsageError(
        f"{what} {path} is an address, and only files and folders of this machine are read and "
        f"written; name a path here{advice}"
    )
