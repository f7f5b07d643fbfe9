"""A changed input is seen, whatever its size, footer and times; an unchanged one isn't read."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from time import time_ns
from typing import Any

import pyarrow.parquet as pq
import pytest

from edited import CODECS, WAYS, is_alike, rewrite_and_put_the_time_back, write_pair
from helpers import left_in, resealed, some_texts, write_huge, write_reviews
from opened import Uses, uses_of
from scorer import SentimentModel
from scorer.errors import Stopped
from scorer.job import entry
from scorer.job.result import FAILED, PLANNED, SCORED, SKIPPED, STOPPED, FileResult
from scorer.job.run import preview_job, run_job
from scorer.modelfile import ModelFile
from scorer.planning import freshness, seen
from scorer.planning.freshness import FREE_OPTIONS, STAMP_KEY, Asked
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.storage import identity, notes
from scorer.storage.identity import FileIdentity, InputId
from scorer.storage.source_file import SourceFile
from scorer.tables import parquet_reader

CHANGED = "scored anew: the input changed"
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts openings")


@pytest.fixture(params=["attribute", "state folder"])
def kept_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where what was seen is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if request.param == "state folder":
        without_attributes(monkeypatch)
    return request.param


def without_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "setxattr", raising=False)
    monkeypatch.delattr(os, "getxattr", raising=False)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds after everything was written."""
    monkeypatch.setattr(identity, "time_ns", lambda: time_ns() + 10_000_000_000)


def run(source: Path, target: Path, model: SentimentModel, **options: object) -> list[FileResult]:
    return list(run_job(plan([source], target), model, Options(**options)).files)


def verdicts(results: list[FileResult]) -> list[tuple[str, str]]:
    return [(result.status, result.reason) for result in results]


@contextmanager
def uses(source: Path, results: list[tuple[str, str]], model: SentimentModel) -> Iterator[Uses]:
    """Run again, with these results; yield how the inputs were used."""
    tasks = plan([source], source.with_name("out"))
    with uses_of(task.input for task in tasks.tasks) as counted:
        found = run_job(tasks, model, Options()).files
    assert verdicts(list(found)) == results
    yield counted


def forget(*outputs: Path) -> None:
    """Remove what was kept, wherever it is."""
    for output in outputs:
        if hasattr(os, "removexattr") and hasattr(os, "getxattr"):
            os.removexattr(output, notes.ATTRIBUTE.format(seen.NAME))
        else:
            notes.note_path(output, seen.NAME).unlink()


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("way", WAYS)
def test_an_edited_cell_is_seen_however_the_file_takes_the_others_place(
    model: SentimentModel, tmp_path: Path, way: str
) -> None:
    before, change = WAYS[way]
    pairs = [write_pair(tmp_path, codec, codec, seed) for seed, codec in enumerate(CODECS)]
    for pair in pairs:
        before(*pair)
    source, target = tmp_path / "in", tmp_path / "out"
    assert verdicts(run(source, target, model)) == [(SCORED, "")] * 4
    assert verdicts(run(source, target, model)) == [(SKIPPED, "already done")] * 4
    for pair in pairs:
        change(*pair)
    assert verdicts(run(source, target, model)) == [(SCORED, CHANGED)] * 4
    assert verdicts(run(source, target, model)) == [(SKIPPED, "already done")] * 4


def test_the_edits_of_these_tests_leave_size_and_footer_as_they_were(tmp_path: Path) -> None:
    pairs = [write_pair(tmp_path, str(seed), "none", seed) for seed in range(20)]
    assert sum(is_alike(*pair) for pair in pairs) > 10


