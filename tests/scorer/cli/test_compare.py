"""``scorer compare`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_command, some_texts


@pytest.fixture
def source(tmp_path: Path) -> Path:
    texts = [*some_texts(300), "<script>alert(1)</script> \u202e good"]
    path = tmp_path / "in.parquet"
    products = [f"<b>{row % 3}" for row in range(len(texts))]
    pq.write_table(pa.table({"review": texts, "product": products}), path)
    return path


def test_a_rollout_script_gets_an_exit_code_and_no_files(source: Path, tmp_path: Path) -> None:
    same = run_command("scorer", "compare", "fast", "fast", source, "--max-flips", "0")
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.startswith("301 rows, 0 labels flip (0.00%): 0 to positive, 0 to negative")
    other = run_command("scorer", "compare", "default", "fast", source, "--max-flips", "0")
    assert other.returncode == 5
    assert "of the labels flip, more than --max-flips 0 allows; look at" in other.stderr
    assert left_in(tmp_path) == ["in.parquet"]


def test_the_page_and_the_json_tell_the_same_and_no_text_unasked(
    source: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = run_command(
        "scorer", "compare", "default", "fast", source, "--by", "product", "--json", "--html", page
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["rows"], "examples" in found) == (0, 301, False)
    assert sum(one["rows"] for one in found["by"]["values"].values()) == 301
    assert sum(one["rows"] for one in found["histogram"]) == found["scored"]
    content = page.read_text()
    assert f"{found['flips']:,} labels flip" in content
    assert "&lt;b&gt;0" in content
    assert "alert" not in content
    told = run_command(
        "scorer", "compare", "default", "fast", source, "--examples", "301", "--html", page
    )
    assert told.returncode == 0
    content = page.read_text()
    assert "&lt;script&gt;alert(1)" in content
    assert "\\u202e" in content
    assert "<script" not in content


def test_wrong_usage_is_one_sentence(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.html"
    other.write_text("mine")
    cases = [
        (("fast", "none.onnx", source), 2, "there is no such file; models that ship: default"),
        (("fast", "fast", tmp_path / "no.parquet"), 2, "no.parquet does not exist"),
        (("fast", "fast", source, "--html", other), 2, "other.html is not a page of scorer's"),
        (("fast", "fast", source, "--html", source), 2, "are the same file"),
        ((source, source), 3, "there is no column 'sentiment'"),
    ]
    for arguments, code, message in cases:
        done = run_command("scorer", "compare", *arguments)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
    assert other.read_text() == "mine"
