"""Scores that are known aren't computed again; bytes and counts are those of a fresh run."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, resealed, run_command, some_texts, start_slow_scorer, write_reviews
from scorer import Options, SentimentModel, score_files
from scorer.errors import UsageError
from scorer.job.result import FAILED, SCORED, SKIPPED, FileResult, JobResult, Spared
from scorer.job.run import preview_job, run_job
from scorer.known import earlier_scores
from scorer.known.digests import digests_of
from scorer.known.scores import KnownScores
from scorer.modelfile import ModelFile
from scorer.planning.freshness import STAMP_KEY
from scorer.planning.plan import plan
from scorer.reports.prometheus import metrics_text
from scorer.reports.report import Report
from scorer.reports.text import file_message, summary

ODD: list[str | None] = [None, "", "<br />", "é"]


@pytest.fixture
def asked(model: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that the network was asked for, call by call."""
    rows: list[int] = []
    run = SentimentModel.run

    def counted(self: SentimentModel, token_ids: object, lengths: list[int]) -> object:
        rows.append(len(lengths))
        return run(self, token_ids, lengths)

    assert model.fingerprint
    monkeypatch.setattr(SentimentModel, "run", counted)
    return rows


def fresh(source: Path, target: Path, model: SentimentModel, **options: object) -> JobResult:
    """Score everything, each text as if it were the first."""
    return run_job(plan([source], target), model, Options(remember=0, threads=1, **options))


def reusing(
    source: Path, target: Path, model: SentimentModel, *old: Path, **options: object
) -> JobResult:
    given = tuple(map(str, old))
    return run_job(plan([source], target), model, Options(reuse=given, threads=1, **options))


def counted(result: FileResult) -> object:
    return result.counts


def test_of_a_grown_dump_only_what_is_new_is_scored_and_the_bytes_are_those_of_a_fresh_run(
    model: SentimentModel, tmp_path: Path, asked: list[int]
) -> None:
    texts = [*some_texts(1500), *ODD]
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    fresh(write_reviews(tmp_path / "before.parquet", texts), old, model)
    source = write_reviews(tmp_path / "now.parquet", [*some_texts(12, seed=1), *reversed(texts)])
    expected = fresh(source, tmp_path / "fresh.parquet", model).files[0]
    asked.clear()
    result = reusing(source, new, model, old).files[0]
    assert (sum(asked), result.spared) == (12, Spared(from_outputs=1501))
    assert counted(result) == counted(expected)
    assert new.read_bytes() == (tmp_path / "fresh.parquet").read_bytes()


def test_repeated_texts_are_scored_once_in_a_window_and_over_windows_and_files(
    model: SentimentModel, tmp_path: Path, asked: list[int]
) -> None:
    texts = [*some_texts(900), *ODD]
    chance = random.Random(3)  # noqa: S311  # test data
    source = tmp_path / "in"
    write_reviews(source / "a.parquet", [*texts, *chance.choices(texts, k=2000)])
    write_reviews(source / "b.parquet", [*texts[::-1], "of b alone"])
    expected = fresh(source, tmp_path / "fresh", model).files
    asked.clear()
    target = tmp_path / "out"
    found = run_job(plan([source], target), model, Options(threads=1)).files
    distinct = len(set(texts)) - 3
    assert sum(asked) == distinct + 1
    for one, other in zip(found, expected, strict=True):
        assert counted(one) == counted(other)
        rows = one.counts.scored
        assert one.spared.repeated == rows - (1 if one.task.input.name == "b.parquet" else distinct)
        assert one.task.output.read_bytes() == other.task.output.read_bytes()