def test_an_edit_within_the_second_of_the_first_run_is_seen(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that keeps times to two seconds, nothing else would show it."""
    whole, step = FileIdentity.of, 2_000_000_000

    def rounded(found: os.stat_result) -> FileIdentity:
        seen = whole(found)
        return replace(seen, mtime_ns=seen.mtime_ns // step * step, ctime_ns=start)

    start = time_ns() // step * step
    monkeypatch.setattr(FileIdentity, "of", rounded)
    monkeypatch.setattr(identity, "time_ns", lambda: start + step)
    pair = next(
        pair
        for seed in range(20)
        if is_alike(*(pair := write_pair(tmp_path, str(seed), "none", seed)))
    )
    assert verdicts(run(pair[0], tmp_path / "out.parquet", model)) == [(SCORED, "")]
    rewrite_and_put_the_time_back(*pair)
    assert verdicts(run(pair[0], tmp_path / "out.parquet", model)) == [(SCORED, CHANGED)]


@linux
@pytest.mark.usefixtures("later", "kept_in")
def test_an_unchanged_input_is_looked_at_once_and_not_opened(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    paths = [write_reviews(source / f"{name}.parquet", some_texts(5)) for name in "abc"]
    run(source, target, model)
    skipped = [(SKIPPED, "already done")] * 3
    outputs = [target / path.name for path in paths]
    with uses(source, skipped, model) as first:
        assert first == Uses(opened=0, looked_at=3)
    before = [path.read_bytes() for path in outputs]
    forget(outputs[1])
    with uses(source, skipped, model) as without:
        # Its footer is read, its columns are found, and it is hashed.
        assert 0 < without.opened <= 3
    with uses(source, skipped, model) as mended:
        assert mended == first
    assert [path.read_bytes() for path in outputs] == before


@linux
@pytest.mark.usefixtures("later")
def test_another_choice_of_partitions_opens_no_input_that_is_done(
    model: SentimentModel, tmp_path: Path
) -> None:
    paths = [write_reviews(tmp_path / f"in/day={day}/a.parquet", some_texts(5)) for day in "123"]
    run(tmp_path / "in", tmp_path / "out", model)
    chosen = Options(where=("day>1",), success_file=True)
    tasks = plan([tmp_path / "in"], tmp_path / "out", chosen.where)
    with uses_of(paths) as counted:
        found = run_job(tasks, model, chosen).files
    assert (len(found), counted) == (2, Uses(opened=0, looked_at=2))


@linux
@pytest.mark.usefixtures("kept_in")
def test_an_input_that_was_new_is_hashed_once_more_and_then_no_more(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    write_reviews(source / "a.parquet", some_texts(5))
    run(source, target, model)
    monkeypatch.setattr(identity, "time_ns", lambda: time_ns() + 10_000_000_000)
    for opened in (True, False):
        with uses(source, [(SKIPPED, "already done")], model) as counted:
            assert (counted.opened > 0) is opened


@pytest.mark.usefixtures("later", "kept_in")
def test_the_same_content_under_new_times_is_not_scored_again(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(source, target, model)
    shutil.copy(source, tmp_path / "copy")
    (tmp_path / "copy").replace(source)
    os.utime(source, ns=(1, 1))
    assert verdicts(run(source, target, model)) == [(SKIPPED, "already done")]


@pytest.mark.usefixtures("later", "kept_in")
def test_what_is_kept_counts_only_for_what_is_asked_for(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(source, target, model)
    other = SentimentModel(ModelFile("o", resealed(model.file.content, b'"date":"2', b'"date":"3')))
    assert run(source, target, other)[0].reason == "scored anew: the model changed"
    for options in ({"keep": ("id",)}, {"prefix": "x_"}, {"compression": "gzip"}):
        assert run(source, target, other, **options)[0].reason == "scored anew: the options changed"
        assert run(source, target, other, **options)[0].reason == "already done"
    # The columns are the same, however they were asked for.
    asked = {**options, "text_column": "review"}
    assert run(source, target, other, **asked)[0].reason == "already done"
    assert run(source, target, other, **options, force=True)[0].reason == "scored anew: --force"
    refused = run(source, target, other, text_column="id")[0]
    assert (refused.status, "column 'id' is of type int64" in refused.reason) == (FAILED, True)


def test_every_option_counts_unless_it_is_known_to_change_no_byte(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: dict[str, object] = {
        "text_column": "x", "keep": ("x",), "prefix": "x", "compression": "gzip", "threads": 7,
        "force": True, "max_cell": 7, "drop": ("x",), "int96": "truncate",
        "where": ("day>x",), "success_file": True, "format": "csv", "encoding": "cp1252",
        "escape": True, "infer_types": True, "max_unknown": 0.5, "only_language": "en",
        "uncertain": 0.9, "reasons": True, "quality": True,
    }  # fmt: skip
    monkeypatch.setattr(freshness, "detector_version", lambda: "py3langid 1")
    for option in fields(Options):
        together = {"uncertain": 0.9} if option.name == "uncertain_domain" else {}
        promise = Asked.of(model, Options(**together)).promise_of({})
        value = changed.get(option.name, "x")
        asked = Asked.of(model, Options(**together | {option.name: value}))
        assert (asked.promise_of({}) == promise) is (option.name in FREE_OPTIONS), option.name


@pytest.mark.usefixtures("later")
def test_what_was_kept_with_another_output_is_of_no_use(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    kept: list[seen.Seen] = []
    monkeypatch.setattr(entry, "write_seen", lambda output, record: kept.append(record))
    run(source, tmp_path / "a.parquet", model)
    run(source, tmp_path / "b.parquet", model, keep=())
    monkeypatch.undo()
    seen.write_seen(tmp_path / "b.parquet", kept[0])
    assert run(source, tmp_path / "b.parquet", model)[0].reason == (
        "scored anew: the options changed"
    )


def test_an_output_does_not_depend_on_its_inputs_path_and_times_nor_on_what_is_kept(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first = write_reviews(tmp_path / "in.parquet", some_texts(5))
    second = tmp_path / "another/name"
    second.parent.mkdir()
    shutil.copy(first, second)
    os.utime(second, ns=(1, 1))
    run(first, tmp_path / "first.parquet", model)
    without_attributes(monkeypatch)
    run(second, tmp_path / "second.parquet", model)
    assert (tmp_path / "first.parquet").read_bytes() == (tmp_path / "second.parquet").read_bytes()
    stamp = json.loads(pq.read_metadata(tmp_path / "first.parquet").metadata[STAMP_KEY.encode()])
    assert list(stamp["input"]) == ["sha256"]


def test_a_run_killed_before_it_kept_what_it_saw_hashes_once_more(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"

    def killed(output: Path, record: seen.Seen) -> None:
        raise Stopped("killed", 137)

    monkeypatch.setattr(entry, "write_seen", killed)
    with pytest.raises(Stopped):
        run(source, target, model)
    monkeypatch.undo()
    whole = target.read_bytes()
    assert verdicts(run(source, target, model)) == [(SKIPPED, "already done")]
    assert target.read_bytes() == whole
    assert left_in(tmp_path) == ["in.parquet", "out.parquet"]


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_what_an_older_stamp_says_of_the_input_is_not_compared(
    model: SentimentModel, tmp_path: Path, version: str
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(source, target, model)
    table = pq.read_table(target)
    stored = json.loads(pq.read_metadata(target).metadata[STAMP_KEY.encode()])
    stored |= {"version": 1, "scorer": version, "input": {"size": 1, "footer_sha256": "0" * 64}}
    metadata = (table.schema.metadata or {}) | {STAMP_KEY: json.dumps(stored)}
    pq.write_table(table.replace_schema_metadata(metadata), target)
    expected = "scored anew: the scorer's version changed"
    tasks = plan([source], target)
    assert preview_job(tasks, model).files[0].reason == expected
    assert verdicts(run(source, target, model)) == [(SCORED, expected)]
    assert verdicts(run(source, target, model)) == [(SKIPPED, "already done")]


@pytest.mark.usefixtures("later", "kept_in")
def test_the_plan_uses_what_was_kept_and_writes_nothing(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    tasks, hashed = plan([source], target), []
    input_id = SourceFile.input_id

    def counted(file: SourceFile, *rest: Any) -> InputId:
        hashed.append(file.path)
        return input_id(file, *rest)

    monkeypatch.setattr(SourceFile, "input_id", counted)
    assert verdicts(list(preview_job(tasks, model).files)) == [(PLANNED, "new")]
    assert hashed == []
    run(source, target, model)
    assert (preview_job(tasks, model).files[0].status, len(hashed)) == (SKIPPED, 1)
    forget(target)
    for times in (2, 3):
        assert (preview_job(tasks, model).files[0].status, len(hashed)) == (SKIPPED, times)
    write_reviews(source, some_texts(6))
    assert verdicts(list(preview_job(tasks, model).files)) == [(PLANNED, CHANGED)]


def test_an_input_that_changes_between_hashing_and_scoring_fails(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size, inode and time of change stay the same; only the ctime tells."""
    pair = write_pair(tmp_path, "a", "none", 1)
    codecs = parquet_reader.ParquetReviews.codecs

    def edited_before(self: parquet_reader.ParquetReviews, *rest: object) -> dict[str, str]:
        rewrite_and_put_the_time_back(*pair)
        return codecs(self, *rest)

    monkeypatch.setattr(parquet_reader.ParquetReviews, "codecs", edited_before)
    assert verdicts(run(pair[0], tmp_path / "out.parquet", model)) == [
        (FAILED, f"reading {pair[0]}: it changed while it was read; run again when it is complete")
    ]
    assert not (tmp_path / "out.parquet").exists()


def test_hashing_a_huge_input_ends_with_the_job(model: SentimentModel, tmp_path: Path) -> None:
    source, stop = write_huge(tmp_path / "in.parquet"), threading.Event()
    threading.Timer(0.3, stop.set).start()
    tasks = plan([source], tmp_path / "out.parquet")
    assert run_job(tasks, model, stop=stop).files[0].status == STOPPED
    # Hashing it to its end would take a minute, and keep the background thread for so long.
    (tmp_path / "b.parquet").write_bytes(b"")
    assert run(tmp_path / "b.parquet", tmp_path / "out.parquet", model)[0].status == FAILED
    assert left_in(tmp_path) == ["b.parquet", "in.parquet"]


def test_the_time_of_hashing_is_in_the_report(model: SentimentModel, tmp_path: Path) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    run(source, target, model)
    (result,) = run(source, target, model)
    assert result.status == SKIPPED
    assert 0 < result.stages["reading"] <= result.seconds


def test_the_arithmetic_is_tried_only_if_a_file_was_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out.parquet"
    tasks = plan([source], target)
    fresh = SentimentModel(model.file)
    assert run_job(tasks, fresh).fingerprint == model.fingerprint
    again = SentimentModel(model.file)
    assert run_job(tasks, again).fingerprint is None
    assert "fingerprint" not in vars(again)
