"""Frozen dataclasses as JSON objects: one way to write them, one way to read and check them.

Every field is a key; a missing, unknown or wrong key is named. A field declared with ``optional()``
is left out of the JSON when it holds its default.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
# A value as the json module reads and writes it.
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


OPTIONAL = {"optional": True}
SCALARS = (str, int, float, bool, NoneType)
LARGEST_FLOAT = int(sys.float_info.max)


class RecordError(ValueError):
    """A JSON value that isn't the expected record; the message names the key."""


def optional(default: Any = None) -> Any:
    """Declare a field that is left out of the JSON when it holds its default."""
    return field(default=default, metadata=OPTIONAL)


def to_json(record: Any) -> dict[str, Any]:  # Any: the values are JSON of every depth
    """Return a dataclass as a JSON object, keys in the order of the fields."""
    found = {}
    for name, default in _keys(type(record)):  # type: ignore[arg-type]  # a class is hashable
        value = getattr(record, name)
        if default is MISSING or value != default:
            found[name] = value if type(value) in SCALARS else _plain(value)
    return found


def from_json(kind: type[Record], stored: object, key: str = "") -> Record:
    """Read what :func:`to_json` wrote.

    Args:
        kind: the dataclass to make. Its fields may be scalars, dataclasses, ``X | None``,
            ``tuple[X, ...]``, ``Sequence[X]`` and ``Mapping[str, X]``; ``object`` takes any JSON
            value as it is.
        stored: the JSON value.
        key: name of the value, for messages.

    Raises:
        RecordError: a key is missing, unknown, or holds a value of another type.
    """
    if not isinstance(stored, dict):
        raise RecordError(f"{key or 'the record'} is {stored!r:.80}, not an object")
    types = _types(kind)  # type: ignore[arg-type]  # a class is hashable
    unknown = sorted(set(stored) - set(types))
    if unknown:
        raise RecordError(f"the key {_joined(key, unknown[0])!r:.80} is unknown")
    required = [one.name for one in fields(kind) if not _is_optional(one)]  # type: ignore[arg-type]
    missing = [name for name in required if name not in stored]
    if missing:
        raise RecordError(f"the key {_joined(key, missing[0])!r} is missing")
    values = {name: _read(types[name], value, _joined(key, name)) for name, value in stored.items()}
    return kind(**values)


@cache
def _keys(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """Return the fields, and with which value each is left out: ``MISSING`` if it never is."""
    return tuple(
        (one.name, one.default if _is_optional(one) else MISSING)
        for one in fields(kind)  # type: ignore[arg-type]
    )


@cache
def _types(kind: Hashable) -> dict[str, Any]:  # Any: type annotations have no common type
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}  # type: ignore[arg-type]


def _read(kind: Any, value: object, key: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return from_json(kind, value, key)
    if kind is object:
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sequence:
        origin, arguments = tuple, (*arguments, Ellipsis)
    if origin is UnionType:
        return _read_union(arguments, value, key)
    if origin is tuple and isinstance(value, list):
        return _read_tuple(arguments, value, key)
    if origin is not None and isinstance(value, dict) and issubclass(origin, Mapping):
        return {name: _read(arguments[1], one, _joined(key, name)) for name, one in value.items()}
    if kind is float and type(value) is int and abs(value) <= LARGEST_FLOAT:
        return float(value)
    if origin is None and type(value) is kind:
        return value
    raise RecordError(f"the key {key!r:.80} holds {value!r:.80}, not {_name(kind)}")


def _read_union(kinds: tuple[Any, ...], value: object, key: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    if type(value) in kinds:
        return value
    others = [kind for kind in kinds if kind is not NoneType]
    if len(others) == 1:
        return _read(others[0], value, key)
    names = " or ".join(map(_name, others))
    raise RecordError(f"the key {key!r:.80} holds {value!r:.80}, not {names}")


def _read_tuple(kinds: tuple[Any, ...], values: list[object], key: str) -> tuple[Any, ...]:
    if kinds == (int, Ellipsis) and all(type(value) is int for value in values):
        # Lists of thousands of counts needn't be named one by one.
        return tuple(values)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(values)
    if len(kinds) != len(values):
        raise RecordError(f"the key {key!r:.80} holds a list of {len(values)}, not of {len(kinds)}")
    pairs = enumerate(zip(kinds, values, strict=True))
    return tuple(_read(kind, value, f"{key}[{place}]") for place, (kind, value) in pairs)


def _plain(value: Any) -> Any:
    if isinstance(value, SCALARS):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _is_optional(one: Field[Any]) -> bool:
    return bool(one.metadata.get("optional"))


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))
