"""A simple detector in the place of py3langid, for tests that run without that."""

from __future__ import annotations

import pytest

from scorer.doubt import language
from scorer.planning import freshness

GERMAN = "Das Hotel war leider sehr laut und das Frühstück kalt."


class ByUmlaut:
    """Takes a text with an umlaut for German, and is as sure as it is told to be."""

    labels = ("de", "en")

    def __init__(self) -> None:
        self.confidence, self.asked = 0.9, 0

    def classify(self, text: str) -> tuple[str, float]:
        self.asked += 1
        return ("de" if "ü" in text else "en"), self.confidence


def installed(monkeypatch: pytest.MonkeyPatch, version: str = "py3langid 0") -> ByUmlaut:
    """Put the simple detector in its place."""
    simple = ByUmlaut()
    monkeypatch.setattr(language, "_load", lambda: simple)
    for module in (language, freshness):
        monkeypatch.setattr(module, "detector_version", lambda: version)
    return simple
