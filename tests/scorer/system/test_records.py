from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.system.records import RecordError, from_json, optional, to_json


@dataclass(frozen=True)
class Point:
    """A record of scalars."""

    x: int
    y: float


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A record with a field of every type that a record may have."""

    name: str
    is_closed: bool
    center: Point
    points: tuple[Point, ...]
    size: tuple[int, str]
    weights: Mapping[str, float]
    corners: Mapping[str, Point]
    settings: Mapping[str, bool | int | float | str]
    note: str | None
    limit: float | None = optional()
    origin: Point | None = optional()
    tags: tuple[str, ...] = optional(())


SHAPE = Shape(
    name="house",
    is_closed=True,
    center=Point(1, 2.5),
    points=(Point(0, 0.0), Point(3, 4.0)),
    size=(2, "m"),
    weights={"a": 0.5},
    corners={"top": Point(5, 6.0)},
    settings={"wide": True, "units": 64, "rate": 0.1, "name": "x"},
    note=None,
)
STORED = {
    "name": "house",
    "is_closed": True,
    "center": {"x": 1, "y": 2.5},
    "points": [{"x": 0, "y": 0.0}, {"x": 3, "y": 4.0}],
    "size": [2, "m"],
    "weights": {"a": 0.5},
    "corners": {"top": {"x": 5, "y": 6.0}},
    "settings": {"wide": True, "units": 64, "rate": 0.1, "name": "x"},
    "note": None,
}
OPTIONAL_FIELDS = {"limit": 1.5, "origin": Point(7, 8.0), "tags": ("red", "big")}

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.builds(Point, x=st.integers(), y=NUMBERS)
TEXTS = st.text(max_size=5)
SCALARS = st.booleans() | st.integers() | NUMBERS | TEXTS
SHAPES = st.builds(
    Shape,
    name=TEXTS,
    is_closed=st.booleans(),
    center=POINTS,
    points=st.lists(POINTS, max_size=3).map(tuple),
    size=st.tuples(st.integers(), TEXTS),
    weights=st.dictionaries(TEXTS, NUMBERS, max_size=3),
    corners=st.dictionaries(TEXTS, POINTS, max_size=3),
    settings=st.dictionaries(TEXTS, SCALARS, max_size=3),
    note=st.none() | TEXTS,
    limit=st.none() | NUMBERS,
    origin=st.none() | POINTS,
    tags=st.lists(TEXTS, max_size=3).map(tuple),
)


def refusal(stored: object, key: str = "") -> str:
    """Return the message with which a value is refused as a :class:`Shape`."""
    with pytest.raises(RecordError) as caught:
        from_json(Shape, stored, key)
    return str(caught.value)


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return ``STORED`` with another value at a path of keys and indices."""
    stored: dict[str, Any] = json.loads(json.dumps(STORED))
    target: Any = stored
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return stored


