"""Archives that claim gigabytes: refused by name, in little memory and time."""

from __future__ import annotations

import gzip
import io
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scorer.errors import ReviewsError
from trainer.data import archive as archive_module
from trainer.data.sources import read_reviews

GB = 1 << 30
ADVICE = "unpack it yourself, and name the folder if it is sound"
NAME = "aclImdb/train/pos/0_9.txt"


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, **pax: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.pax_headers = size, kind, pax
    return info.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT)


def sparse_header() -> bytes:
    """Return the header of an old GNU sparse file: no byte on the disk, 7 GB when it is read."""
    block = bytearray(header(NAME, 0, tarfile.GNUTYPE_SPARSE))
    block[483:495] = b"%011o\0" % (7 * GB)
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def long_chain() -> bytes:
    """Return headers that each say of the next that it has a long name."""
    return (header("././@LongLink", 2, tarfile.GNUTYPE_LONGNAME) + b"a\0".ljust(512, b"\0")) * 900


CLAIMS: dict[str, tuple[Callable[[], bytes], str]] = {
    "old sparse": (sparse_header, f"its member {NAME!r} is a sparse file"),
    "pax sparse": (
        lambda: header(
            NAME, 512, **{"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                          "GNU.sparse.size": str(7 * GB), "GNU.sparse.map": "0,0"}
        ) + b"\0" * 512,
        f"its member {NAME!r} is a sparse file",
    ),
    "a huge review": (
        lambda: header(NAME, 7 * GB),
        f"its member {NAME!r} claims 7,516,192,768 bytes, more than 67,108,864",
    ),
    "a huge other file": (
        lambda: header("aclImdb/imdb.vocab", 1 << 60),
        "its member 'aclImdb/imdb.vocab' claims 1,152,921,504,606,846,976 bytes, "
        "more than 67,108,864",
    ),
    "zeros": (
        lambda: header("aclImdb/imdb.vocab", 60 << 20) + b"\0" * (60 << 20),
        "which no text does",
    ),
    "a long name": (
        lambda: header("././@LongLink", 3 * GB, tarfile.GNUTYPE_LONGNAME) + b"a" * (30 << 20),
        "a header in it is larger than 1,048,576 bytes",
    ),
}  # fmt: skip


def pack(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content + b"\0" * 1024, mtime=0))
    return path


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_archive_that_claims_too_much_is_refused_by_name(tmp_path: Path, claim: str) -> None:
    make, message = CLAIMS[claim]
    path = pack(tmp_path / "aclImdb.tar.gz", make())
    assert path.stat().st_size < 100_000
    started = time.process_time()
    with pytest.raises(ReviewsError) as caught:
        read_reviews(path)
    assert str(caught.value).startswith(f"reading {path}: ")
    assert str(caught.value).endswith(f"{message}; {ADVICE}")
    assert time.process_time() - started < 5


def test_headers_without_end_are_a_damaged_archive(tmp_path: Path) -> None:
    path = pack(tmp_path / "aclImdb.tar.gz", long_chain())
    with pytest.raises(ReviewsError, match="the archive is cut or damaged"):
        read_reviews(path)


def test_reviews_that_are_too_large_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "LARGEST_CONTENT", 1000)
    names = [
        f"aclImdb/train/{'pos' if number % 2 else 'neg'}/{number}_9.txt" for number in range(3)
    ]
    members = b"".join(header(name, 400) + b"good ".ljust(512) for name in names)
    with pytest.raises(ReviewsError) as caught:
        read_reviews(pack(tmp_path / "aclImdb.tar.gz", members))
    assert f"its reviews up to {names[2]!r} are larger than 1,000 bytes together" in str(
        caught.value
    )


def test_an_archive_of_several_gzip_streams_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as members:
        for name, text in (("neg/0_1.txt", b"awful"), ("pos/0_9.txt", b"great")):
            info = tarfile.TarInfo(f"train/{name}")
            info.size = len(text)
            members.addfile(info, io.BytesIO(text))
    content = out.getvalue()
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(content[:700]) + gzip.compress(content[700:]))
    assert read_reviews(path).texts.to_pylist() == ["awful", "great"]


def test_a_claim_takes_no_memory(tmp_path: Path) -> None:
    path = pack(tmp_path / "aclImdb.tar.gz", sparse_header())
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from trainer.data.sources import read_reviews\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"try: read_reviews(Path({str(path)!r}))\n"
        "except Exception as error: print(error, file=sys.stderr)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    limit = (4 * GB, 4 * GB)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )
    assert int(done.stdout) < 20_000
    assert "is a sparse file" in done.stderr
