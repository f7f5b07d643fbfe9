"""Shapes of CSV as they are met: each is carried as it stands, or named with its line."""

from __future__ import annotations

import csv
import datetime
import io
import tracemalloc
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts
from scorer.errors import ReviewsError, UsageError
from scorer.tables.csv_reader import CsvReviews
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS, WINDOW_BYTES, WINDOW_ROWS
from scorer.tables.text_options import TextOptions

MAX_CELL = 1 << 20
RAGGED = "line {} ends a row of {} fields, the header has {}; mend its quotes"


def table_of(path: Path, max_cell: int = MAX_CELL, **options: object) -> dict[str, list[object]]:
    with CsvReviews(path, max_cell, TextOptions(**options)) as reviews:
        reviews.check_text(None)
        batches = [batch for window in reviews.windows() for batch in window]
        table = pa.Table.from_batches(batches, reviews.schema)
        assert reviews.rows == len(table)
        return table.to_pydict()


def problem_of(path: Path, max_cell: int = MAX_CELL, **options: object) -> str:
    with pytest.raises(ReviewsError) as caught:
        table_of(path, max_cell, **options)
    start = f"reading {path}: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def written(folder: Path, content: str | bytes, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


REVIEWS = {"id": ["1", "2"], "review": ["good", "bad, really"]}
QUOTED = 'id,review\n1,good\n2,"bad, really"\n'
CARRIED = {
    "quotes around what needs them": (QUOTED, {}, REVIEWS),
    "quotes around everything": ('"id","review"\n"1","good"\n"2","bad, really"\n', {}, REVIEWS),
    "semicolons": ("id;review\n1;good\n2;bad, really\n", {}, REVIEWS),
    "tabs": ("id\treview\n1\tgood\n2\tbad, really\n", {}, REVIEWS),
    "bars": ("id|review\n1|good\n2|bad, really\n", {}, REVIEWS),
    "Excel's first line": ("sep=;\r\nid;review\r\n1;good\r\n2;bad, really\r\n", {}, REVIEWS),
    "a delimiter that is told": (
        "id~review\n1~good\n2~bad, really\n", {"delimiter": "~"}, REVIEWS,
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + QUOTED.encode(), {}, REVIEWS),
    "CRLF": (QUOTED.replace("\n", "\r\n"), {}, REVIEWS),
    "CR alone": (QUOTED.replace("\n", "\r"), {}, REVIEWS),
    "no line break at the end": (QUOTED.rstrip(), {}, REVIEWS),
    "empty lines": (f"\n{QUOTED}\n\n".replace("2,", "\n2,"), {}, REVIEWS),
    "UTF-16 by its mark": ("id,review\n1,größer\n".encode("utf-16"), {},
                           {"id": ["1"], "review": ["größer"]}),
    "UTF-16 by name": ("id,review\n1,größer\n".encode("utf-16-be"), {"encoding": "utf-16-be"},
                       {"id": ["1"], "review": ["größer"]}),
    "Windows-1252 by name": ("id,review\n1,größer – “so”\n".encode("cp1252"),
                             {"encoding": "cp1252"},
                             {"id": ["1"], "review": ["größer – “so”"]}),
    "a mark wins over the name": ("id,review\n1,größer\n".encode("utf-8-sig"),
                                  {"encoding": "cp1252"},
                                  {"id": ["1"], "review": ["größer"]}),
    "line breaks within a cell": ('id,review\n1,"a\nb\r\nc\rd\n\n"\n', {},
                                  {"id": ["1"], "review": ["a\nb\r\nc\rd\n\n"]}),
    "quotes within a cell": ('id,review\n1,"a ""b"" c"\n2,5" nails "x"\n', {},
                             {"id": ["1", "2"], "review": ['a "b" c', '5" nails "x"']}),
    "escaped quotes": ('id,review\n1,"a \\"b\\", c \\\\ C:\\new"\n2,a\\,b\n', {"escape": True},
                       {"id": ["1", "2"], "review": ['a "b", c \\ C:\\new', "a,b"]}),
    "backslashes that escape nothing": ("id,review\n1,C:\\new \\n\n", {},
                                        {"id": ["1"], "review": ["C:\\new \\n"]}),
    "numbers as they stand": ("zip,price,review\n00712,1.10,1e3\n-0,NA,null\n", {},
                              {"zip": ["00712", "-0"], "price": ["1.10", "NA"],
                               "review": ["1e3", "null"]}),
    "empty cells and blanks": ('id,review,x\n,"", \n', {},
                               {"id": [""], "review": [""], "x": [" "]}),
    "the index of pandas": (",review\n0,good\n1,bad\n", {},
                            {"": ["0", "1"], "review": ["good", "bad"]}),
    "columns that pandas numbered": ("0,1\ngood,5\nbad,1\n", {},
                                     {"0": ["good", "bad"], "1": ["5", "1"]}),
    "one column": ("review\ngood\nbad\n", {}, {"review": ["good", "bad"]}),
    "one column with an empty cell": ("review\ngood\n\nbad\n\n\n", {},
                                      {"review": ["good", "", "bad"]}),
    "one column of lines": ('review\ngood, very "good"\nbad; bad\n', {"delimiter": "none"},
                            {"review": ['good, very "good"', "bad; bad"]}),
    "a header only": ("id,review\n", {}, {"id": [], "review": []}),
    "a header without a line break": ("id,review", {}, {"id": [], "review": []}),
    "other scripts": ("id,review\n1,つまらない映画\n2,\N{PILE OF POO}\n", {},
                      {"id": ["1", "2"], "review": ["つまらない映画", "\N{PILE OF POO}"]}),
    "all kinds of line separators": ("id,review\n1,a\x0bb\x0cc\x1cd\x85e\u2028f\n", {},
                                     {"id": ["1"], "review": ["a\x0bb\x0cc\x1cd\x85e\u2028f"]}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "expected"), CARRIED.values(), ids=CARRIED)
