"""Which language a text is in, by py3langid: the extra ``language``.

It was chosen by measurement (tests/benchmarks/README.md). It is asked only of rows with many
unknown words, so that what it gets wrong of plain English never counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Protocol

from scorer.errors import UsageError, one_line

PACKAGE = "py3langid"
INSTALL = "pip install 'review-sentiment[language]'"

# It is asked of rows with a larger fraction of unknown words, and of this many words and more.
UNKNOWN_ASKED = 0.15
FEWEST_WORDS = 4
# Under this confidence nothing is refused.
SURE = 0.7
# More of a text tells it nothing new, and takes time.
LONGEST_TEXT = 2000

# A run of letters; in scripts that are written without blanks, each letter.
WITHOUT_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(
    rf"[{WITHOUT_BLANKS}]|[^\W\d_{WITHOUT_BLANKS}]+(?:['’][^\W\d_{WITHOUT_BLANKS}]+)*"
)
MARKUP = re.compile(r"<[^<>]{1,200}>")

# What py3langid calls text in no language at all: that says nothing of another one.
NO_LANGUAGE = "zxx"

NAMES = {"en": "English"}


class Identifier(Protocol):
    """What py3langid loads."""

    labels: Sequence[str]

    def classify(self, text: str) -> tuple[str, float]:
        """Return the code of the most likely language, and its probability."""
        ...


def detector_version() -> str:
    """Return name and version of the detector: another one may answer otherwise.

    Raises:
        UsageError: it isn't installed.
    """
    # It takes its time to import, and plain runs don't need it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError as error:
        raise UsageError(
            f"reading the options: --only-language needs {PACKAGE}, which isn't installed; "
            f"install it with: {INSTALL}"
        ) from error


class LanguageDetector:
    """Tells texts that are surely in another language. Safe to use from several threads.

    Args:
        language: the code of the language that is wanted.

    Raises:
        UsageError: the detector isn't installed, or knows no such language.
    """

    def __init__(self, language: str) -> None:
        self.version = detector_version()
        self._language = language
        # English is known; for it the model is loaded when a text first needs it.
        if language not in NAMES and language not in _identifier().labels:
            known = ", ".join(sorted(_identifier().labels))
            raise UsageError(
                f"reading the options: {self.version} knows no language {language!r}; name one of "
                f"{known}"
            )

    def is_other(self, text: str) -> bool:
        """Whether a text is in another language.

        A text of fewer than four words never is: too little tells its language.
        """
        text = MARKUP.sub(" ", text[:LONGEST_TEXT])
        if len(WORD.findall(text)) < FEWEST_WORDS:
            return False
        found, confidence = _identifier().classify(text)
        return found not in (self._language, NO_LANGUAGE) and confidence >= SURE


def language_name(code: str) -> str:
    """Return the name of a language as a reason tells it.

    >>> language_name("en"), language_name("de")
    ('English', 'de')
    """
    return NAMES.get(code, code)


_loading = Lock()


def _identifier() -> Identifier:
    with _loading:
        return _load()


@cache
def _load() -> Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        identifier: Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:  # it unpacks its model into a temporary file
        raise UsageError(
            f"loading {detector_version()}: {one_line(error)}; it needs 70 MB in "
            "a folder for temporary files, which TMPDIR names"
        ) from error
    return identifier
