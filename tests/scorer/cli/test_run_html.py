"""``scorer run --html``: a page beside the outputs, and nothing else changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_command, run_here, some_texts, write_reviews
from scorer.cli import cli

BEGINNINGS = {
    "explain": "<!doctype html>\n<!-- scorer explain -->\n",
    "compare": "<!doctype html>\n<!-- scorer compare -->\n",
    "run": "<!doctype html>\n<!-- scorer run -->\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_reviews(tmp_path / "in/a.parquet", [*some_texts(40), None, "<script>alert(1)</script>"])
    write_reviews(tmp_path / "in/b.parquet", some_texts(20, seed=1))
    return tmp_path


def score(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = ("--model", "fast", "--threads", 1, folder / "in", folder / "out", *arguments)
    return run_here(cli, "run", *words)


def quoted(page: str) -> list[tuple[float, str, str]]:
    """Return score, label and text of each review that a page shows."""
    found = re.findall(r'source">([\d.]+) (\w+) · [^<]*</p>\n?<blockquote[^>]*>([^<]*)<', page)
    return [(float(score), label, text) for score, label, text in found]


def test_a_page_is_written_and_the_report_has_what_it_shows(folder: Path) -> None:
    done = score(folder, "--html", folder / "run.html", "--report", folder / "run.json")
    assert done.returncode == 0
    page, report = (folder / "run.html").read_text(), json.loads((folder / "run.json").read_text())
    assert page.startswith(BEGINNINGS["run"])
    assert page.endswith("</html>\n")
    assert "blockquote>" not in page
    assert sum(report["throughput"]["rows"]) == report["total"]["rows"] == 62
    assert left_in(folder) == [
        "in/a.parquet", "in/b.parquet", "out/a.parquet", "out/b.parquet", "run.html", "run.json",
    ]  # fmt: skip


def test_the_outputs_have_the_same_bytes_with_a_page_and_without(folder: Path) -> None:
    score(folder, "--report", folder / "plain.json")
    plain = [path.read_bytes() for path in sorted((folder / "out").iterdir())]
    assert "throughput" not in json.loads((folder / "plain.json").read_text())
    score(folder, "--force", "--html", folder / "run.html", "--examples", 3)
    assert [path.read_bytes() for path in sorted((folder / "out").iterdir())] == plain


def test_without_a_page_nothing_of_it_is_imported(folder: Path) -> None:
    code = (
        "import sys\nfrom scorer.cli import cli\n"
        f"try: cli(['run', '--model', 'fast', r'{folder}/in', r'{folder}/out', "
        f"'--report', r'{folder}/run.json'])\n"
        "finally: print([name for name in sys.modules if name.startswith(('scorer.pages', "
        "'scorer.reports.run_', 'scorer.reports.throughput', 'scorer.insight.examples'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done
    assert (folder / "run.json").exists()


def test_examples_are_the_surest_and_the_least_sure(folder: Path) -> None:
    done = score(folder, "--html", folder / "run.html", "--examples", 4)
    assert done.returncode == 0
    rows = [
        row
        for name in ("a", "b")
        for row in pq.read_table(folder / f"out/{name}.parquet").to_pylist()
        if row["sentiment_score"] is not None
    ]
    scores = sorted({row["sentiment_score"] for row in rows}, key=lambda one: abs(one - 0.5))
    found = quoted((folder / "run.html").read_text())
    assert [one for one, _, _ in found] == [
        pytest.approx(one, abs=5e-5) for one in (*scores[:-5:-1], *scores[:4])
    ]
    texts = {(row["review"], row["sentiment"]) for row in rows}
    assert {(text, label) for _, label, text in found} <= texts


def test_examples_are_found_where_the_output_has_no_text_and_other_names(folder: Path) -> None:
    (folder / "in/a.parquet").unlink()
    csv = "body,n\n" + "".join(f"{text},1\n" for text in some_texts(9))
    (folder / "in/c.csv").write_text(csv)
    done = score(folder, "--format", "all", "--keep", "none", "--prefix", "x_",
                 "--html", folder / "run.html", "--examples", 30)  # fmt: skip
    assert done.returncode == 0, done
    found = quoted((folder / "run.html").read_text())
    assert {text for _, _, text in found} >= {*some_texts(9), *some_texts(20, seed=1)}


def test_examples_of_invalid_and_of_huge_texts_are_shown_in_part(folder: Path) -> None:
    (folder / "in/b.parquet").unlink()
    (folder / "in/a.parquet").unlink()
    texts = [b"caf\xe9 good", b"good" * 300_000, "bad \u202e".encode()]
    reviews = pa.array(texts, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"review": reviews}), folder / "in/c.parquet")
    done = score(folder, "--html", folder / "run.html", "--examples", 5)
    assert done.returncode == 0, done
    page = (folder / "run.html").read_text()
    assert "good" * 250 + "…<" in page
    assert "bad \\u202e<" in page
    assert "caf\ufffd good<" in page
    assert len(page) < 60_000


def test_examples_are_of_files_that_this_run_scored(folder: Path) -> None:
    score(folder)
    write_reviews(folder / "in/c.parquet", ["a wonderful film"])
    score(folder, "--html", folder / "run.html", "--examples", 5)
    assert {text for _, _, text in quoted((folder / "run.html").read_text())} == {
        "a wonderful film"
    }


def test_a_page_says_why_it_has_no_examples(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scorer.insight import examples

    def gone(*arguments: object, **options: object) -> None:
        raise OSError(5, "the disk is gone")

    monkeypatch.setattr(examples, "open_reviews", gone)
    done = score(folder, "--html", folder / "run.html", "--examples", 5)
    assert done.returncode == 0
    page = (folder / "run.html").read_text()
    assert "<p>The examples could not be read: Input/output error.</p>" in page


def test_a_run_with_failed_files_has_its_page_too(folder: Path) -> None:
    (folder / "in/c.parquet").write_text("no parquet")
    done = score(folder, "--html", folder / "run.html")
    assert done.returncode == 3
    assert "1 of 3 files failed" in (folder / "run.html").read_text()


def test_a_dry_run_writes_no_page(folder: Path) -> None:
    assert score(folder, "--html", folder / "run.html", "--dry-run").returncode == 0
    assert not (folder / "run.html").exists()


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ("<!doctype html>\n<p>mine", "is not a page of scorer's"),
        (BEGINNINGS["explain"], "is not a page of scorer's"),
        ("", None),
        (BEGINNINGS["run"] + "of a later release", None),
    ],
)
def test_only_a_page_of_a_run_is_replaced(folder: Path, content: str, refusal: str | None) -> None:
    path = folder / "run.html"
    path.write_text(content)
    done = score(folder, "--html", path)
    if refusal is None:
        assert done.returncode == 0
        assert path.read_text().startswith(BEGINNINGS["run"])
        assert "of a later release" not in path.read_text()
    else:
        assert (done.returncode, path.read_text()) == (2, content)
        assert refusal in done.stderr
        assert not (folder / "out").exists()


def test_a_page_takes_no_place_of_something_else(folder: Path) -> None:
    (folder / "link.html").symlink_to("in/a.parquet")
    os.mkfifo(folder / "pipe.html")
    for given, sentence in (
        (folder / "in/a.parquet", "the input"),
        (folder / "link.html", "the same file"),
        (folder / "pipe.html", "a pipe stands at"),
        (folder / "no/run.html", "there is no folder"),
        ("s3://bucket/run.html", "checking --html:"),
    ):
        done = score(folder, "--html", given)
        assert done.returncode == 2, (given, done)
        assert sentence in done.stderr
    done = score(folder, "--html", folder / "x", "--report", folder / "x")
    assert "--report" in done.stderr
    assert "are the same file" in done.stderr
    assert not (folder / "out").exists()


def test_examples_without_a_page_are_refused(folder: Path) -> None:
    done = score(folder, "--examples", 3)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: reading the options: --examples are shown on a page; add --html FILE\n"
    )


@pytest.mark.parametrize("name", ["explain", "compare"])
def test_pages_of_earlier_releases_are_known(folder: Path, name: str) -> None:
    page, source = folder / "page.html", folder / "in/a.parquet"
    page.write_text(BEGINNINGS[name] + '<html lang="en">\n<meta charset="utf-8">\n</html>\n')
    words = {
        "explain": ("explain", "--model", "fast", "--input", source, "--rows", "1"),
        "compare": ("compare", source, "--model"),
    }
    if name == "compare":
        score(folder)
        words["compare"] = ("compare", folder / "out/a.parquet", folder / "out/a.parquet")
    done = run_command("scorer", *words[name], "--html", page)
    assert done.returncode == 0, done
    assert page.read_text().startswith(BEGINNINGS[name] + '<html lang="en">\n<head>')


def test_the_page_of_all_shards_is_that_of_their_merged_report(folder: Path) -> None:
    for number in (1, 2):
        score(folder, "--shard", f"{number}/2", "--report", folder / f"{number}.json",
              "--html", folder / "shard.html")  # fmt: skip
    reports, page = [folder / "1.json", folder / "2.json"], folder / "all.html"
    done = run_here(cli, "merge-reports", *reports, "--html", page)
    assert done.returncode == 0, done
    assert page.read_text().startswith(BEGINNINGS["run"])
    assert "<dt>rows</dt><dd>62</dd>" in page.read_text()
    assert "<dt>shard</dt><dd>all of 2</dd>" in page.read_text()
    before = reports[0].read_bytes()
    done = run_here(cli, "merge-reports", *reports, "--html", reports[0])
    assert (done.returncode, reports[0].read_bytes()) == (2, before)
