"""Objects in, objects out: the same rows and bytes as of files, whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow.parquet as pq
import pytest

from helpers import left_in, some_texts, write_reviews
from small_store import SmallStore
from store_servers import Run


def rows_of(path: Path) -> object:
    return pq.read_table(path).replace_schema_metadata(None)


@pytest.fixture
def local(run: Run, reviews: Path, tmp_path: Path) -> Path:
    """The reviews, scored from file to file."""
    path = tmp_path / "local.parquet"
    assert run(reviews, path).returncode == 0
    return path


def test_an_object_is_scored_into_a_file_as_a_file_would_be(
    store: SmallStore, run: Run, reviews: Path, local: Path, tmp_path: Path
) -> None:
    store.objects["in/a.parquet"] = reviews.read_bytes()
    done = run("s3://bucket/in/a.parquet", tmp_path / "a.parquet")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows_of(tmp_path / "a.parquet") == rows_of(local)


def test_a_file_is_scored_into_an_object_with_the_same_bytes(
    store: SmallStore, run: Run, reviews: Path, local: Path, tmp_path: Path
) -> None:
    done = run(reviews, "s3://bucket/out/a.parquet")
    assert done.stdout.startswith("scored   s3://bucket/out/a.parquet: 3,000 rows")
    assert store.objects["out/a.parquet"] == local.read_bytes()
    assert [name for name in left_in(tmp_path / "state") if not name.startswith("seen")] == []


def test_a_rerun_over_a_folder_lists_twice_reads_the_ends_of_the_outputs_and_writes_nothing(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    for number in range(3):
        store.objects[f"in/day={number}/a b%20.parquet"] = reviews.read_bytes()
    store.objects |= {"in/_SUCCESS": b"", "in/x.csv": b"", "in/.hidden/a.parquet": b"x"}
    store.objects |= {"in/day=1/_tmp/a.parquet": b"x"}
    first = run("s3://bucket/in/", "s3://bucket/out/")
    assert first.returncode == 0, first.stderr
    assert "left aside: 1 other file, such as x.csv" in first.stdout
    written = {key for key in store.objects if key.startswith("out/")}
    assert written == {f"out/day={number}/a b%20.parquet" for number in range(3)}
    store.asked.clear()
    again = run("s3://bucket/in/", "s3://bucket/out/")
    assert again.stdout.count("skipped") == 4  # three files, and the last line
    ranges = [one.key.startswith("out/") for one in store.asked if one.range]
    assert (len(store.asked), ranges) == (5, [True] * 3)
    assert {one.method for one in store.asked} == {"GET"}


def test_scores_are_taken_from_objects_and_from_the_one_that_is_replaced(
    store: SmallStore, run: Run, reviews: Path, local: Path, tmp_path: Path
) -> None:
    more = write_reviews(tmp_path / "more.parquet", [*some_texts(3000), "one more"])
    store.objects["in/a.parquet"] = reviews.read_bytes()
    own = ("s3://bucket/in/", "s3://bucket/out/", "--reuse", "s3://bucket/out/")
    assert "in an earlier output" not in run(*own).stdout
    first = store.objects["out/a.parquet"]
    store.objects["in/a.parquet"] = more.read_bytes()
    done = run(*own)
    taken = "3,000 rows had a score in an earlier output"
    assert (done.returncode, done.stderr, taken in done.stdout) == (0, "", True)
    store.objects["old/a.parquet"] = first
    for old in ("s3://bucket/old/", "s3://bucket/old/a.parquet"):
        store.objects.pop("out/a.parquet")
        assert taken in run(*own[:2], "--reuse", old).stdout
    missing = run(*own[:2], "--reuse", "s3://bucket/none/a.parquet")
    assert (missing.returncode, "reusing s3://bucket/none/a.parquet: " in missing.stderr) == (
        2,
        True,
    )


def test_a_changed_object_is_scored_anew_and_another_option_too(
    store: SmallStore, run: Run, reviews: Path, tmp_path: Path
) -> None:
    store.objects["a.parquet"] = reviews.read_bytes()
    command = ("s3://bucket/a.parquet", "s3://bucket/out.parquet")
    assert run(*command).returncode == 0
    other = write_reviews(tmp_path / "b.parquet", some_texts(50, seed=1))
    store.objects["a.parquet"] = other.read_bytes()
    assert "scored anew: the input changed" in run("--dry-run", *command).stdout
    assert "scored anew: the input changed" in run(*command).stdout
    assert "scored anew: the options changed" in run(*command, "--prefix", "x_").stdout
    assert "already done" in run(*command, "--prefix", "x_").stdout
    # Another way to ask for the same output changes nothing in it.
    before = store.objects["out.parquet"]
    assert "already done" in run(*command, "--prefix", "x_", "--text-column", "review").stdout
    assert store.objects["out.parquet"] == before


def test_an_object_of_somebody_else_is_never_replaced(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    store.objects |= {"theirs.parquet": reviews.read_bytes(), "broken.parquet": b"PAR1 and more"}
    for name, words in (
        ("theirs", "a file that scorer didn't write stands there"),
        ("broken", "a damaged Parquet file stands there"),
    ):
        before = store.objects[f"{name}.parquet"]
        done = run(reviews, f"s3://bucket/{name}.parquet")
        assert done.returncode == 3
        assert f"writing s3://bucket/{name}.parquet: {words}" in done.stderr
        assert store.objects[f"{name}.parquet"] == before
    assert run(reviews, "s3://bucket/theirs.parquet", "--force").returncode == 0
    assert store.objects["theirs.parquet"] != reviews.read_bytes()


def test_an_object_that_appears_meanwhile_is_not_replaced_if_it_is_not_ours(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    def appear(request: object) -> str:
        if getattr(request, "range", ""):
            store.objects["out.parquet"] = b"theirs"
        return ""

    store.objects["in.parquet"] = reviews.read_bytes()
    store.choose = appear
    done = run("s3://bucket/in.parquet", "s3://bucket/out.parquet")
    assert (done.returncode, store.objects["out.parquet"]) == (3, b"theirs")
    assert "a file that scorer didn't write stands there" in done.stderr


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("in/*.parquet", {"a.parquet"}),
        ("in/day=*", {"day=1/b.parquet", "day=2/c.parquet"}),
        ("in/**/[bc].parquet", {"day=1/b.parquet", "day=2/c.parquet"}),
    ],
)
def test_a_glob_takes_what_it_would_take_in_a_folder(
    store: SmallStore, run: Run, tmp_path: Path, pattern: str, names: set[str]
) -> None:
    content = write_reviews(tmp_path / "a.parquet", some_texts(3)).read_bytes()
    for key in ("a.parquet", "day=1/b.parquet", "day=2/c.parquet", "day=2/d.txt"):
        store.objects[f"in/{key}"] = content
    done = run(f"s3://bucket/{pattern}", "s3://bucket/out/")
    assert done.returncode == 0, done.stderr
    written = {key.removeprefix("out/") for key in store.objects if key.startswith("out/")}
    assert written == names


def test_an_object_that_changes_while_it_is_read_is_named(
    store: SmallStore, run: Run, tmp_path: Path
) -> None:
    content = write_reviews(tmp_path / "a", some_texts(40_000), compression="none").read_bytes()
    assert len(content) > 2 << 20

    def change(request: object) -> str:
        # Its end was read by then.
        if sum(bool(one.range) for one in store.asked) == 2:
            store.objects["a.parquet"] = content + b"x"
        return ""

    store.objects["a.parquet"], store.choose = content, change
    done = run("s3://bucket/a.parquet", "s3://bucket/out.parquet")
    assert done.returncode == 3
    assert done.stderr.endswith(
        "reading s3://bucket/a.parquet: it changed while it was read; run again when it is "
        "complete\n"
    )
    assert "out.parquet" not in store.objects


def test_the_next_runs_inputs_are_no_outputs_of_this_one(store: SmallStore, run: Run) -> None:
    store.objects["in/a.parquet"] = b"x"
    done = run("s3://bucket/in/", "s3://bucket/in/scored/")
    assert (done.returncode, "overlap; name a folder beside it" in done.stderr) == (2, True)
    done = run("s3://bucket/in/a.parquet", "s3://bucket/in/a.parquet")
    assert (done.returncode, "are the same file" in done.stderr) == (2, True)
    done = run("s3://bucket/in/**/*.parquet", "s3://bucket/in/scored/")
    assert (done.returncode, "would be an input of the next run" in done.stderr) == (2, True)


def test_no_request_and_no_import_of_a_store_happens_for_files(
    reviews: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from scorer import score_files; "
        f"score_files({str(reviews)!r}, {str(tmp_path / 'out.parquet')!r}, model='fast'); "
        "print(sorted({'obstore', 'tempfile', 'scorer.storage.sparse_copy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_report_holds_no_secret_and_the_real_addresses(
    store: SmallStore, run: Run, reviews: Path, tmp_path: Path
) -> None:
    store.objects["a.parquet"] = reviews.read_bytes()
    report, metrics = tmp_path / "report.json", tmp_path / "metrics.prom"
    addresses = ("s3://bucket/a.parquet", "s3://bucket/out.parquet")
    done = run(*addresses, "--report", report, "--metrics-file", metrics, "--log-format", "json")
    assert done.returncode == 0
    stored = json.loads(report.read_text())
    assert (stored["files"][0]["input"], stored["files"][0]["output"]) == addresses
    texts = (report.read_text(), metrics.read_text(), done.stdout, done.stderr)
    footer = pq.read_metadata(_to_file(tmp_path, store.objects["out.parquet"])).metadata
    for text in (*texts, str(footer)):
        assert "hunter2" not in text
        assert "AKIDSECRETID" not in text


def _to_file(folder: Path, content: bytes) -> Path:
    path = folder / "fetched.parquet"
    path.write_bytes(content)
    return path


def test_the_ends_of_several_outputs_are_asked_for_at_once(
    store: SmallStore, run: Run, tmp_path: Path
) -> None:
    content = write_reviews(tmp_path / "a.parquet", some_texts(3)).read_bytes()
    store.objects = {f"in/{number:02}.parquet": content for number in range(40)}
    assert run("s3://bucket/in/", "s3://bucket/out/").returncode == 0
    store.delay = 0.25
    report = tmp_path / "report.json"
    done = run("s3://bucket/in/", "s3://bucket/out/", "--report", report)
    assert "40 skipped" in done.stdout
    # One after another would take ten seconds.
    seconds = json.loads(report.read_text())["total"]["seconds"]
    assert seconds < 5


def test_only_the_wanted_partitions_of_a_store_are_listed(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
        for name in ("a.parquet", "b.parquet"):
            store.objects[f"in/day={day}/hour=7/{name}"] = reviews.read_bytes()
    store.objects |= {
        "in/stray.parquet": reviews.read_bytes(),
        "in/day=2026-11-25/_x/c.parquet": b"",
    }
    done = run("--where", "day>=2026-11-25", "s3://bucket/in/", "s3://bucket/out/")
    assert done.returncode == 0, done.stderr
    written = {key for key in store.objects if key.startswith("out/")}
    assert written == {f"out/day=2026-11-25/hour=7/{name}" for name in ("a.parquet", "b.parquet")}
    assert "left aside: 1 other file, such as stray.parquet" in done.stdout
    queries = [parse_qs(one.query) for one in store.asked]
    listed = {query["prefix"][0] for query in queries if "delimiter" in query}
    assert listed == {"in/", "in/day=2026-11-25/", "in/day=2026-11-25/hour=7/"}
    store.asked.clear()
    nothing = run("--where", "day>2027", "s3://bucket/in/", "s3://bucket/out/")
    assert (
        nothing.returncode,
        "nothing in s3://bucket/in/ is wanted by --where" in nothing.stderr,
    ) == (2, True)


def test_texts_in_a_store_are_scored_as_files_are(
    store: SmallStore, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("id,review\n007,A fine film\n008,Dull\n")
    (tmp_path / "b.jsonl").write_text('{"id": 1, "review": "A fine film"}\n{"review": "Dull"}\n')
    for name in ("a.csv", "b.jsonl"):
        assert run(tmp_path / name, tmp_path / f"{name}.parquet").returncode == 0
        store.objects[f"in/{name}"] = (tmp_path / name).read_bytes()
    done = run("--format", "all", "s3://bucket/in/", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for name, output in (("a.csv", "a.parquet"), ("b.jsonl", "b.parquet")):
        assert rows_of(tmp_path / "out" / output) == rows_of(tmp_path / f"{name}.parquet")
    again = run("--format", "all", "s3://bucket/in/", tmp_path / "out")
    assert again.stdout.count("skipped") == 3  # two files, and the last line


def test_success_stands_in_a_store_when_all_is_done_and_only_then(
    store: SmallStore, run: Run, reviews: Path
) -> None:
    command = ("--success-file", "s3://bucket/in/", "s3://bucket/out/")
    store.objects |= {"in/a.parquet": reviews.read_bytes(), "in/b.parquet": b"no Parquet"}
    store.objects["out/_SUCCESS"] = b""
    failed = run(*command)
    assert (failed.returncode, "out/_SUCCESS" in store.objects) == (3, False)
    del store.objects["in/b.parquet"]
    done = run(*command)
    assert done.stdout.splitlines()[-1] == "s3://bucket/out/_SUCCESS says that all is done"
    assert store.objects["out/_SUCCESS"] == b""
    store.objects["out/_SUCCESS"] = b"another program's"
    refused = run(*command)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "an object that isn't empty stands at s3://bucket/out/_SUCCESS" in refused.stderr


def test_the_page_of_a_run_on_objects_shows_reviews_too(
    store: SmallStore, run: Run, reviews: Path, tmp_path: Path
) -> None:
    store.objects["in/a.parquet"] = reviews.read_bytes()
    page = tmp_path / "run.html"
    done = run("s3://bucket/in/", "s3://bucket/out/", "--html", page, "--examples", 2)
    assert done.returncode == 0, done
    content = page.read_text()
    assert content.count("<blockquote") == 4
    assert content.count("s3://bucket/in/a.parquet, row ") == 4
