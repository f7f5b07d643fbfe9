"""Shapes of JSON Lines as they are met: each is carried as it stands, or named with its line."""

from __future__ import annotations

import json
import math
from concurrent.futures import CancelledError
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ReviewsError
from scorer.tables.json_lines_reader import MOST_FIELDS, JsonLinesReviews
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS
from scorer.tables.text_options import TextOptions

MAX_CELL = 1 << 20


def read(path: Path, **options: object) -> pa.Table:
    with JsonLinesReviews(path, MAX_CELL, TextOptions(**options)) as reviews:
        rows = reviews.rows
        batches = [batch for window in reviews.windows() for batch in window]
        table = pa.Table.from_batches(batches, reviews.schema)
        assert rows == reviews.rows == len(table)
        return table


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "in.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CARRIED = {
    "strings that look like something else": (
        '{"at":"2024-01-31","n":"1","review":"a"}\n',
        {"at": ("string", ["2024-01-31"]), "n": ("string", ["1"]), "review": ("string", ["a"])},
    ),
    "fields that some lines lack": (
        '{"a":"x"}\n{"b":2}\n{"a":null,"b":3}\n',
        {"a": ("string", ["x", None, None]), "b": ("int64", [None, 2, 3])},
    ),
    "a field without any value": ('{"a":null}\n{}\n', {"a": ("string", [None, None])}),
    "integers": (
        '{"a":9223372036854775807}\n{"a":-9223372036854775808}\n',
        {"a": ("int64", [2**63 - 1, -(2**63)])},
    ),
    "an integer too large": (
        '{"a":9223372036854775808}\n{"a":1}\n', {"a": ("string", ["9223372036854775808", "1"])},
    ),
    "an integer of 5,000 digits": (
        '{"a":' + "7" * 5000 + "}\n", {"a": ("string", ["7" * 5000])},
    ),
    "numbers": ('{"a":1.5}\n{"a":2}\n{"a":-1e3}\n', {"a": ("double", [1.5, 2.0, -1000.0])}),
    "a number of many digits": (
        '{"a":0.12345678901234567890123}\n{"a":1}\n',
        {"a": ("string", ["0.12345678901234567890123", "1"])},
    ),
    "numbers beyond floats": (
        '{"a":1e-400,"b":1e400,"c":1e99999999999999999999,"d":0e0,"e":5e-324}\n',
        {
            "a": ("string", ["1e-400"]), "b": ("string", ["1e400"]),
            "c": ("string", ["1e99999999999999999999"]),
            "d": ("double", [0.0]), "e": ("double", [5e-324]),
        },
    ),
    "an integer that is no number": (
        '{"a":9007199254740993}\n{"a":1.10}\n', {"a": ("string", ["9007199254740993", "1.10"])},
    ),
    "true and false": ('{"a":true}\n{"a":null}\n', {"a": ("bool", [True, None])}),
    "nested values": (
        '{"a": {"b":  [1.10, null]}, "c":["x"]}\n{"a":null}\n{"c": [ ] }\n',
        {
            "a": ("string", ['{"b":  [1.10, null]}', None, None]),
            "c": ("string", ['["x"]', None, "[ ]"]),
        },
    ),
    "fields of mixed kinds": (
        '{"a":1.10,"b":"x"}\n{"a":"N/A \\"no\\" \\u00e9"}\n{"a":false}\n',
        {
            "a": ("string", ["1.10", '"N/A \\"no\\" \\u00e9"', "false"]),
            "b": ("string", ["x", None, None]),
        },
    ),
    "escapes": (
        '{"re\\u0076iew":"a\\n\\"b\\" \\ud83d\\ude00 \\u0000\\/"}\n',
        {"review": ("string", ['a\n"b" \N{GRINNING FACE} \0/'])},
    ),
    "blank lines, CRLF and a mark": (
        b'\xef\xbb\xbf{"a":"x"}\r\n\r\n  \n{"a":"y"}\r\n\n', {"a": ("string", ["x", "y"])},
    ),
    "no line break at the end": ('{"a":"x"}', {"a": ("string", ["x"])}),
    "UTF-16 by its mark": ('{"a":"größer"}\n'.encode("utf-16"), {"a": ("string", ["größer"])}),
    "line separators within a string": (
        '{"a":"x\u2028y\x85z"}\n', {"a": ("string", ["x\u2028y\x85z"])},
    ),
    "fields in the order in which they appear": (
        '{"z":1}\n{"a":2,"z":3}\n', {"z": ("int64", [1, 3]), "a": ("int64", [None, 2])},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), CARRIED.values(), ids=CARRIED)
def test_every_value_is_carried_as_it_is(
    tmp_path: Path, content: str | bytes, expected: dict[str, object]
) -> None:
    table = read(written(tmp_path, content))
    columns = zip(table.schema, table.columns, strict=True)
    assert {field.name: (str(field.type), one.to_pylist()) for field, one in columns} == expected
    assert table.column_names == list(expected)


