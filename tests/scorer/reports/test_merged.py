"""The reports of all shards, merged, are the report of the whole run; others are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from helpers import some_texts, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import UsageError
from scorer.job.result import JobResult
from scorer.planning.shards import Share
from scorer.reports.merged import MergedResult, merge, missing, read_shards
from scorer.reports.prometheus import metrics_text
from scorer.reports.report import Figures, Report, read_report, write_report
from scorer.reports.text import closing_lines, summary

SHARDS = 3
ADVICE = "name the reports of one run, or run the shards again that are behind"
COUNTED = [
    "rows", "reused", "without_text", "invalid_utf8", "truncated", "times_truncated",
    "codecs_replaced", "tokens", "unknown_tokens", "unknown_rate", "positive", "positive_share",
    "score_histogram", "unknown_heavy", "from_outputs", "other_language", "too_unknown",
    "uncertain",
]  # fmt: skip
TIMES = ["seconds", "stage_seconds", "rows_per_second"]


def write_dump(folder: Path) -> None:
    for number in range(7):
        texts: list[str | None] = [*some_texts(3 + number, number), None, "zzz unheardof"]
        write_reviews(folder / f"in/day={number % 2}/{number}.parquet", texts)
    (folder / "in/day=1/0.parquet").write_text("no parquet")
    (folder / "in/notes.txt").touch()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, model: SentimentModel) -> Path:
    """Return a folder with the report of a run, whole.json, and those of its shards, 1.json on."""
    folder = tmp_path_factory.mktemp("run")
    write_dump(folder)
    options = Options(threads=1)
    write_report(
        score_files(folder / "in", folder / "out", model=model, options=options),
        folder / "whole.json",
    )
    for number in range(1, SHARDS + 1):
        result = score_files(
            folder / "in",
            folder / "shards",
            model=model,
            options=options,
            shard=(number, SHARDS),
        )
        write_report(result, folder / f"{number}.json")
    return folder


def paths_in(folder: Path) -> list[Path]:
    return [folder / f"{number}.json" for number in range(1, SHARDS + 1)]


@pytest.fixture
def paths(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return copies of the reports of the shards, by names in the working folder."""
    monkeypatch.chdir(tmp_path)
    for path in paths_in(run):
        Path(path.name).write_bytes(path.read_bytes())
    return paths_in(Path())


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))


def merged(run: Path) -> MergedResult:
    return merge(read_shards(paths_in(run)))


def test_what_is_counted_is_that_of_the_whole_run(run: Path) -> None:
    whole, all_shards = read_report(run / "whole.json"), merged(run).to_report()
    known = [one.name for one in fields(Figures)]
    # A shard doesn't know the texts of another.
    known.remove("repeated")
    assert sorted([*COUNTED, *TIMES]) == sorted(known)
    told = [read_report(path).total.repeated for path in paths_in(run)]
    assert all_shards.total.repeated == sum(told)
    for name in COUNTED:
        assert getattr(all_shards.total, name) == getattr(whole.total, name)
    for name in (
        "report_version", "model", "versions", "notes", "fingerprint", "options", "scored",
        "skipped", "failed", "left_aside", "outputs_without_input",
    ):  # fmt: skip
        assert getattr(all_shards, name) == getattr(whole, name)
    assert (whole.scored, whole.failed, whole.left_aside.files) == (7, 1, 1)


def test_files_stand_in_the_order_of_the_whole_run_as_their_shards_told_them(run: Path) -> None:
    whole, report = read_report(run / "whole.json"), merged(run).to_report()
    told = [one for path in paths_in(run) for one in read_report(path).files]
    assert sorted(map(repr, report.files)) == sorted(map(repr, told))
    assert [one.input for one in report.files] == [one.input for one in whole.files]
    assert [one.status for one in report.files] == [one.status for one in whole.files]


def test_times_are_the_longest_and_what_was_used_is_the_sum(run: Path) -> None:
    reports, report = [read_report(path) for path in paths_in(run)], merged(run).to_report()
    assert report.started == min(one.started for one in reports)
    assert report.total.seconds == max(one.total.seconds for one in reports)
    assert report.total.rows_per_second == pytest.approx(
        report.total.rows / report.total.seconds, abs=0.1
    )
    for stage, seconds in report.total.stage_seconds.items():
        parts = sum(one.total.stage_seconds[stage] for one in reports)
        assert seconds == pytest.approx(parts, abs=1e-4)
    assert report.threads == sum(one.threads for one in reports) == SHARDS
    assert report.cpu_seconds == pytest.approx(sum(one.cpu_seconds for one in reports))
    assert report.peak_memory_bytes == max(one.peak_memory_bytes for one in reports)


