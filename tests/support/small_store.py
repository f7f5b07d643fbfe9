"""A small store that speaks S3's protocol, in memory: it counts requests, and fails as it is told.

``small_store.py PORT DELAY FILE…`` serves files as ``s3://bucket/FILE``, each request DELAY seconds
late, until its standard input ends; then it prints the seconds of CPU that it took.

It looks at no signature. What it answers: https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

import hashlib
import re
import resource
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

CODES = {
    "403": "AccessDenied",
    "404": "NoSuchKey",
    "412": "PreconditionFailed",
    "416": "InvalidRange",
    "429": "TooManyRequests",
    "500": "InternalError",
    "503": "SlowDown",
}
# An answer of this store that a message of ours must never hold.
SECRET = "hunter2-in-the-answer"  # noqa: S105  # it opens nothing
# Ends a connection without a word.
ABRUPT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """What was asked.

    Attributes:
        method: of HTTP.
        key: of the object; empty for the bucket.
        query: of the address.
        range: the header of that name.
    """

    method: str
    key: str
    query: str
    range: str


@dataclass
class Fault:
    """What goes wrong with some requests.

    Attributes:
        what: a status, "reset", "truncated", "slow" or "hang".
        method: of the requests.
        times: how many of them, from the first on that isn't let through.
        after: how many are let through before.
        query: what their query holds.
    """

    what: str
    method: str
    times: int = 1
    after: int = 0
    query: str = ""

    def takes(self, request: Request) -> bool:
        """Whether a request goes wrong; it counts as one of those."""
        if request.method != self.method or self.query not in request.query or not self.times:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass
class SmallStore:
    """The store: a context manager that serves on loopback within its block.

    Attributes:
        objects: content by key.
        uploads: parts by upload, that are neither finished nor taken back.
        asked: every request so far.
        faults: what goes wrong.
        choose: returns what goes wrong with a request, if no fault of the list takes it.
        delay: seconds that each answer is late.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    choose: Callable[[Request], str] = lambda request: ""
    delay: float = 0.0

    def __enter__(self) -> SmallStore:
        self.open = threading.Event()
        self.lock = threading.Lock()
        store = self

        class Handler(_Handler):
            pass

        Handler.store = store
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *request: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()

    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the store is found."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "AKIDSECRETID",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_REGION": "us-east-1",
        }

    def count(self, method: str) -> int:
        """Return how many requests there were of a method."""
        return sum(one.method == method for one in self.asked)

    def fault_of(self, request: Request) -> str:
        """Return what goes wrong with a request; nothing if nothing does."""
        with self.lock:
            self.asked.append(request)
            taken = next((one for one in self.faults if one.takes(request)), None)
        return taken.what if taken else self.choose(request)


@lru_cache(maxsize=8)
def etag_of(content: bytes) -> str:
    """Return the tag of an object that was put at once."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    store: SmallStore
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet, or each answer waits 40 ms for an acknowledgement.
    wbufsize = -1

    def log_message(self, *words: object) -> None:
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix("/bucket").lstrip("/")
        request = Request(self.command, key, url.query, self.headers.get("range", ""))
        fault = self.store.fault_of(request)
        if self.store.delay:
            time.sleep(self.store.delay)
        if fault == "reset":
            self._end()
        elif fault == "hang":
            self.store.open.wait()
            self._end()
        elif fault and fault not in ("slow", "truncated"):
            self._fail(fault)
        else:
            time.sleep(0.3 if fault == "slow" else 0)
            self._answer(request, url.path, body, is_cut=fault == "truncated")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  # names of http.server's

    def _answer(self, request: Request, path: str, body: bytes, *, is_cut: bool) -> None:
        query = parse_qs(request.query, keep_blank_values=True)
        if not path.startswith("/bucket"):
            self._fail("404", "NoSuchBucket")
        elif "list-type" in query:
            self._list(query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
        elif request.method in ("GET", "HEAD"):
            self._get(request, is_cut=is_cut)
        elif request.method == "PUT" and "uploadId" in query:
            self._part(query["uploadId"][0], int(query["partNumber"][0]), body)
        elif request.method == "PUT":
            self.store.objects[request.key] = body
            self._send(200, b"", {"ETag": etag_of(body)}, is_cut=is_cut)
        elif "delete" in query:
            self._delete(re.findall(r"<Key>(.*?)</Key>", body.decode()))
        elif request.method == "POST":
            self._upload(request.key, query)
        else:
            self.store.uploads.pop(query["uploadId"][0], None)
            self._send(204, b"")

    def _delete(self, keys: list[str]) -> None:
        for key in map(unescape, keys):
            self.store.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._xml("DeleteResult", deleted)

    def _list(self, prefix: str, delimiter: str) -> None:
        keys = [key for key in sorted(self.store.objects) if key.startswith(prefix)]
        folders = dict.fromkeys(
            prefix + key.removeprefix(prefix).partition(delimiter)[0] + delimiter
            for key in keys
            if delimiter and delimiter in key.removeprefix(prefix)
        )
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.store.objects[key])}</Size>"
            f"<LastModified>2026-11-28T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag_of(self.store.objects[key]))}</ETag></Contents>"
            for key in keys
            if not key.startswith(tuple(folders))
        )
        found += "".join(
            f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            for folder in folders
        )
        self._xml("ListBucketResult", f"<IsTruncated>false</IsTruncated>{found}")

    def _get(self, request: Request, *, is_cut: bool) -> None:
        content = self.store.objects.get(request.key)
        if content is None:
            self._fail("404")
            return
        tag = etag_of(content)
        if self.headers.get("if-match") not in (None, tag):
            self._fail("412")
            return
        headers = {"ETag": tag, "Last-Modified": formatdate(0, usegmt=True)}
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.range)
        if found is None:
            self._send(200, content, headers, is_cut=is_cut)
            return
        start, stop = int(found[1]), min(int(found[2]) + 1, len(content))
        if start >= len(content):
            self._fail("416")
            return
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        self._send(206, content[start:stop], headers, is_cut=is_cut)

    def _part(self, upload: str, number: int, body: bytes) -> None:
        self.store.uploads[upload][number] = body
        self._send(200, b"", {"ETag": etag_of(body)})

    def _upload(self, key: str, query: dict[str, list[str]]) -> None:
        if "uploads" in query:
            name = f"u{len(self.store.asked)}"
            self.store.uploads[name] = {}
            self._xml("InitiateMultipartUploadResult", f"<UploadId>{name}</UploadId>")
            return
        parts = self.store.uploads.pop(query["uploadId"][0])
        content = b"".join(part for _, part in sorted(parts.items()))
        self.store.objects[key] = content
        self._xml("CompleteMultipartUploadResult", f"<ETag>{escape(etag_of(content))}</ETag>")

    def _xml(self, name: str, inner: str) -> None:
        self._send(200, f"<{name}>{inner}</{name}>".encode(), {"Content-Type": "application/xml"})

    def _fail(self, status: str, code: str = "") -> None:
        words = f"<Code>{code or CODES[status]}</Code><Message>{SECRET}</Message>"
        self._send(int(status), f"<Error>{words}</Error>".encode())

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        is_cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
        self.wfile.flush()
        if is_cut:
            self._end()

    def _end(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
        self.connection.close()


def main(port: int, delay: float, files: list[Path]) -> None:
    """Serve files until standard input ends."""
    objects = {path.name: path.read_bytes() for path in files}
    with SmallStore(objects, delay=delay, port=port) as store:
        print(store.port, flush=True)
        sys.stdin.read()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{used.ru_utime + used.ru_stime:.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
