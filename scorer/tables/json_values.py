"""One line of JSON Lines: its fields, what kind of value each has, and the text of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from scorer.tables.text_source import TextError

# Kinds of values. A number that neither int64 nor float64 holds exactly is of its own kind.
TEXT, INTEGER, FLOAT, BOOLEAN, NESTED, LARGE = range(6)
KIND_NAMES = ("text", "an integer", "a number", "true or false", "a nested value", "a long number")

LARGEST = (1 << 63) - 1
# Up to so many digits every integer fits int64, and a float gives every decimal back.
SURE_DIGITS = 15
SURE_RANGE = 1e300
BLANK = re.compile(r"[ \t\r\n]*")
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class Large:
    """A number that neither int64 nor float64 holds exactly."""


class Pairs(list[tuple[str, Any]]):
    """The fields of an object in their order, those with the same name, too."""


def _integer(text: str) -> int | type[Large]:
    if len(text) <= SURE_DIGITS:
        return int(text)
    # Python itself refuses to convert thousands of digits.
    value = int(text) if len(text) <= 2 * SURE_DIGITS else LARGEST + 1
    return value if -LARGEST - 1 <= value <= LARGEST else Large


def _float(text: str) -> float | type[Large]:
    value = float(text)
    if len(text) <= SURE_DIGITS and 1 / SURE_RANGE < abs(value) < SURE_RANGE:
        return value
    try:
        return value if Decimal(repr(value)) == Decimal(text) else Large
    except InvalidOperation:  # of an exponent with twenty digits
        return Large


DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=_integer, parse_float=_float)


def fields_of(line: str, number: int) -> Pairs:
    """Return the fields of an object.

    Args:
        line: the text of the line.
        number: of the line, for messages.

    Raises:
        TextError: it isn't JSON, no object, or has a field twice.
    """
    try:
        value = DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise TextError(
            f"line {number} is no JSON: {error.msg} at character {error.pos + 1}; mend the line"
        ) from error
    except RecursionError as error:
        raise TextError(f"line {number} is nested too deeply; mend the line") from error
    if not isinstance(value, Pairs):
        kind = "a list" if isinstance(value, list) else KIND_NAMES[kind_of_value(value) or 0]
        kind = "null" if value is None else kind
        raise TextError(f"line {number} is no JSON object, but {kind}; write an object a line")
    if len(dict(value)) != len(value):
        names = [name for name, _ in value]
        twice = next(name for name in names if names.count(name) > 1)
        raise TextError(f"line {number} has the field {twice!r} twice; leave one out")
    return value


def kind_of_value(value: Any) -> int | None:
    """Return the kind of a value; None of null.

    >>> [kind_of_value(one) for one in ("a", True, 1, None)]
    [0, 3, 1, None]
    """
    if value is None:
        return None
    return KINDS.get(type(value), LARGE)


KINDS = {str: TEXT, bool: BOOLEAN, int: INTEGER, float: FLOAT, Pairs: NESTED, list: NESTED}


def check_characters(line: str, fields: Pairs, number: int) -> None:
    """Check that a line's texts have no half of a character, which no UTF-8 can hold.

    Raises:
        TextError: one has; the message names the field.
    """
    if not HALF_CHARACTER.search(line):
        return
    for name, value in fields:
        try:
            name.encode()
            if isinstance(value, str):
                value.encode()
        except UnicodeEncodeError as error:
            raise TextError(
                f"line {number}: the field {name!a} holds half of a character, "
                f"{error.object[error.start]!a}, which can't be written; mend the line"
            ) from error


def texts_of(line: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each field of a line that is an object: its name, its value, and the JSON of that.

    >>> [(name, text) for name, _, text in texts_of('{"a": 1.10, "b": [1, {}]}')]
    [('a', '1.10'), ('b', '[1, {}]')]
    """
    place = _after_blanks(line, line.index("{") + 1)
    while line[place] != "}":
        name, place = DECODER.raw_decode(line, place)
        begin = _after_blanks(line, _after_blanks(line, place) + 1)
        value, place = DECODER.raw_decode(line, begin)
        yield name, value, line[begin:place]
        place = _after_blanks(line, place)
        if line[place] == ",":
            place = _after_blanks(line, place + 1)


def _after_blanks(line: str, place: int) -> int:
    found = BLANK.match(line, place)
    return found.end() if found else place
