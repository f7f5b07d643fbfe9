"""Names of files: as long as the system takes them, and those of helper files beside an output."""

from __future__ import annotations

import errno
import os
from hashlib import blake2b
from pathlib import Path

from scorer.errors import UsageError, too_long

# Bytes of a name, on nearly every file system.
LONGEST_NAME = 255
DIGEST_BYTES = 8


def check_name(path: Path) -> None:
    """Check that the system takes a path.

    Raises:
        UsageError: it or one of its names is too long.
    """
    is_too_long = any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts)
    try:
        path.lstat()
    except (OSError, ValueError) as error:
        is_too_long |= isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
    if is_too_long:
        raise UsageError(too_long(str(path)))


def helper_path(path: Path, suffix: str) -> Path:
    """Return the path of a hidden helper file beside an output.

    It depends on the output alone. Where the whole name would be too long, its end is a digest.

    >>> helper_path(Path("out/a.parquet"), ".partial").as_posix()
    'out/.a.parquet.partial'
    >>> helper_path(Path("a" * 250), ".partial").name[-30:]
    'aaaaa~f44bce4f237ad708.partial'
    """
    name = f".{path.name}{suffix}"
    if len(os.fsencode(name)) > LONGEST_NAME:
        digest = blake2b(os.fsencode(path.name), digest_size=DIGEST_BYTES).hexdigest()
        end = f"~{digest}{suffix}"
        # A character that is cut in two is left out.
        begin = os.fsencode(path.name)[: LONGEST_NAME - 1 - len(os.fsencode(end))]
        name = f".{begin.decode('utf-8', 'ignore')}{end}"
    return path.with_name(name)
