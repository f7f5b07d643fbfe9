"""Requests to a store: what went wrong, in a few words; what failed for now is tried again."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Answer = TypeVar("Answer")

# Seconds. Exponential backoff with full jitter: a random time up to a bound that doubles.
# https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_WAIT = 0.2
LONGEST_WAIT = 20.0
USUAL_RETRIES = 5

MISSING, DENIED, CHANGED, EXISTS, TRANSIENT, OTHER = (
    "missing",
    "denied",
    "changed",
    "exists",
    "transient",
    "other",
)
STATUS = re.compile(r"non-2xx status code: (\d{3})")
# The store's own name of an error; of its message nothing is shown, it may hold a key's name.
CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
TRANSIENT_STATUS = frozenset({429, 500, 502, 503, 504})
TRANSIENT_CODES = frozenset({"RequestTimeout", "SlowDown", "InternalError", "ServerBusy"})
# How obstore shows the kind of a failure below HTTP.
HTTP_KIND = re.compile(r"kind: (Connect|Timeout|Interrupted|Unknown|Request|Decode)\b")
HTTP_KINDS = {
    "Connect": "it can't be reached",
    "Timeout": "it didn't answer in time",
}
CREDENTIALS = "check the credentials in the environment, and what they allow"


class RequestFailed(Exception):
    """A request that failed.

    Args:
        kind: missing, denied, changed, exists, transient or other.
        said: what was found, in a few words.
        advice: what to do.
    """

    def __init__(self, kind: str, said: str, advice: str) -> None:
        super().__init__(f"{said}; {advice}")
        self.kind, self.said, self.advice = kind, said, advice

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind == TRANSIENT


class Cancelled(Exception):
    """An upload that was to end."""


def changed() -> RequestFailed:
    """Return the failure of a read that was meant for another version of an object."""
    return RequestFailed(CHANGED, "it changed while it was read", "run again when it is complete")


def failure_of(error: Exception) -> RequestFailed:
    """Return what an exception of obstore means.

    Its own text has some 600 characters, and holds what the store answered.

    >>> str(failure_of(FileNotFoundError("Object at location a not found: …")))
    'nothing is there; check the name'
    """
    text, name = str(error), type(error).__name__
    code, status = CODE.search(text), STATUS.search(text)
    number = int(status[1]) if status else 0
    says = f" ({code[1]})" if code else ""
    if number in TRANSIENT_STATUS or (code and code[1] in TRANSIENT_CODES):
        return RequestFailed(TRANSIENT, f"the store answered {number}{says}", "run again later")
    if "NoSuchBucket" in says or "ContainerNotFound" in says:
        return RequestFailed(MISSING, "there is no such bucket", "check its name, and the account")
    if isinstance(error, FileNotFoundError) or number == 404:
        return RequestFailed(MISSING, f"nothing is there{says}", "check the name")
    if name == "PreconditionError" or number == 412:
        return changed()
    if name == "AlreadyExistsError":
        return RequestFailed(EXISTS, "it exists already", "name another one")
    if name in ("PermissionDeniedError", "UnauthenticatedError") or number in (401, 403):
        return RequestFailed(DENIED, f"the store denies it{says}", CREDENTIALS)
    if number:
        return RequestFailed(OTHER, f"the store answered {number}{says}", "check what was asked")
    return _without_status(error, text)


def _without_status(error: Exception, text: str) -> RequestFailed:
    if "HTTP error" in text:
        kind = HTTP_KIND.search(text)
        said = HTTP_KINDS.get(kind[1] if kind else "", "the connection broke")
        return RequestFailed(TRANSIENT, said, "check the network and the endpoint, and run again")
    if "BareRedirect" in text:
        said = "the store sends to another region"
        return RequestFailed(OTHER, said, "name the bucket's region, as in AWS_REGION")
    if "Account must be specified" in text:
        said = "no account is known"
        return RequestFailed(OTHER, said, "set AZURE_STORAGE_ACCOUNT_NAME")
    if type(error).__name__ == "InvalidPathError":
        said = "a key there has an empty name, . or .. between slashes"
        return RequestFailed(OTHER, said, "move that object, or name a folder beside it")
    if type(error).__name__ == "NotSupportedError":
        return RequestFailed(OTHER, "the store can't do it", "name another store")
    # No text of theirs: it may hold anything.
    said = f"the request failed ({type(error).__name__})"
    return RequestFailed(OTHER, said, "check the store's settings in the environment")


@dataclass
class Retries:
    """Tries requests again that failed for now, and counts how often. Safe in several threads.

    Attributes:
        most: how often one request is tried again.
        first_wait: bound of the first wait, in seconds; it doubles.
        done: how often any was tried again.
    """

    most: int = USUAL_RETRIES
    first_wait: float = FIRST_WAIT
    done: int = 0

    def __post_init__(self) -> None:
        """Make the lock of the count."""
        self._lock = threading.Lock()

    def run(self, call: Callable[[], Answer], cancelled: threading.Event | None = None) -> Answer:
        """Call until it succeeds, fails for good, or has been tried again often enough.

        Args:
            call: one request. It raises what obstore does, or :class:`RequestFailed`.
            cancelled: ends the waiting when it is set.

        Raises:
            RequestFailed: the last failure.
        """
        cancelled, tried = cancelled or threading.Event(), 0
        while True:
            try:
                return _asked(call)
            except RequestFailed as error:
                if not error.is_transient or tried >= self.most or cancelled.is_set():
                    raise
            with self._lock:
                self.done += 1
            bound = min(LONGEST_WAIT, self.first_wait * 2**tried)
            cancelled.wait(random.uniform(0, bound))  # noqa: S311  # it hides nothing
            tried += 1


def _asked(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except (RequestFailed, Cancelled):
        raise
    except Exception as error:  # noqa: BLE001  # obstore's, and all are told apart
        # Its text may hold what mustn't be shown: it isn't kept as the cause either.
        raise failure_of(error) from None
