"""Brings events to a FILE or URL in the background: the run neither waits for it nor fails with it.

Nothing but that endpoint is spoken to: no proxy of the environment is taken, and no redirection
followed.
"""

from __future__ import annotations

import http.client
import os
import queue
import re
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from scorer._version import __version__
from scorer.errors import one_line

# What a run waits for at most when it ends, and each request by itself.
SECONDS = 5.0
# Where those who receive events take them, if the URL names no path.
USUAL_PATH = "/api/v1/lineage"
# Holds the key that an endpoint asks for: not an option, whose value every process could read.
KEY_VARIABLE = "SCORER_LINEAGE_KEY"
# What RFC 6750, section 2.1, lets such a key hold.
KEY = re.compile(r"[A-Za-z0-9._~+/-]+=*")
APPENDED = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Refused(Exception):
    """The endpoint answered, but didn't take an event."""


class Courier:
    """Delivers events in their order.

    Args:
        target: a URL, or the path of a file to which a line each is appended.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self._deliver = post if is_url(target) else append
        self._events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._sent = self._delivered = 0
        self._problem = ""
        # A daemon: an endpoint that never answers must not keep the process.
        self._thread = threading.Thread(target=self._run, name="lineage", daemon=True)
        self._thread.start()

    def send(self, event: str) -> None:
        """Take an event; return at once."""
        self._sent += 1
        self._events.put(event)

    def finish(self, seconds: float = SECONDS) -> str:
        """Wait until all events are delivered, or the time is over; return what wasn't, and why.

        Returns:
            A sentence; empty if all were delivered.
        """
        self._events.put(None)
        self._thread.join(seconds)
        left = self._sent - self._delivered
        if not left:
            return ""
        why = self._problem or f"it didn't answer within {seconds:g} seconds"
        return (
            f"lineage: {left} of {self._sent} events didn't reach {shown(self.target)}: {why}; "
            "the run isn't affected"
        )

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._deliver(self.target, event)
                self._delivered += 1
            except (OSError, http.client.HTTPException, Refused, ValueError) as error:
                self._problem = one_line(error)


def is_url(target: str) -> bool:
    """Whether a target is an address; else it is the path of a file."""
    return "://" in target


def shown(target: str) -> str:
    """Return a target for a message: what follows a question mark may hold a key."""
    return target.partition("?")[0] if is_url(target) else target


def append(target: str, event: str) -> None:
    """Append an event to a file, as one line in one piece.

    Raises:
        OSError: it can't be written.
    """
    handle = os.open(Path(target), APPENDED, 0o666)
    try:
        line = f"{event}\n".encode()
        if os.write(handle, line) != len(line):
            raise OSError("only a part of it could be written")
    finally:
        os.close(handle)


def authorization() -> dict[str, str]:
    """Return the header with the key of the environment; none if there is no key.

    Raises:
        Refused: it isn't a key.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        return {}
    if not KEY.fullmatch(key):
        raise Refused(f"{KEY_VARIABLE} holds a character that no key has")
    return {"Authorization": f"Bearer {key}"}


def post(target: str, event: str, seconds: float = SECONDS) -> None:
    """Send an event to an address.

    Raises:
        OSError: it isn't there, or doesn't answer in time.
        HTTPException: what answers isn't HTTP.
        Refused: it answered with another status than 2xx, or the key can't be sent.
    """
    url, ends = urlsplit(target), time.monotonic() + seconds
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=seconds)
    path = USUAL_PATH if url.path in ("", "/") else url.path
    headers = {"Content-Type": "application/json", "User-Agent": f"review-sentiment/{__version__}"}
    headers |= authorization()
    try:
        connection.connect()
        connection.sock.settimeout(max(0.1, ends - time.monotonic()))
        body = event.encode()
        connection.request("POST", f"{path}?{url.query}" if url.query else path, body, headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise Refused(f"it answered with {status}")