def test_every_cell_is_carried_as_the_text_that_stands_there(
    tmp_path: Path, content: str | bytes, options: dict[str, object], expected: object
) -> None:
    assert table_of(written(tmp_path, content), **options) == expected


TWICE = "write a quote within a quoted field twice"
ESCAPE = f'{TWICE}; where it is written \\", scorer run takes --escape'
NAMED = {
    "an open quote to the end": (
        'id,review\n1,"a\nb"\n2,"open\n3,x\n4,y\n',
        "line 6: unexpected end of data in the row that begins in line 4; a quote of that row is "
        "never closed; mend it",
    ),
    "an open quote before another": (
        'id,review\n1,"open\n2,"x"\n',
        f"line 3: ',' expected after '\"' in the row that begins in line 2; {TWICE}",
    ),
    "a quote that isn't doubled": (
        'id,review\n1,"a "b" c"\n', f"line 2: ',' expected after '\"'; {TWICE}",
    ),
    "an escaped quote": (
        'id,review\n1,"a \\"b\\" c"\n', f"line 2: ',' expected after '\"'; {ESCAPE}",
    ),
    "too many fields": ("id,review\n1,a\n2,b,c\n", RAGGED.format(3, 3, 2)),
    "too few fields": ("id,review\n1,a\n2\n", RAGGED.format(3, 1, 2)),
    "too many fields after line breaks": (
        'id,review\n1,"a\nb"\n2,"c\nd",e\n',
        "line 5 ends a row of 3 fields (it begins in line 4), the header has 2; mend its quotes",
    ),
    "one column and a comma": (
        "review\ngood\nbad, really\n",
        "line 3 ends a row of 2 fields, the header has 1; put the cell into quotes, or add "
        "--delimiter none if each row is one cell",
    ),
    "a carriage return in a cell without quotes": (
        "id,review\n1,a\rb\n",
        "line 2: new-line character seen in unquoted field; put the cell with the carriage return "
        "into quotes",
    ),
    "a column twice": (
        "id,review,id\n1,a,2\n", "in line 1 there are 2 columns called 'id'; rename all but one",
    ),
    "NUL": (
        b"id,review\n1,a\n2,b\0c\n",
        "line 3 holds NUL, which is no text; check that the file was copied whole, or remove it, "
        "as with tr -d '\\000'",
    ),
    "Windows-1252": (
        "id,review\n1,a\n2,größer\n".encode("cp1252"),
        "line 3 holds the byte 0xf6, the file's byte 18, which isn't in UTF-8; name the file's "
        "encoding, such as --encoding cp1252",
    ),
    "one bad byte among UTF-8": (
        "id,review\n1,größer\n2,caf".encode() + b"\xe9\n",
        "line 3 holds the byte 0xe9, the file's byte 26, which isn't in UTF-8; the text beside it "
        "is, so mend that byte",
    ),
    "UTF-16 without a mark": (
        "id,review\n1,a\n".encode("utf-16-le"),
        "it seems to be in UTF-16 without a byte order mark; say so with --encoding utf-16-le",
    ),
    "no header, by a number": (
        '1,"a fine film",5\n2,bad,3\n',
        "its first line seems to be a row, not the names of the columns: it holds '1'; write a "
        "line with names before it",
    ),
    "no header, by a sentence": (
        "I could see it again and again every day or so.,pos\nbad,neg\n",
        "its first line seems to be a row, not the names of the columns: it holds 'I could see it "
        "again and again every d…; write a line with names before it",
    ),
    "empty": ("", "it is empty; check that it was copied whole"),
    "blank": ("\n\n", "it holds no line with the names of its columns"),
    "gzip": (
        bytes.fromhex("1f8b0800"),
        "it is compressed with gzip as a whole; give it the ending .gz, too",
    ),
    "Parquet": (
        b"PAR1\x15\x00",
        "it is a Parquet file; give it the ending .parquet, by which its format is told",
    ),
    "JSON": (
        '{"id": 1}\n',
        "it is a JSON file; if it holds an object a line, give it the ending .jsonl, by which its "
        "format is told",
    ),
    "a web page": (
        "<!DOCTYPE html>\n",
        "it is a web page; fetch the file again, and look at what was sent instead",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), NAMED.values(), ids=NAMED)