def without(path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return ``STORED`` without the key at a path."""
    stored = changed(path, None)
    target: Any = stored
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    return stored


def test_a_record_is_stored_as_plain_json_with_its_keys_in_the_order_of_the_fields() -> None:
    stored = to_json(SHAPE)
    assert stored == STORED
    assert list(stored) == list(STORED)
    assert json.loads(json.dumps(stored)) == stored


def test_a_stored_record_gives_the_record_with_the_types_of_its_fields() -> None:
    shape = from_json(Shape, STORED)
    assert shape == SHAPE
    assert type(shape.points) is tuple
    assert type(shape.size) is tuple
    assert type(shape.center) is Point


@given(SHAPES)
def test_every_record_comes_back_from_json_unchanged(shape: Shape) -> None:
    back = from_json(Shape, json.loads(json.dumps(to_json(shape))))
    assert back == shape
    # Equality takes 1, 1.0 and True for the same.
    assert repr(back) == repr(shape)


@pytest.mark.parametrize("name", OPTIONAL_FIELDS)
def test_an_optional_field_is_stored_only_if_it_differs_from_its_default(name: str) -> None:
    shape = replace(SHAPE, **{name: OPTIONAL_FIELDS[name]})
    assert name not in to_json(SHAPE)
    assert set(to_json(shape)) - set(STORED) == {name}
    assert from_json(Shape, to_json(shape)) == shape


def test_an_optional_field_may_be_stored_with_its_default() -> None:
    stored = STORED | {"limit": None, "origin": None, "tags": []}
    assert from_json(Shape, stored) == SHAPE


@pytest.mark.parametrize(
    ("path", "key"),
    [
        *(((name,), name) for name in STORED),
        (("center", "x"), "center.x"),
        (("points", 1, "y"), "points[1].y"),
        (("corners", "top", "x"), "corners.top.x"),
    ],
)
def test_a_missing_key_is_named(path: tuple[str | int, ...], key: str) -> None:
    assert refusal(without(path)) == f"the key {key!r} is missing"
    assert refusal(without(path), "shape") == f"the key 'shape.{key}' is missing"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("colour",), "colour"),
        (("center", "z"), "center.z"),
        (("points", 0, "z"), "points[0].z"),
        (("corners", "top", "z"), "corners.top.z"),
    ],
)
def test_an_unknown_key_is_named(path: tuple[str | int, ...], key: str) -> None:
    assert refusal(changed(path, 1)) == f"the key {key!r} is unknown"
    assert refusal(changed(path, 1), "shape") == f"the key 'shape.{key}' is unknown"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), 3, "the key 'name' holds 3, not str"),
        (("name",), None, "the key 'name' holds None, not str"),
        (("is_closed",), 1, "the key 'is_closed' holds 1, not bool"),
        (("center",), [1, 2.5], "center is [1, 2.5], not an object"),
        (("center", "x"), 1.0, "the key 'center.x' holds 1.0, not int"),
        (("center", "x"), True, "the key 'center.x' holds True, not int"),
        (("center", "y"), True, "the key 'center.y' holds True, not float"),
        (("center", "y"), 10**400, f"the key 'center.y' holds {10**400!r:.80}, not float"),
        (("center", "y"), "2", "the key 'center.y' holds '2', not float"),
        (("points",), {"0": 1}, "the key 'points' holds {'0': 1}, not tuple"),
        (("points", 1), None, "points[1] is None, not an object"),
        (("points", 1, "x"), "3", "the key 'points[1].x' holds '3', not int"),
        (("size",), [2], "the key 'size' holds a list of 1, not of 2"),
        (("size",), ["m", 2], "the key 'size[0]' holds 'm', not int"),
        (("weights",), [0.5], "the key 'weights' holds [0.5], not Mapping"),
        (("weights", "a"), "0.5", "the key 'weights.a' holds '0.5', not float"),
        (("corners", "top"), 5, "corners.top is 5, not an object"),
        (
            ("settings", "rate"),
            [],
            "the key 'settings.rate' holds [], not bool or int or float or str",
        ),
        (
            ("settings", "rate"),
            None,
            "the key 'settings.rate' holds None, not bool or int or float or str",
        ),
        (("note",), 3, "the key 'note' holds 3, not str"),
        (("limit",), "1", "the key 'limit' holds '1', not float"),
        (("limit",), True, "the key 'limit' holds True, not float"),
        (("origin",), 3, "origin is 3, not an object"),
        (("tags",), "red", "the key 'tags' holds 'red', not tuple"),
        (("tags",), ["red", 3], "the key 'tags[1]' holds 3, not str"),
    ],
)
def test_a_key_with_a_value_of_another_type_is_named(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    assert refusal(changed(path, value)) == message


@pytest.mark.parametrize("stored", [None, 3, "text", [STORED]])
def test_what_is_no_object_is_no_record(stored: object) -> None:
    assert refusal(stored) == f"the record is {stored!r:.80}, not an object"
    assert refusal(stored, "shape") == f"shape is {stored!r:.80}, not an object"


def test_a_long_value_is_cut_to_80_characters_in_the_message() -> None:
    message = refusal(changed(("name",), list(range(1000))))
    assert message == f"the key 'name' holds {str(list(range(1000)))[:80]}, not str"


def test_a_whole_number_is_read_as_a_float_where_a_float_is_expected() -> None:
    stored = changed(("center", "y"), 3) | {"weights": {"a": 1}, "limit": 2}
    shape = from_json(Shape, stored)
    numbers = (shape.center.y, shape.weights["a"], shape.limit)
    assert numbers == (3.0, 1.0, 2.0)
    assert [type(number) for number in numbers] == [float, float, float]


def test_a_record_error_is_a_value_error() -> None:
    assert issubclass(RecordError, ValueError)