def test_more_texts_than_are_remembered_are_scored_again_and_the_report_says_so(
    model: SentimentModel, tmp_path: Path
) -> None:
    texts = some_texts(2000)
    source = write_reviews(tmp_path / "in.parquet", [*texts, *texts])
    expected = fresh(source, tmp_path / "fresh.parquet", model)
    options = Options(threads=1, remember=10_000)
    result = run_job(plan([source], tmp_path / "out.parquet"), model, options)
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "fresh.parquet").read_bytes()
    assert result.counts == expected.counts
    (note,) = result.notes
    assert note in Report.of(result).notes
    assert note == (
        "of more than the 248 texts that --remember keeps the older ones were forgotten; one that "
        "came again was scored again"
    )
    assert expected.notes == ()


def test_equal_digests_are_equal_bytes_so_a_mended_text_is_not_taken_for_an_unmended_one(
    model: SentimentModel,
) -> None:
    texts = pa.array([b"good \xff film", "good � film".encode(), b"good \xff film"],
                     pa.large_binary())  # fmt: skip
    tokens, digests = model.card.tokenizer.encode(texts), digests_of(texts)
    nothing = np.full(3, np.nan, np.float32)
    rated = KnownScores(model, Options()).rate(model, tokens, digests, nothing)
    assert rated.repeated.tolist() == [False, False, True]
    assert rated.values.tobytes() == model.score(texts).tobytes()
    assert len(tokens.mended) == 2