def test_what_cannot_be_carried_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    assert problem_of(written(tmp_path, content)) == problem


def test_an_excel_file_is_told_what_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.csv", "w") as packed:
        packed.writestr("xl/workbook.xml", "x")
    assert problem_of(tmp_path / "in.csv") == (
        "it is a zip archive or an Excel file; unpack or convert it first"
    )


def test_a_name_of_letters_is_no_signature(tmp_path: Path) -> None:
    for name in ("ORCID", "PAR1", "BZh", "FEA1"):
        assert table_of(written(tmp_path, f"{name},review\n1,a\n")) == {
            name: ["1"],
            "review": ["a"],
        }


def test_a_header_may_be_longer_than_the_first_look(tmp_path: Path) -> None:
    names = [f"column number {number}" for number in range(20_000)]
    path = written(tmp_path, f"{';'.join(names)}\n{';'.join(['1,2'] * 20_000)}\n")
    assert table_of(path) == {name: ["1,2"] for name in names}


def test_tabs_are_the_first_guess_under_the_name_of_tabs(tmp_path: Path) -> None:
    path = written(tmp_path, "review\ngood, very good\n", "in.tsv")
    assert table_of(path) == {"review": ["good, very good"]}
    path = written(tmp_path, "id,review\n1,a\n", "in.tsv")
    assert table_of(path) == {"id": ["1"], "review": ["a"]}


def test_a_usual_name_in_the_header_makes_it_one(tmp_path: Path) -> None:
    path = written(tmp_path, "review,2020\ngood,5\nbad,1\n")
    with CsvReviews(path, MAX_CELL, TextOptions()) as reviews:
        reviews.check_text("review")
        with pytest.raises(ReviewsError, match="its first line seems to be a row"):
            reviews.check_text(None)


def test_a_sentence_is_no_name_of_the_only_column(tmp_path: Path) -> None:
    sentence = "I could see it again and again and again tomorrow."
    path = written(tmp_path, f"{sentence}\nbad\n")
    with (
        CsvReviews(path, MAX_CELL, TextOptions()) as reviews,
        pytest.raises(ReviewsError, match="its first line seems to be a row"),
    ):
        reviews.check_text(sentence)


@given(
    st.lists(
        st.tuples(
            *[st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))] * 3
        ),
        min_size=1,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_pythons_writer_wrote_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], delimiter: str
) -> None:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b", "c"), *rows]
    )
    path = written(tmp_path_factory.mktemp("csv"), target.getvalue())
    assert list(zip(*table_of(path).values(), strict=True)) == rows


def write_many(path: Path, rows: int, text: str = "a fine film") -> Path:
    path.write_text("id,review\n" + "".join(f"{row},{text}\n" for row in range(rows)))
    return path


def windows_of(path: Path, columns: list[str] | None = None) -> list[int]:
    with CsvReviews(path, MAX_CELL, TextOptions()) as reviews:
        return [sum(map(len, window)) for window in reviews.windows(columns)]