def test_it_begins_with_the_first_shard_and_ends_with_the_last(paths: list[Path]) -> None:
    for path, minute in zip(paths, (30, 10, 20), strict=True):
        edit(path, set_in("started", value=f"2026-11-25T02:{minute}:00Z"))
    result = merge(read_shards(paths))
    assert result.to_report().started == "2026-11-25T02:10:00Z"
    # 02:30 and some seconds.
    assert result.ended == 1795573800 + read_report(paths[0]).total.seconds
    assert result.seconds < 600


def test_it_is_a_report_of_all_shards_that_is_not_merged_again(run: Path, tmp_path: Path) -> None:
    report = merged(run).to_report()
    assert report.shard == Share(None, SHARDS, 8, read_report(run / "1.json").shard.plan,
                                 str(run / "shards"))  # fmt: skip
    path = tmp_path / "all.json"
    report.write(path)
    assert read_report(path) == report
    for other, what in ((path, "merged already"), (run / "whole.json", "of a run without --shard")):
        with pytest.raises(UsageError) as caught:
            read_shards([run / "1.json", other])
        assert str(caught.value) == (
            f"merging the reports: {other} is {what}; name the reports of the shards"
        )


def test_the_summary_and_the_metrics_are_those_of_all(run: Path) -> None:
    result, whole = merged(run), read_report(run / "whole.json")
    assert summary(result) == (
        f"8 files of {SHARDS} shards: 7 scored, 1 failed; {whole.total.rows} rows written; "
        f"{whole.total.unknown_heavy} with half of their words unknown or more"
    )
    assert closing_lines(result) == ["left aside: 1 other file, such as notes.txt"]
    text = metrics_text(result)
    assert f"\nreview_sentiment_rows {whole.total.rows}\n" in text
    assert '\nreview_sentiment_files{status="failed"} 1\n' in text
    ends = [shard.started + shard.report.total.seconds for shard in read_shards(paths_in(run))]
    (ended,) = (line for line in text.splitlines() if line.startswith("review_sentiment_run_time"))
    assert float(ended.split()[1]) == pytest.approx(max(ends))


def test_the_order_in_which_reports_are_named_changes_nothing(run: Path) -> None:
    backwards = merge(read_shards(paths_in(run)[::-1]))
    assert backwards.to_report() == merged(run).to_report()


def test_missing_shards_are_numbered(run: Path) -> None:
    first, second, third = paths_in(run)
    assert missing(read_shards([first, second, third])) == []
    assert missing(read_shards([third])) == [1, 2]
    assert missing(read_shards([first, third])) == [2]


def test_the_same_report_twice_counts_once_and_two_of_one_shard_are_refused(
    paths: list[Path],
) -> None:
    Path("again.json").write_bytes(paths[1].read_bytes())
    assert len(read_shards([*paths, Path("again.json"), paths[0]])) == SHARDS
    edit(Path("again.json"), lambda stored: stored.update(cpu_seconds=7.0))
    with pytest.raises(UsageError) as caught:
        read_shards([*paths, Path("again.json")])
    assert str(caught.value) == (
        "merging the reports: 2.json and again.json are both of shard 2, and they differ; leave "
        "one out"
    )


def set_in(*keys: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(stored: dict[str, Any]) -> None:
        for key in keys[:-1]:
            stored = stored[key]
        stored[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (set_in("shard", "of", value=4), "the number of shards, 3 and 4"),
        (set_in("shard", "files", value=9), "the number of all files, 8 and 9"),
        (set_in("shard", "plan", value="f" * 64), "the digest of the plan, {plan} and " + "f" * 12),
        (set_in("model", "sha256", value="f" * 64), "the model, {model} and ffffffffffff"),
        (set_in("versions", "scorer", value="0.1.9"), "the version of scorer, {scorer} and 0.1.9"),
        (
            set_in("versions", "onnxruntime", value="1.0.0"),
            "the version of onnxruntime, {onnxruntime} and 1.0.0",
        ),
        (set_in("options", "keep", value=["id"]), "the option keep, None and ['id']"),
        (set_in("options", "prefix", value="x_"), "the option prefix, '' and x_"),
        (set_in("options", "int96", value="truncate"), "the option int96, None and truncate"),
    ],
)  # fmt: skip
def test_a_report_of_another_run_is_refused_by_what_differs(
    paths: list[Path], change: Callable[[dict[str, Any]], None], difference: str
) -> None:
    report = read_report(paths[0])
    known = {"plan": report.shard.plan[:12], "model": report.model.sha256[:12], **report.versions}
    edit(paths[2], change)
    with pytest.raises(UsageError) as caught:
        read_shards(paths)
    assert str(caught.value) == (
        f"merging the reports: 1.json and 3.json differ in {difference.format(**known)}; {ADVICE}"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("threads", 7), ("force", True), ("max_cell", 1 << 30), ("where", ["day>=0"])],
)
def test_options_that_change_no_byte_may_differ(
    paths: list[Path], name: str, value: object
) -> None:
    edit(paths[2], set_in("options", name, value=value))
    report = merge(read_shards(paths)).to_report()
    assert report.options == Options(threads=1)


