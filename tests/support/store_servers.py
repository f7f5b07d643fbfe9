"""Servers of the tests of stores, each a process on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable

START_SECONDS = 30

Run = Callable[..., subprocess.CompletedProcess[str]]


class served:  # noqa: N801  # it reads as a function
    """A server in a process of its own, from its first answer on to the end of the block."""

    def __init__(self, command: list[str], port: int) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._port = port

    def __enter__(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"{self._process.args!r} didn't start")

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()


def free_port() -> int:
    """Return a port that nobody listens at, a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
