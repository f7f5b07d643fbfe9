from __future__ import annotations

import datetime
import decimal
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import left_in, resealed, some_texts, write_reviews
from scorer import Kernel, SentimentModel
from scorer.job import preparation
from scorer.job.prepared import OpenInput
from scorer.job.result import FAILED, SCORED, SKIPPED, JobResult
from scorer.job.run import run_job
from scorer.modelfile import ModelFile
from scorer.planning import freshness
from scorer.planning.options import Options
from scorer.planning.plan import Task, plan
from scorer.tables import parquet_reader, parquet_writer


def run(model: SentimentModel, source: Path, target: Path, **options: object) -> JobResult:
    return run_job(plan([source], target), model, Options(**options))


@pytest.fixture(scope="module")
def other_model(model: SentimentModel) -> SentimentModel:
    return SentimentModel(
        ModelFile("other", resealed(model.file.content, b'"date":"2', b'"date":"3'))
    )


def everything() -> pa.Table:
    """A table with every kind of column that tends to get lost."""
    zone = datetime.UTC
    fields = [
        pa.field("key", pa.int32(), nullable=False, metadata={"role": "key"}),
        pa.field("tags", pa.list_(pa.struct([("name", pa.string()), ("weight", pa.float64())]))),
        pa.field("price", pa.decimal128(12, 3)),
        pa.field("seen", pa.timestamp("us", "Europe/Berlin")),
        pa.field("stars", pa.int8()),
        pa.field("place", pa.dictionary(pa.int16(), pa.string())),
        pa.field("text", pa.string_view()),
        pa.field("nothing", pa.null()),
        pa.field("pairs", pa.map_(pa.string(), pa.int32())),
    ]
    columns = [
        [1, 2, 3],
        [[{"name": "a", "weight": 1.5}], None, []],
        [decimal.Decimal("1.250"), None, decimal.Decimal("-0.001")],
        [
            datetime.datetime(2020, 2, 29, tzinfo=zone),
            None,
            datetime.datetime(1969, 1, 1, tzinfo=zone),
        ],
        [5, None, -128],
        ["here", None, "there"],
        ["great film", None, "awful film"],
        [None, None, None],
        [[("a", 1)], None, []],
    ]
    arrays = [pa.array(values, field.type) for field, values in zip(fields, columns, strict=True)]
    return pa.table(arrays, schema=pa.schema(fields, metadata={"owner": "me", "empty": ""}))


@pytest.mark.parametrize("rows", [3, 0])
def test_every_other_column_and_the_schema_pass_untouched(
    model: SentimentModel, tmp_path: Path, rows: int
) -> None:
    pq.write_table(everything().slice(0, rows), tmp_path / "in.parquet")
    assert run(model, tmp_path / "in.parquet", tmp_path / "out.parquet").count(SCORED) == 1
    source, scored = pq.read_table(tmp_path / "in.parquet"), pq.read_table(tmp_path / "out.parquet")
    assert scored.drop_columns(["sentiment", "sentiment_score"]).equals(source, check_metadata=True)
    assert scored.schema.field("sentiment").type == pa.string()
    assert scored.schema.field("sentiment_score").type == pa.float32()
    if rows:
        assert scored["sentiment"].to_pylist() == ["positive", None, "negative"]
        assert scored["sentiment_score"].null_count == 1


TEXT_TYPES = st.sampled_from(
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ]
)
SOME_WORDS = st.lists(
    st.sampled_from(["great", "awful", "film", "don't", "naïve", "不错", "!", "<br />"]), max_size=6
).map(" ".join)
RAW_TEXTS = st.one_of(
    st.none(),
    SOME_WORDS.map(str.encode),
    st.text(max_size=30).map(str.encode),
    st.binary(max_size=12),
)


def declared_as(kind: pa.DataType, raw: list[bytes | None]) -> pa.Array:
    """Return bytes as a column of this type, valid UTF-8 or not: files hold both."""
    if pa.types.is_dictionary(kind):
        values = [value for value in dict.fromkeys(raw) if value is not None]
        places = pa.array(
            [None if value is None else values.index(value) for value in raw], kind.index_type
        )
        return pa.DictionaryArray.from_arrays(places, declared_as(kind.value_type, values))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        plain = pa.array(raw, pa.binary() if pa.types.is_string(kind) else pa.large_binary())
        return pa.Array.from_buffers(kind, len(raw), plain.buffers())
    if pa.types.is_string_view(kind):
        plain = pa.array(raw, pa.binary_view())
        return pa.Array.from_buffers(kind, len(raw), plain.buffers())
    return pa.array(raw, kind)


