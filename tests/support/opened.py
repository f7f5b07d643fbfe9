"""What is done with files, by whatever code: how often they are opened and looked at."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from unittest import mock

IN_OPEN = 0x20
IN_CLOSE = 0x18  # so that two openings are two events: the kernel joins events that are alike
EVENT = struct.Struct("iIII")


@dataclass
class Uses:
    """How often some files were opened, and looked at from Python.

    Attributes:
        opened: at least so often; two openings without a closing between them count as one.
        looked_at: calls of ``os.stat``.
    """

    opened: int = 0
    looked_at: int = 0


@contextmanager
def uses_of(paths: Iterable[Path]) -> Iterator[Uses]:
    """Count what happens to files within the block; Linux counts the openings (inotify).

    Raises:
        OSError: the system has no inotify, or no watch to spare.
    """
    watched = list(paths)
    uses, names, look = Uses(), {str(path) for path in watched}, os.stat

    def counted(path: object, *rest: object, **others: object) -> os.stat_result:
        uses.looked_at += str(path) in names
        return look(path, *rest, **others)

    handle = _watch(watched)
    try:
        with mock.patch.object(os, "stat", counted):
            yield uses
        uses.opened = _openings(handle)
    finally:
        os.close(handle)


def _watch(paths: list[Path]) -> int:
    try:
        library = ctypes.CDLL(None, use_errno=True)
        handle: int = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        done = [library.inotify_add_watch(handle, os.fsencode(path), IN_OPEN | IN_CLOSE)
                for path in paths]  # fmt: skip
    except AttributeError as error:
        raise OSError("this system has no inotify") from error
    if handle < 0 or min(done, default=0) < 0:
        raise OSError(ctypes.get_errno(), "inotify failed")
    return handle


def _openings(handle: int) -> int:
    count = 0
    while True:
        try:
            events = os.read(handle, 1 << 16)
        except BlockingIOError:
            return count
        while events:
            _, mask, _, length = EVENT.unpack_from(events)
            count += bool(mask & IN_OPEN)
            events = events[EVENT.size + length :]


def reads_of(file: BinaryIO) -> Callable[[int, int], bytes]:
    """Return what reads bytes of an open file, by their offset and number."""
    return lambda offset, length: os.pread(file.fileno(), length, offset)