def test_kinds_of_cpu_that_differ_are_told(paths: list[Path]) -> None:
    for path, fingerprint in zip(paths, ("a", "b", "a"), strict=True):
        edit(path, set_in("fingerprint", value=fingerprint))
    report = merge(read_shards(paths)).to_report()
    assert (report.fingerprint, report.notes) == (
        None,
        (
            "2 kinds of CPU scored (shards 1, 3; shards 2): between them scores agree within "
            "1e-5, not to the bit",
        ),
    )
    # A shard that scored nothing has no kind.
    for path, fingerprint in zip(paths, ("a", None, "a"), strict=True):
        edit(path, set_in("fingerprint", value=fingerprint))
    report = merge(read_shards(paths)).to_report()
    assert (report.fingerprint, report.notes) == ("a", ())


def test_notes_of_the_shards_are_told_once(paths: list[Path]) -> None:
    for path in paths:
        edit(path, set_in("notes", value=["one", path.name]))
    notes = merge(read_shards(paths)).notes
    assert notes == ("one", "1.json", "2.json", "3.json")


def drop_a_file(stored: dict[str, Any]) -> None:
    stored["files"].pop()


def rename_a_file(stored: dict[str, Any]) -> None:
    stored["files"][0]["output"] += "x"


@pytest.mark.parametrize(("change", "count"), [(drop_a_file, 7), (rename_a_file, 8)])
def test_files_that_are_not_those_of_the_plan_are_refused(
    paths: list[Path], change: Callable[[dict[str, Any]], None], count: int
) -> None:
    edit(max(paths, key=lambda path: len(read_report(path).files)), change)
    with pytest.raises(UsageError) as caught:
        merge(read_shards(paths))
    assert str(caught.value) == (
        f"merging the reports: the {count} files that they name are not the 8 of the plan, so one "
        "was edited; run its shard again"
    )


def shorten(stored: dict[str, Any]) -> None:
    for one in stored["files"]:
        one["score_histogram"].pop()


def add_a_stage(stored: dict[str, Any]) -> None:
    for one in stored["files"]:
        one["stage_seconds"]["waiting"] = 1.0


@pytest.mark.parametrize("change", [shorten, add_a_stage])
def test_figures_that_do_not_add_up_are_refused(
    paths: list[Path], change: Callable[[dict[str, Any]], None]
) -> None:
    edit(paths[0], change)
    with pytest.raises(UsageError) as caught:
        read_shards(paths)
    assert str(caught.value) == (
        "reading the report 1.json: its bins of scores or its stages are not those of this "
        "version; run its shard again"
    )


def test_what_is_no_report_is_refused(paths: list[Path]) -> None:
    edit(paths[0], set_in("started", value="yesterday"))
    with pytest.raises(UsageError) as caught:
        read_shards(paths)
    assert str(caught.value) == (
        "reading the report 1.json: the key 'started' holds 'yesterday', no time; name a file "
        "that --report wrote"
    )
    edit(paths[1], set_in("report_version", value=1))
    with pytest.raises(UsageError, match="it is no report of version 2"):
        read_shards(paths[1:])
    with pytest.raises(UsageError, match=r"none\.json: No such file or directory"):
        read_shards([Path("none.json")])


def test_a_result_without_shards_ends_when_its_seconds_are_over(
    model: SentimentModel, run: Path
) -> None:
    result = score_files(run / "in", run / "out", model=model)
    assert isinstance(result, JobResult)
    assert result.ended == result.started + result.seconds
    assert Report.of(result).shard is None
