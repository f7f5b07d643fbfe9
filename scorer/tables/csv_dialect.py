"""The dialect of a CSV file, and its header, by the first lines."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from scorer.tables.text_options import NO_DELIMITER, TextOptions
from scorer.tables.text_source import TextError

# What is tried, the first of equals first.
DELIMITERS = (",", ";", "\t", "|")
# Unicode will never have this character, so that no text holds it.
NEVER = "\U0010ffff"
HEAD_CHARACTERS = 64 << 10
SAMPLE_ROWS = 50
# Excel's own first line, which tells the delimiter.
BACKSLASH = re.compile(r"\\(.?)", re.DOTALL)
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# A cell of so many words, or of so many characters, is no name of a column.
SENTENCE_WORDS = 9
SENTENCE_CHARACTERS = 100


class Rows(Protocol):
    """Python's reader of CSV."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True)
class CsvDialect:
    """How the cells of a CSV file are told apart, and what its columns are called.

    Attributes:
        delimiter: between two cells.
        escape: whether a backslash takes the meaning from the character after it.
        newline: what ends a line.
        skipped: lines before the header.
        names: of the columns.
        problem: why the header seems to be none; empty if it is one.
    """

    delimiter: str
    escape: bool
    newline: str
    skipped: int
    names: tuple[str, ...]
    problem: str = ""

    def rows(self, lines: Iterable[str]) -> Rows:
        """Return a reader of rows. It raises ``csv.Error`` on broken quotes."""
        return cut_rows(lines, self.delimiter, escape=self.escape)


def cut_rows(lines: Iterable[str], delimiter: str, *, escape: bool) -> Rows:
    """Return Python's reader of rows. It raises ``csv.Error`` on broken quotes."""
    if not escape:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    kept = escaped(lines, delimiter)
    return csv.reader(kept, delimiter=delimiter, escapechar="\\", strict=True)


def escaped(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    r"""Yield lines in which a backslash stands for itself, unless it escapes something.

    Python's reader leaves out every backslash, that of a path of Windows, too.

    >>> print(*escaped([r'C:\dir, say \"no\"'], ","))
    C:\\dir, say \"no\"
    """
    meant = ('"', "\\", "\r", "\n", delimiter)

    def kept(found: re.Match[str]) -> str:
        return found[0] if found[1] in meant else f"\\{found[0]}"

    for line in lines:
        yield BACKSLASH.sub(kept, line) if "\\" in line else line


def newline_of(head: str) -> str:
    """Return what ends a line: a carriage return only where no line feed follows the first one.

    >>> newline_of("a\\r\\nb"), newline_of("a\\rb"), newline_of("a")
    ('\\n', '\\r', '\\n')
    """
    found = re.search(r"\r\n?|\n", head)
    return "\r" if found is not None and found[0] == "\r" else "\n"


def find_dialect(
    head: str, options: TextOptions, *, is_whole: bool, usual: str = ","
) -> CsvDialect:
    """Find the dialect and the header of a CSV file.

    Args:
        head: the first lines, up to 65,536 characters.
        options: what the user said.
        is_whole: whether that is the whole file.
        usual: the delimiter that is likely by the file's name.

    Raises:
        TextError: there is no header, or it names a column twice.
    """
    newline = newline_of(head)
    told = SEPARATOR_LINE.match(head)
    if told:
        head = head[told.end() :]
    delimiter = _asked(options) or (told[1] if told else None)
    samples = {
        one: Sample.of(head, newline, one, escape=options.escape, is_whole=is_whole)
        for one in ([delimiter] if delimiter else dict.fromkeys((usual, *DELIMITERS)))
    }
    # The first of equals wins.
    chosen = max(samples, key=lambda one: samples[one].fit)
    sample = samples[chosen]
    if not sample.rows:
        raise TextError(sample.fault or "it holds no line with the names of its columns")
    names, doubt = tuple(sample.rows[0]), sample.doubt()
    _check_names(names, 1 + bool(told), doubt)
    return CsvDialect(chosen, options.escape, newline, int(bool(told)), names, doubt)


def _asked(options: TextOptions) -> str | None:
    return NEVER if options.character == NO_DELIMITER else options.character


def _check_names(names: tuple[str, ...], line: int, doubt: str) -> None:
    twice = [(name, count) for name, count in Counter(names).items() if count > 1]
    if twice:
        name, count = twice[0]
        raise TextError(
            doubt or f"in line {line} there are {count} columns called {name!r}; rename all but one"
        )


@dataclass(frozen=True)
class Sample:
    """The first rows of a CSV file, as one delimiter cuts them.

    Attributes:
        rows: the header first.
        fault: why there aren't more; empty if nothing is wrong.
    """

    rows: list[list[str]]
    fault: str = ""

    @classmethod
    def of(cls, head: str, newline: str, delimiter: str, *, escape: bool, is_whole: bool) -> Sample:
        """Cut the first rows of a text. A row that the text doesn't hold whole is left out."""
        lines = list(io.StringIO(head, newline=newline))
        reader = cut_rows(lines, delimiter, escape=escape)
        rows: list[list[str]] = []
        try:
            for row in reader:
                is_cut = not is_whole and reader.line_num == len(lines)
                if row and not is_cut:
                    rows.append(row)
                if len(rows) == SAMPLE_ROWS:
                    break
        except csv.Error as error:
            if is_whole or reader.line_num < len(lines):
                return cls(rows, f"line {reader.line_num}: {error}")
        return cls(rows)

    @property
    def fit(self) -> tuple[bool, float, int]:
        """How well the delimiter fits; more is better."""
        if not self.rows:
            return False, 0.0, 0
        width = len(self.rows[0])
        if width == 1:
            return False, 0.0, 0
        alike = sum(len(row) == width for row in self.rows) / len(self.rows)
        if self.fault:
            alike *= 0.5
        return True, alike, width

    def doubt(self) -> str:
        """Return why the first row seems to be no header; empty if it seems to be one."""
        header, *others = self.rows
        long = next((cell for cell in header if is_sentence(cell)), None)
        numbers = [
            cell
            for index, cell in enumerate(header)
            if _is_number(cell) and any(_is_number(_cell(row, index)) for row in others)
        ]
        # Where no name has a letter, the columns are numbered: no row of reviews is like that.
        has_letters = any(character.isalpha() for cell in header for character in cell)
        if long is None and not (numbers and has_letters):
            return ""
        shown = repr(long if long is not None else numbers[0])
        shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
        return (
            f"its first line seems to be a row, not the names of the columns: it holds {shown}; "
            "write a line with names before it"
        )


def is_sentence(cell: str) -> bool:
    """Whether a cell is too long for the name of a column.

    >>> is_sentence("Review Text"), is_sentence("I could see it again and again, any day now.")
    (False, True)
    """
    return len(cell) > SENTENCE_CHARACTERS or len(cell.split()) >= SENTENCE_WORDS


def _cell(row: list[str], index: int) -> str:
    return row[index] if index < len(row) else ""


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell))