def test_windows_are_cut_by_position_whatever_columns_are_read(tmp_path: Path) -> None:
    sizes = windows_of(write_many(tmp_path / "in.csv", 9000))
    assert (sum(sizes), max(sizes)) == (9000, WINDOW_ROWS)
    # They shrink towards the end, so that no thread is left alone with a large one.
    assert sizes[-2] == LEAST_WINDOW_ROWS
    assert windows_of(tmp_path / "in.csv", ["review"]) == sizes
    wide = windows_of(write_many(tmp_path / "wide.csv", 50, "word " * 20_000))
    assert (sum(wide), max(wide)) == (50, -(-WINDOW_BYTES // 100_000))


def test_only_the_columns_that_are_asked_for_are_made(tmp_path: Path) -> None:
    with CsvReviews(written(tmp_path, QUOTED), MAX_CELL, TextOptions()) as reviews:
        ((batch,),) = list(reviews.windows(["review"]))
        assert batch.schema == pa.schema([("review", pa.string())])


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_row_that_is_too_large_is_named_with_its_line_in_bounded_memory(
    tmp_path: Path, quote: str
) -> None:
    path = tmp_path / "in.csv"
    with path.open("w") as file:
        file.write(f"id,review\n1,good\n2,{quote}")
        for _ in range(64):
            file.write("x" * MAX_CELL + ("\n" if quote else ""))
        file.write(f"{quote}\n3,bad\n")
    tracemalloc.start()
    problem = problem_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    begun = "the row that begins in line 3 takes more than the 1,048,576 bytes of --max-cell"
    assert problem == f"{begun}; raise that, or leave the row out"
    assert peak < 16 * MAX_CELL


def test_an_open_quote_before_many_rows_is_named_without_reading_them_all(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,review\n1,"open\n' + "2,good and so on\n" * 200_000)
    assert problem_of(path) == (
        "the row that begins in line 2 takes more than the 1,048,576 bytes of --max-cell; raise "
        "that, leave the row out, or mend a quote that is never closed"
    )


def test_a_large_row_is_carried_where_it_is_allowed(tmp_path: Path) -> None:
    text = "ä" * (2 << 20)
    path = written(tmp_path, f'id,review\n1,"{text}"\n')
    assert "takes more than the 4,000,000 bytes" in problem_of(path, 4_000_000)
    assert table_of(path, 5_000_000) == {"id": ["1"], "review": [text]}


def test_types_are_inferred_where_every_cell_keeps_its_text(tmp_path: Path) -> None:
    content = (
        "id,ok,half,day,at,zip,price,none,long,word,review\n"
        "1,true,1.5,2024-01-31,2024-01-31 12:00:00,00712,1.10,,9223372036854775808,nan,a\n"
        "-3,false,2,2024-02-29,,712,2,,1,inf,b\n"
    )
    path = written(tmp_path, content)
    with CsvReviews(path, MAX_CELL, TextOptions(infer_types=True)) as reviews:
        types = {field.name: str(field.type) for field in reviews.schema}
    text = dict.fromkeys(("zip", "price", "none", "long", "word", "review"), "string")
    assert types == {
        "id": "int64", "ok": "bool", "half": "double", "day": "date32[day]", "at": "timestamp[s]",
    } | text  # fmt: skip
    table = table_of(path, infer_types=True)
    assert table["id"] == [1, -3]
    assert table["day"] == [datetime.date(2024, 1, 31), datetime.date(2024, 2, 29)]
    assert table["at"] == [datetime.datetime(2024, 1, 31, 12), None]
    assert table["zip"] == ["00712", "712"]
    assert table["none"] == ["", ""]


def test_types_are_decided_by_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("stars,review\n" + "5,good\n" * 5000 + "five,good\n")
    assert table_of(path, infer_types=True)["stars"][-1] == "five"


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", " ", "tabs"])
def test_a_delimiter_that_cannot_be_one_is_refused(delimiter: str) -> None:
    with pytest.raises(UsageError, match="give one character, tab, or none if each row is one"):
        TextOptions(delimiter=delimiter)


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = write_many(tmp_path / "in.csv", 5000)
    with CsvReviews(path, MAX_CELL, TextOptions()) as reviews:
        windows = reviews.windows()
        next(windows)
        with path.open("a") as file:
            file.write("1,more\n")
        with pytest.raises(ReviewsError, match="it changed while it was read; run again when"):
            list(windows)


def test_the_position_grows_to_the_size_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "review\n" + "\n".join(some_texts(20_000)) + "\n")
    with CsvReviews(path, MAX_CELL, TextOptions()) as reviews:
        positions = [reviews.position for _ in reviews.windows()]
    assert positions == sorted(positions)
    assert positions[0] < positions[-1] == path.stat().st_size