@settings(max_examples=50, deadline=None)
@given(st.lists(RAW_TEXTS, max_size=20), TEXT_TYPES, st.integers(1, 7), st.integers(1, 9))
def test_rows_come_out_in_order_each_scored_as_if_alone(
    model: SentimentModel,
    tmp_path_factory: pytest.TempPathFactory,
    raw: list[bytes | None],
    kind: pa.DataType,
    chunk: int,
    group: int,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    if pa.types.is_dictionary(kind):  # pyarrow reads no dictionary that holds invalid UTF-8
        raw = [None if text is None else text.decode("utf-8", "replace").encode() for text in raw]
    chunks = [declared_as(kind, raw[start : start + chunk]) for start in range(0, len(raw), chunk)]
    table = pa.table(
        {"id": pa.array(range(len(raw)), pa.int64()), "text": pa.chunked_array(chunks, kind)}
    )
    pq.write_table(table, folder / "in.parquet", row_group_size=group)
    assert (
        run(model, folder / "in.parquet", folder / "out.parquet", text_column="text").count(SCORED)
        == 1
    )
    scored = pq.read_table(folder / "out.parquet")
    assert scored["id"].to_pylist() == list(range(len(raw)))
    assert scored.schema.field("text") == pq.read_schema(folder / "in.parquet").field("text")
    for text, score in zip(raw, scored["sentiment_score"].to_pylist(), strict=True):
        alone = model.score([text])[0]
        assert (score is None and np.isnan(alone)) or np.float32(score).tobytes() == alone.tobytes()


def test_a_dictionary_of_invalid_utf8_is_named(model: SentimentModel, tmp_path: Path) -> None:
    column = declared_as(pa.dictionary(pa.int8(), pa.string()), [b"great", b"\xff"])
    pq.write_table(pa.table({"review": column}), tmp_path / "in.parquet")
    (result,) = run(model, tmp_path / "in.parquet", tmp_path / "out.parquet").files
    assert result.status == FAILED
    problem = "Invalid UTF8 payload; check that it is a complete Parquet file"
    assert result.reason == f"reading {tmp_path}/in.parquet: {problem}"


def test_invalid_utf8_passes_untouched_and_is_counted(
    model: SentimentModel, tmp_path: Path
) -> None:
    raw = pa.array([b"great\xfffilm", b"awful film"])
    pq.write_table(
        pa.table({"review": pa.Array.from_buffers(pa.string(), 2, raw.buffers())}),
        tmp_path / "in.parquet",
    )
    (result,) = run(model, tmp_path / "in.parquet", tmp_path / "out.parquet").files
    assert (result.status, result.counts.invalid, result.counts.rows) == (SCORED, 1, 2)
    assert (
        pq.read_table(tmp_path / "out.parquet")["review"].cast(pa.binary()).to_pylist()
        == raw.to_pylist()
    )


def test_windows_threads_and_row_groups_do_not_change_a_byte(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reviews(tmp_path / "in.parquet", some_texts(300), row_group_size=70)
    run(model, tmp_path / "in.parquet", tmp_path / "one.parquet", threads=1)
    run(model, tmp_path / "in.parquet", tmp_path / "two.parquet", threads=2)
    monkeypatch.setattr(parquet_reader, "WINDOW_ROWS", 13)
    run(model, tmp_path / "in.parquet", tmp_path / "small.parquet", threads=3)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "small.parquet").read_bytes()


@pytest.mark.parametrize("compression", ["zstd", {"data.review": "gzip", "id": "none"}])
def test_a_field_of_a_struct_is_read_from_a_file(
    model: SentimentModel, tmp_path: Path, compression: str | dict[str, str]
) -> None:
    texts = some_texts(50)
    data = pa.array([{"review": text, "stars": 1} for text in texts])
    table = pa.table({"id": range(50), "data": data, "json": pa.array(texts, pa.json_())})
    pq.write_table(table, tmp_path / "in.parquet", compression=compression)
    for name, keep in (("data.review", None), ("data.review", ()), ("json", ("data",))):
        target = tmp_path / "out.parquet"
        result = run(model, tmp_path / "in.parquet", target, text_column=name, keep=keep)
        assert result.count(SCORED) == 1, result.files[0].reason
        scored = pq.read_table(target)
        kept = table.column_names if keep is None else list(keep)
        assert scored.select(kept).equals(table.select(kept))
        expected = model.score(texts)
        assert np.array_equal(scored["sentiment_score"].to_numpy(), expected)


def test_row_groups_follow_the_source(model: SentimentModel, tmp_path: Path) -> None:
    write_reviews(
        tmp_path / "in.parquet",
        some_texts(100),
        row_group_size=30,
        compression={"id": "snappy", "review": "gzip"},
    )
    run(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    metadata = pq.read_metadata(tmp_path / "out.parquet")
    assert [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)] == [
        30,
        30,
        30,
        10,
    ]
    assert [metadata.row_group(0).column(place).compression for place in range(4)] == [
        "SNAPPY",
        "GZIP",
        "GZIP",
        "GZIP",
    ]


def test_a_huge_row_group_is_written_in_parts(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_writer, "ROW_GROUP_BYTES", 2000)
    monkeypatch.setattr(parquet_reader, "WINDOW_BYTES", 1000)
    write_reviews(tmp_path / "in.parquet", some_texts(200))
    run(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    metadata = pq.read_metadata(tmp_path / "out.parquet")
    assert metadata.num_rows == 200
    assert metadata.num_row_groups > 10


def test_a_finished_output_is_skipped_and_not_touched(
    model: SentimentModel, tmp_path: Path
) -> None:
    write_reviews(tmp_path / "in.parquet", some_texts(5))
    run(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    before = (tmp_path / "out.parquet").stat()
    (again,) = run(model, tmp_path / "in.parquet", tmp_path / "out.parquet").files
    assert (again.status, again.reason) == (SKIPPED, "already done")
    assert (tmp_path / "out.parquet").stat() == before or (
        tmp_path / "out.parquet"
    ).stat().st_mtime_ns == before.st_mtime_ns


def test_a_stale_output_is_scored_anew_and_the_reason_given(
    model: SentimentModel, other_model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(model, source, target)
    assert run(other_model, source, target).files[0].reason == "scored anew: the model changed"
    write_reviews(source, some_texts(6))
    (result,) = run(other_model, source, target).files
    assert (result.status, result.reason, result.counts.rows) == (
        SCORED,
        "scored anew: the input changed",
        6,
    )
    assert run(other_model, source, target, force=True).files[0].reason == "scored anew: --force"


def test_what_another_version_of_the_scorer_wrote_is_scored_anew(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(model, source, target)
    monkeypatch.setattr(freshness, "__version__", "99.0")
    (result,) = run(model, source, target).files
    assert result.reason == "scored anew: the scorer's version changed"
    monkeypatch.setattr(freshness, "STAMP_VERSION", 99)
    monkeypatch.setattr(freshness, "__version__", "100.0")
    assert run(model, source, target).files[0].reason == result.reason


def test_what_another_run_finished_meanwhile_is_seen_under_the_lock(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    look = preparation.make_folder

    def finish_in_between(output: Path) -> None:
        monkeypatch.setattr(preparation, "make_folder", look)
        run(model, source, target)

    monkeypatch.setattr(preparation, "make_folder", finish_in_between)
    (result,) = run(model, source, target).files
    assert (result.status, result.reason) == (SKIPPED, "already done")
    assert left_in(tmp_path) == ["in.parquet", "out.parquet"]


def test_the_pages_of_an_output_have_checksums(model: SentimentModel, tmp_path: Path) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(9)), tmp_path / "out.parquet"
    run(model, source, target, compression="none")
    chunk = pq.read_metadata(target).row_group(0).column(0)
    content = bytearray(target.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    target.write_bytes(content)
    with pytest.raises(OSError, match="CRC checksum verification failed"):
        pq.ParquetFile(target, page_checksum_verification=True).read()


def test_a_file_that_is_not_ours_is_not_replaced_unasked(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    for name, content in (("other.parquet", source.read_bytes()), ("notes.txt", b"mine")):
        target = tmp_path / name
        target.write_bytes(content)
        (result,) = run(model, source, target).files
        assert (result.status, target.read_bytes()) == (FAILED, content)
        problem = "a file that scorer didn't write stands there; add --force to replace it"
        assert result.reason == f"writing {target}: {problem}"
        assert run(model, source, target, force=True).files[0].reason == "replaced"


def place_of(path: Path) -> tuple[int, int, int]:
    """Return what changes where a file is replaced or written; a look at a link sets its atime."""
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_mtime_ns


@pytest.mark.parametrize("force", [False, True])
def test_only_a_regular_file_is_ever_replaced(
    model: SentimentModel, tmp_path: Path, *, force: bool
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(model, source, tmp_path / "ours.parquet")
    target.symlink_to(tmp_path / "ours.parquet")
    pipe = tmp_path / "pipe.parquet"
    os.mkfifo(pipe)
    device = tmp_path / "device.parquet"
    device.symlink_to("/dev/null")
    for path, what in ((target, "a link"), (pipe, "a pipe"), (device, "a link")):
        before = place_of(path)
        (result,) = run(model, source, path, force=force).files
        assert result.reason == (
            f"writing {path}: {what} stands there; move it away or name another output"
        )
        assert place_of(path) == before


def test_a_bad_file_does_not_take_the_others_with_it(model: SentimentModel, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    write_reviews(source / "a.parquet", some_texts(50))
    whole = write_reviews(source / "deep/b.parquet", some_texts(5000)).read_bytes()
    (source / "c.parquet").write_bytes(whole[: len(whole) // 2])
    (source / "d.parquet").write_bytes(b"")
    damaged = bytearray(whole)
    damaged[2000:2100] = bytes(100)
    (source / "e.parquet").write_bytes(damaged)
    pq.write_table(pa.table({"n": [1]}), source / "f.parquet")
    pq.write_table(pa.table({"review": ["x"], "sentiment": ["y"]}), source / "g.parquet")
    (target / "h.parquet").mkdir(parents=True)
    write_reviews(source / "h.parquet", some_texts(5))
    (source / ".hidden.parquet").write_bytes(b"")
    (source / "_SUCCESS").write_bytes(b"")

    results = {result.task.input.name: result for result in run(model, source, target).files}

    assert {name: result.status for name, result in results.items()} == {
        "a.parquet": SCORED, "b.parquet": SCORED, "c.parquet": FAILED, "d.parquet": FAILED,
        "e.parquet": FAILED, "f.parquet": FAILED, "g.parquet": FAILED, "h.parquet": FAILED,
    }  # fmt: skip
    for name, result in results.items():
        if result.status == FAILED:
            assert name in result.reason
            assert "\n" not in result.reason
    assert "no text column was found among 'n'" in results["f.parquet"].reason
    assert "there is a column 'sentiment' already" in results["g.parquet"].reason
    assert "a folder stands there" in results["h.parquet"].reason
    assert left_in(target) == ["a.parquet", "deep/b.parquet"]


def test_an_unexpected_error_is_named_and_the_next_file_scored(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_reviews(tmp_path / "in" / name, some_texts(5))
    whole = OpenInput.of

    def broken(task: Task, *rest: object) -> OpenInput:
        return whole(task, *rest) if "b." in str(task.input) else 1 / 0

    monkeypatch.setattr(OpenInput, "of", broken)
    first, second = run(model, tmp_path / "in", tmp_path / "out").files
    assert (first.status, second.status) == (FAILED, SCORED)
    assert "unexpected ZeroDivisionError: division by zero; please report it" in first.reason


def test_counts_add_up(model: SentimentModel, tmp_path: Path) -> None:
    texts = ["great film", "awful film", None, "", "<br/>", "great " * 1500, "zzzunheardof"]
    write_reviews(tmp_path / "in.parquet", texts, row_group_size=2)
    counts = run(model, tmp_path / "in.parquet", tmp_path / "out.parquet").counts
    assert (
        counts.rows,
        counts.without_text,
        counts.scored,
        counts.truncated,
        counts.tokens,
        counts.unknown,
    ) == (7, 3, 4, 1, 1505, 1)
    assert counts.positive == sum(
        score is not None and score >= 0.5
        for score in pq.read_table(tmp_path / "out.parquet")["sentiment_score"].to_pylist()
    )


def test_the_kernel_alone_gives_what_the_job_writes(model: SentimentModel, tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(40))
    run(model, source, tmp_path / "out.parquet")
    (batch,) = pq.read_table(source).to_batches()
    assert pa.Table.from_batches([Kernel(model, batch.schema)(batch)]).equals(
        pq.read_table(tmp_path / "out.parquet")
    )