def test_what_python_writes_for_no_number_is_one(tmp_path: Path) -> None:
    column = read(written(tmp_path, '{"a":NaN}\n{"a":-Infinity}\n{"a":1.5}\n'))["a"].to_pylist()
    assert math.isnan(column[0])
    assert column[1:] == [-math.inf, 1.5]


def test_a_text_in_another_encoding_is_read_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, '{"a":"größer"}\n'.encode("cp1252"))
    assert read(path, encoding="cp1252")["a"].to_pylist() == ["größer"]


NAMED = {
    "a list": ('[{"a":1}]\n', "line 1 is no JSON object, but a list; write an object a line"),
    "a string": ('{"a":1}\n"a"\n', "line 2 is no JSON object, but text; write an object a line"),
    "null": ('{"a":1}\n\nnull\n', "line 3 is no JSON object, but null; write an object a line"),
    "an object over several lines": (
        '{\n"a":1\n}\n',
        "line 1 is no JSON: Expecting property name enclosed in double quotes at character 3; "
        "mend the line",
    ),
    "a line that was cut off": (
        '{"a":1}\n{"a":',
        "line 2 is no JSON: Expecting value at character 6; mend the line",
    ),
    "two objects in a line": (
        '{"a":1} {"a":2}\n', "line 1 is no JSON: Extra data at character 9; mend the line",
    ),
    "a field twice": ('{"a":1}\n{"a":1,"a":2}\n', "line 2 has the field 'a' twice; leave one out"),
    "half a character": (
        '{"a":"x"}\n{"a":"x \\ud83d"}\n',
        "line 2: the field 'a' holds half of a character, '\\ud83d', which can't be written; mend "
        "the line",
    ),
    "nested too deeply": (
        '{"a":' + "[" * 200_000 + "\n", "line 1 is nested too deeply; mend the line",
    ),
    "another encoding": (
        '{"a":"x"}\n{"a":"größer"}\n'.encode("cp1252"),
        "line 2 holds the byte 0xf6, the file's byte 18, which isn't in UTF-8; name the file's "
        "encoding, such as --encoding cp1252",
    ),
    "NUL": (
        b'{"a":"x"}\n\0\0\0\0',
        "line 2 holds NUL, which is no text; check that the file was copied whole, or remove it, "
        "as with tr -d '\\000'",
    ),
    "a line too long": (
        '{"a":"x"}\n{"a":"' + "x" * MAX_CELL + '"}\n',
        "the row that begins in line 2 takes more than the 1,048,576 bytes of --max-cell; raise "
        "that, or leave the row out",
    ),
    "names that are data": (
        "".join(f'{{"{name}":1}}\n' for name in range(MOST_FIELDS + 1)),
        "up to line 5001 there are 5,001 fields, more than 5,000; names that are data belong into "
        "values",
    ),
    "empty": ("", "it is empty; check that it was copied whole"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), NAMED.values(), ids=NAMED)
def test_what_cannot_be_carried_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ReviewsError) as caught:
        read(path)
    assert str(caught.value) == f"reading {path}: {problem}"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"review":"a"}\n{"review":5}\n', "an integer"),
        ('{"id":1}\n{"review":["a"]}\n', "a nested value"),
    ],
)
def test_reviews_that_are_not_all_texts_are_named_with_the_line(
    tmp_path: Path, content: str, kind: str
) -> None:
    path = written(tmp_path, content)
    with (
        JsonLinesReviews(path, MAX_CELL, TextOptions()) as reviews,
        pytest.raises(ReviewsError) as caught,
    ):
        reviews.check_text("review")
    assert str(caught.value) == (
        f"reading {path}: the field 'review' holds {kind} in line 2; write a text there, or name "
        "another field with --text-column"
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), values), min_size=1))
def test_what_pythons_writer_wrote_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    rows = [{"id": number} | row for number, row in enumerate(rows)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    table = read(written(tmp_path_factory.mktemp("json"), lines))
    for row, found in zip(rows, table.to_pylist(), strict=True):
        for name, value in found.items():
            given = row.get(name)
            is_json = isinstance(value, str) and value != given
            assert (json.loads(value) if is_json else value) == given


def test_the_first_pass_ends_when_it_is_told_to(tmp_path: Path) -> None:
    path, looks = written(tmp_path, '{"a":"x"}\n' * 5000), []

    def check() -> None:
        looks.append(None)
        if len(looks) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        JsonLinesReviews(path, MAX_CELL, TextOptions(), check)


def test_windows_shrink_towards_the_end_and_hold_only_the_fields_asked_for(tmp_path: Path) -> None:
    lines = "".join(f'{{"id":{row},"a":[{row}],"review":"good"}}\n' for row in range(9000))
    path = written(tmp_path, lines)
    with JsonLinesReviews(path, MAX_CELL, TextOptions()) as reviews:
        sizes = [sum(map(len, window)) for window in reviews.windows()]
        fewer = [window[0] for window in reviews.windows(["review"])]
    assert sum(sizes) == 9000
    assert sizes[-2] == LEAST_WINDOW_ROWS
    assert [len(batch) for batch in fewer] == sizes
    assert fewer[0].schema.names == ["review"]
