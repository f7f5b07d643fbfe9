"""What obstore's errors mean, and when a request is tried again. No store is needed."""

from __future__ import annotations

import threading

import pytest

from scorer.storage import retries
from scorer.storage.retries import (
    CHANGED,
    DENIED,
    MISSING,
    OTHER,
    TRANSIENT,
    Cancelled,
    RequestFailed,
    Retries,
    failure_of,
)

STATUS = (
    "Generic S3 error: Error performing GET http://host/bucket/a?sig=hunter2 in 4ms - "
    "Server returned non-2xx status code: {}: <Error><Code>{}</Code><Message>hunter2</Message>"
    "</Error>\n\nDebug source:\nGeneric {{ hunter2 }}"
)
HTTP = "Generic S3 error: HTTP error: error sending request\n\nDebug source: kind: {},"


class GenericError(Exception):
    """As obstore names it."""


class PreconditionError(Exception):
    """As obstore names it."""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (GenericError(STATUS.format("503 x", "SlowDown")), TRANSIENT, "answered 503 (SlowDown)"),
        (GenericError(STATUS.format("500 x", "InternalError")), TRANSIENT, "answered 500"),
        (GenericError(STATUS.format("429 x", "")), TRANSIENT, "answered 429"),
        (GenericError(STATUS.format("400 x", "RequestTimeout")), TRANSIENT, "RequestTimeout"),
        (GenericError(HTTP.format("Timeout")), TRANSIENT, "it didn't answer in time"),
        (GenericError(HTTP.format("Connect")), TRANSIENT, "it can't be reached"),
        (GenericError(HTTP.format("Interrupted")), TRANSIENT, "the connection broke"),
        (GenericError(STATUS.format("403 x", "AccessDenied")), DENIED, "denies it (AccessDenied)"),
        (GenericError(STATUS.format("404 x", "NoSuchBucket")), MISSING, "no such bucket"),
        (FileNotFoundError("Object at location a not found"), MISSING, "nothing is there"),
        (PreconditionError("x"), CHANGED, "it changed while it was read"),
        (GenericError(STATUS.format("400 x", "InvalidThing")), OTHER, "answered 400"),
        (GenericError("BareRedirect"), OTHER, "the store sends to another region"),
        (GenericError("hunter2, whatever"), OTHER, "the request failed (GenericError)"),
    ],
)
def test_an_error_of_obstore_is_a_short_sentence_without_its_text(
    error: Exception, kind: str, words: str
) -> None:
    found = failure_of(error)
    assert (found.kind, words in str(found)) == (kind, True)
    assert "hunter2" not in str(found)
    assert len(str(found)) < 120


def failing(times: int, kind: str) -> tuple[list[int], object]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise RequestFailed(kind, "no", "wait")
        return "done"

    return calls, call


def test_what_fails_for_now_is_tried_again_after_random_waits_whose_bound_doubles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bounds: list[float] = []

    def uniform(least: float, most: float) -> float:
        assert least == 0
        bounds.append(most)
        return 0

    monkeypatch.setattr(retries.random, "uniform", uniform)
    calls, call = failing(8, TRANSIENT)
    once = Retries(9)
    assert once.run(call) == "done"  # type: ignore[arg-type]
    assert (len(calls), once.done) == (9, 8)
    assert bounds == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0]


@pytest.mark.parametrize(("kind", "expected"), [(TRANSIENT, 3), (DENIED, 1), (OTHER, 1)])
def test_retries_end_and_what_is_for_good_is_not_tried_again(kind: str, expected: int) -> None:
    calls, call = failing(99, kind)
    with pytest.raises(RequestFailed):
        Retries(2, first_wait=0).run(call)  # type: ignore[arg-type]
    assert len(calls) == expected


def test_a_cancelled_request_is_not_tried_again() -> None:
    calls, call = failing(99, TRANSIENT)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(RequestFailed):
        Retries(5).run(call, cancelled)  # type: ignore[arg-type]
    assert len(calls) == 1


def test_a_cancelled_upload_is_no_failure_of_the_store() -> None:
    def call() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Retries(5).run(call)
