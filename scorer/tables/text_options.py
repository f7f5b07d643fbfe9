"""How a text with a table in it is read: what the user may say of it."""

from __future__ import annotations

from dataclasses import dataclass

from scorer.errors import UsageError
from scorer.tables.encoding import check_encoding

# What --delimiter takes beside a character.
TAB, NO_DELIMITER = "tab", "none"
NAMED_DELIMITERS = {TAB: "\t", "\\t": "\t", NO_DELIMITER: NO_DELIMITER}
FORBIDDEN = ('"', "\\", "\n", "\r", "\0", " ")


@dataclass(frozen=True)
class TextOptions:
    """How CSV and JSON Lines are read.

    Attributes:
        delimiter: between the cells of CSV: one character, "tab", or "none" if each row is one
            cell; found in the first lines if None.
        encoding: of the text, unless it begins with a byte order mark; UTF-8 if None.
        escape: whether a backslash in CSV takes the meaning from a quote, a delimiter, a line
            break or a backslash after it.
        infer_types: whether a column of CSV gets the type that all of its cells have.

    Raises:
        UsageError: there is no such encoding, or the delimiter can't be one.
    """

    delimiter: str | None = None
    encoding: str | None = None
    escape: bool = False
    infer_types: bool = False

    def __post_init__(self) -> None:
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.delimiter is not None and self.character is None:
            raise UsageError(
                f"--delimiter is {self.delimiter!r:.80}; give one character, tab, or none if each "
                "row is one cell"
            )

    @property
    def character(self) -> str | None:
        """The delimiter itself, or "none"; None if it isn't known, or can't be one."""
        if self.delimiter is None or self.delimiter in NAMED_DELIMITERS:
            return NAMED_DELIMITERS.get(self.delimiter or "")
        fits = len(self.delimiter) == 1 and self.delimiter not in FORBIDDEN
        return self.delimiter if fits else None

    def of_json(self) -> dict[str, str]:
        """Return the options that decide how JSON Lines are read, unless they are the default."""
        return {} if self.encoding is None else {"encoding": self.encoding}

    def of_csv(self) -> dict[str, str]:
        """Return the options that decide how CSV is read, unless they are the default."""
        given = {
            "delimiter": self.character,
            "escape": "backslash" if self.escape else None,
            "types": "inferred" if self.infer_types else None,
        }
        return self.of_json() | {name: value for name, value in given.items() if value is not None}