def test_a_folder_is_mirrored_by_name_and_a_file_serves_all(
    model: SentimentModel, tmp_path: Path, asked: list[int]
) -> None:
    before, now, old = tmp_path / "before", tmp_path / "now", tmp_path / "old"
    for name, seed in (("a.parquet", 1), ("x/b.parquet", 2)):
        write_reviews(before / name, some_texts(40, seed))
        write_reviews(now / name, some_texts(44, seed))
    write_reviews(now / "c.parquet", some_texts(20, 4))
    fresh(before, old, model)
    fresh(write_reviews(tmp_path / "c.parquet", some_texts(19, 4)), tmp_path / "d.parquet", model)
    fresh(now, tmp_path / "fresh", model)
    asked.clear()
    result = reusing(now, tmp_path / "out", model, old, tmp_path / "d.parquet")
    assert sum(asked) == 4 + 4 + 1
    assert [one.spared.from_outputs for one in result.files] == [40, 19, 40]
    for name in left_in(tmp_path / "fresh"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_the_output_itself_is_read_before_it_is_replaced_and_need_not_be_there(
    model: SentimentModel, tmp_path: Path, asked: list[int], name: str
) -> None:
    source, target = tmp_path / "in", tmp_path / name
    if target.suffix:
        source = source / "a.parquet"
    path = write_reviews(tmp_path / "in/a.parquet", some_texts(50))
    first = reusing(source, target, model, target).files[0]
    assert (first.status, first.spared) == (SCORED, Spared())
    write_reviews(path, some_texts(53))
    asked.clear()
    second = reusing(source, target, model, target).files[0]
    assert (second.reason, sum(asked)) == ("scored anew: the input changed", 3)
    assert second.spared == Spared(from_outputs=50)
    assert reusing(source, target, model, target).files[0].status == SKIPPED
    other = SentimentModel(ModelFile("o", resealed(model.file.content, b'"date":"2', b'"date":"3')))
    third = reusing(source, target, other, target).files[0]
    assert (third.reason, third.spared) == ("scored anew: the model changed", Spared())


def test_an_output_that_is_replaced_and_gives_no_scores_is_scored_anew_and_says_why(
    model: SentimentModel, tmp_path: Path
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(500)), tmp_path / "out"
    fresh(source, target, model, keep=())
    told = reusing(source, target, model, target, prefix="x_").files[0]
    assert (told.reason, told.spared.from_outputs) == ("scored anew: the options changed", 0)
    assert told.note == (
        f"reusing {target}: it lacks the column 'review' with the texts, which --keep or --drop "
        "left out; name an output that has it"
    )
    content = bytearray(target.read_bytes())
    content[len(content) // 3] ^= 1
    target.write_bytes(content)
    damaged = reusing(source, target, model, target).files[0]
    assert (damaged.status, damaged.note.startswith(f"reading {target}: ")) == (SCORED, True)


def test_beyond_a_bound_the_scores_lie_on_disk_and_nothing_is_left_there(
    model: SentimentModel, tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_scores, "RUN_ENTRIES", 300)
    texts = some_texts(2000)
    source = write_reviews(tmp_path / "in.parquet", texts)
    fresh(source, tmp_path / "old.parquet", model)
    asked.clear()
    result = reusing(source, tmp_path / "out.parquet", model, tmp_path / "old.parquet")
    assert (sum(asked), result.spared.from_outputs) == (0, 2000)
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "old.parquet").read_bytes()
    assert left_in(tmp_path) == ["in.parquet", "old.parquet", "out.parquet"]


def restamped(path: Path, **changes: object) -> Path:
    """Write an output once more, with another stamp; a value of None is left out of it."""
    stamp = json.loads(pq.read_metadata(path).metadata[STAMP_KEY.encode()]) | changes
    stored = {name: value for name, value in stamp.items() if value is not None}
    table = pq.read_table(path)
    metadata = (table.schema.metadata or {}) | {STAMP_KEY: json.dumps(stored)}
    target = path.with_name("restamped.parquet")
    pq.write_table(table.replace_schema_metadata(metadata), target)
    return target


DIFFERING = {
    "scorer": ("0.0.9", "its scores are of another scorer, 0.0.9 and not "),
    "model_sha256": ("0" * 64, "its scores are of another model, 000000000000 and not "),
    "pyarrow": ("1.0.0", "its scores are of another tokenizer, pyarrow 1.0.0 and not pyarrow "),
    "fingerprint": ("0" * 64, "its scores are of another arithmetic, 000000000000 and not "),
}


@pytest.mark.parametrize("key", DIFFERING)
def test_scores_of_another_model_tokenizer_or_arithmetic_are_refused_by_name(
    model: SentimentModel, tmp_path: Path, key: str
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    fresh(source, tmp_path / "old.parquet", model)
    value, said = DIFFERING[key]
    old = restamped(tmp_path / "old.parquet", **{key: value})
    with pytest.raises(UsageError) as refused:
        reusing(source, tmp_path / "out.parquet", model, old)
    assert str(refused.value).startswith(f"reusing {old}: {said}")
    assert str(refused.value).endswith(
        "; name an output that agrees with this run, or leave it out"
    )
    assert not (tmp_path / "out.parquet").exists()


def test_an_output_from_before_fingerprints_is_still_done_and_is_refused_for_reuse(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    fresh(source, tmp_path / "old.parquet", model)
    old = restamped(tmp_path / "old.parquet", fingerprint=None, pyarrow=None)
    for _ in range(2):
        assert run_job(plan([source], old), model).files[0].status == SKIPPED
    with pytest.raises(UsageError, match="it doesn't say of which tokenizer"):
        reusing(source, tmp_path / "out.parquet", model, old)


def a_csv(path: Path, model: SentimentModel) -> Path:
    path.write_text("review\ngood\n")
    return path


def not_ours(path: Path, model: SentimentModel) -> Path:
    return write_reviews(path, some_texts(5))


def without_text(path: Path, model: SentimentModel) -> Path:
    fresh(write_reviews(path.with_name("x.parquet"), some_texts(5)), path, model, keep=("id",))
    return path


def missing(path: Path, model: SentimentModel) -> Path:
    return path


def empty_folder(path: Path, model: SentimentModel) -> Path:
    path.mkdir()
    return path


REFUSED = {
    a_csv: "it isn't an output of scorer; name one, or leave it out",
    not_ours: "it isn't an output of scorer; name one, or leave it out",
    without_text: "it lacks the column 'review' with the texts, which --keep or --drop left out; "
    "name an output that has it",
    missing: "there is no such file or folder; check its name",
    empty_folder: "the folder holds no output under the name of one of this run; name the folder "
    "that an earlier run wrote, or an output",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_holds_no_scores_of_texts_is_refused_before_the_first_row(
    model: SentimentModel, tmp_path: Path, kind: Callable[[Path, SentimentModel], Path]
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    old = kind(tmp_path / "old.parquet", model)
    command = ["run", source, tmp_path / "out.parquet", "--reuse", old]
    for more in ([], ["--dry-run"]):
        done = run_command("scorer", *command, *more)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"Error: reusing {old}: {REFUSED[kind]}\n"
    assert not (tmp_path / "out.parquet").exists()


def test_an_old_output_that_was_damaged_within_fails_the_file_and_leaves_no_trace(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(500))
    old = tmp_path / "old.parquet"
    fresh(source, old, model)
    content = bytearray(old.read_bytes())
    content[len(content) // 3] ^= 1
    old.write_bytes(content)
    result = reusing(source, tmp_path / "out.parquet", model, old).files[0]
    assert result.status == FAILED
    assert result.reason.startswith(f"reading {old}: ")
    assert left_in(tmp_path) == ["in.parquet", "old.parquet"]


def test_scores_of_struct_fields_prefixed_columns_and_texts_are_taken_as_well(
    model: SentimentModel, tmp_path: Path, asked: list[int]
) -> None:
    texts = [*some_texts(20), None]
    rows = [{"data": {"review": text}, "sentiment_score": 1} for text in texts]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "struct.parquet")
    named = {"text_column": "data.review", "prefix": "new_"}
    fresh(tmp_path / "struct.parquet", tmp_path / "old.parquet", model, **named)
    lines = [json.dumps({"body": text}) for text in texts]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    asked.clear()
    reusing(tmp_path / "in.jsonl", tmp_path / "out.parquet", model, tmp_path / "old.parquet")
    assert sum(asked) == 0
    old, new = (pq.read_table(tmp_path / name) for name in ("old.parquet", "out.parquet"))
    assert new["sentiment_score"].equals(old["new_sentiment_score"])


def test_scores_stand_before_the_columns_of_what_the_model_does_not_know(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", [*some_texts(40), "zqxv qqzz wvut", *ODD])
    asked = {"reasons": True, "quality": True, "max_unknown": 0.5, "prefix": "of_"}
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    fresh(source, old, model, **asked)
    result = reusing(source, new, model, old, **asked).files[0]
    scored = pq.read_table(old)["of_sentiment_score"]
    assert scored.null_count > len(ODD) - 1
    assert result.spared.from_outputs == len(scored) - scored.null_count
    assert new.read_bytes() == old.read_bytes()


def test_report_summary_and_metrics_count_the_rows_that_were_not_scored(
    model: SentimentModel, tmp_path: Path
) -> None:
    texts = some_texts(30)
    fresh(write_reviews(tmp_path / "in.parquet", texts[:20]), tmp_path / "old.parquet", model)
    source = write_reviews(tmp_path / "now.parquet", [*texts, *texts[25:] * 200])
    result = reusing(source, tmp_path / "out.parquet", model, tmp_path / "old.parquet")
    report = Report.of(result)
    for figures in (report.total, report.files[0].figures):
        assert (figures.rows, figures.from_outputs, figures.repeated) == (1030, 20, 1000)
    assert Report.from_text(report.to_text()) == report
    said = "20 rows had a score in an earlier output; 1,000 rows repeat a text"
    assert summary(result) == f"1 file: 1 scored; 1,030 rows written; {said}"
    assert file_message(result.files[0]).endswith(f"rows/s ({said})")
    gauges = metrics_text(result).splitlines()
    for gauge in ("rows_from_outputs 20", "rows_repeated 1000"):
        assert f"review_sentiment_{gauge}" in gauges
    # A few are not worth a word there.
    few = replace(result.files[0], spared=Spared(repeated=999))
    assert "repeat" not in file_message(few)


def test_the_plan_says_how_many_rows_would_be_scored(model: SentimentModel, tmp_path: Path) -> None:
    texts = [f"{number} {text}" for number, text in enumerate(some_texts(1000))]
    fresh(write_reviews(tmp_path / "in.parquet", texts[:900]), tmp_path / "old.parquet", model)
    source = write_reviews(tmp_path / "now.parquet", [*texts, *texts[950:], None])
    options = Options(reuse=(str(tmp_path / "old.parquet"),), threads=1)
    planned = preview_job(plan([source], tmp_path / "out.parquet"), model, options).files[0]
    assert file_message(planned).endswith("out.parquet: 1,051 rows; new; would score 100 of 1,051")
    result = run_job(plan([source], tmp_path / "out.parquet"), model, options).files[0]
    spared = result.spared
    assert result.counts.scored - spared.from_outputs - spared.repeated == planned.to_score
    assert left_in(tmp_path) == ["in.parquet", "now.parquet", "old.parquet", "out.parquet"]


def test_force_and_reuse_together_are_refused() -> None:
    with pytest.raises(UsageError, match="--force scores everything anew, and --reuse takes"):
        Options(force=True, reuse=("old.parquet",))


def test_an_empty_name_is_refused(model: SentimentModel, tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3))
    with pytest.raises(UsageError, match="reusing: a name is empty; check the variable"):
        score_files(source, tmp_path / "out", model=model, options=Options(reuse=("",)))


def test_score_files_takes_scores_too(model: SentimentModel, tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(9))
    fresh(source, tmp_path / "old.parquet", model)
    options = Options(reuse=(str(tmp_path / "old.parquet"),))
    result = score_files(source, tmp_path / "out.parquet", model=model, options=options)
    assert result.spared == Spared(from_outputs=9)


def test_a_shard_takes_the_scores_of_its_files(model: SentimentModel, tmp_path: Path) -> None:
    for name in "abcdef":
        write_reviews(tmp_path / f"in/{name}.parquet", some_texts(9))
    fresh(tmp_path / "in", tmp_path / "old", model)
    options = Options(reuse=(str(tmp_path / "old"),))
    for number in (1, 2, 3):
        part = (number, 3)
        result = score_files(tmp_path / "in", tmp_path / "out", model=model, options=options,
                             shard=part)  # fmt: skip
        assert result.spared.from_outputs == 9 * len(result.files)


def test_killed_at_any_moment_and_run_again_a_reusing_run_gives_the_bytes_of_a_fresh_one(
    model: SentimentModel, tmp_path: Path
) -> None:
    texts = some_texts(3000)
    source, target, log = tmp_path / "in", tmp_path / "out", tmp_path / "log"
    for name, new in (("a.parquet", 3000), ("b.parquet", 20)):
        write_reviews(source / name, [*texts[:1500], *some_texts(new, 1), *texts[:1500]])
    fresh(write_reviews(tmp_path / "x.parquet", texts[:1000]), tmp_path / "old.parquet", model)
    fresh(source, tmp_path / "fresh", model)
    expected = {
        name: (tmp_path / "fresh" / name).read_bytes() for name in ("a.parquet", "b.parquet")
    }
    chance = random.Random(11)  # noqa: S311  # test data
    command = ["run", source, target, "--threads", 2, "--reuse", tmp_path / "old.parquet"]
    for _ in range(5):
        log.write_text("")
        process = start_slow_scorer(*command, "--reuse", target, seconds=0.05, log=log)
        while process.poll() is None and not log.read_text():
            pass
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, 0.4))
        process.kill()
        process.communicate()
        if target.exists():
            for path in target.glob("*.parquet"):
                assert path.read_bytes() == expected[path.name]
    done = start_slow_scorer(*command)
    assert (*done.communicate()[1:], done.returncode) == ("", 0)
    assert {name: (target / name).read_bytes() for name in left_in(target)} == expected
