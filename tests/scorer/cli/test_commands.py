"""The commands as a user meets them: real processes, exact messages and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in, run_command, some_texts, write_reviews
from scorer import SentimentModel

NO_PARQUET = "it does not end as a Parquet file does; check that it was copied whole"


def scorer(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_command("scorer", *arguments, cwd=cwd)


def loaded_modules(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_help_loads_neither_onnxruntime_nor_pyarrow() -> None:
    statement = "from scorer.cli import cli\ntry: cli(['--help'])\nexcept SystemExit: pass"
    assert not loaded_modules(statement) & {"onnxruntime", "pyarrow", "numpy"}


def test_scoring_imports_nothing_that_trains() -> None:
    modules = "cli, scorer.job.api, scorer.reports.prometheus, scorer.reports.report"
    statement = (
        f"import scorer.{modules}\nfrom scorer import SentimentModel\n"
        "SentimentModel.load().score(['x'])"
    )
    found = loaded_modules(statement)
    assert {"onnxruntime", "pyarrow"} <= found
    assert not found & {
        "tensorflow",
        "keras",
        "tf2onnx",
        "onnx",
        "sklearn",
        "pandas",
        "trainer",
        "exporter",
    }


def test_run_scores_a_file_and_says_so_on_stdout(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", [*some_texts(9), None])
    done = scorer("run", source, tmp_path / "out.parquet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"scored   {tmp_path}/out.parquet: 10 rows, ")
    assert "1 without text" in done.stdout
    again = scorer("run", source, tmp_path / "out.parquet")
    assert (again.returncode, again.stdout) == (
        0,
        f"skipped  {tmp_path}/out.parquet: already done\n",
    )


def test_run_mirrors_a_folder_and_exits_with_3_when_a_file_fails(tmp_path: Path) -> None:
    write_reviews(tmp_path / "in/a.parquet", some_texts(4))
    (tmp_path / "in/b.parquet").write_text("no parquet at all")
    done = scorer("run", tmp_path / "in", tmp_path / "out")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "2 files: 1 scored, 1 failed; 4 rows written"
    first, last = done.stderr.splitlines()
    assert first == f"failed   reading {tmp_path}/in/b.parquet: {NO_PARQUET}"
    assert last == "Error: 1 of 2 files failed, each is named above; mend them and run again"
    assert left_in(tmp_path / "out") == ["a.parquet"]


def damaged_model(model: SentimentModel, folder: Path) -> Path:
    content = bytearray(model.file.content)
    content[1000] ^= 4
    (folder / "damaged.onnx").write_bytes(content)
    return folder / "damaged.onnx"


def test_what_is_wrong_is_one_sentence_with_its_exit_code_and_no_output(
    model: SentimentModel, tmp_path: Path
) -> None:
    good = write_reviews(tmp_path / "in.parquet", some_texts(3000))
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(good.read_bytes()[:-100])
    text = tmp_path / "text.parquet"
    text.write_text("a,b\n1,2\n")
    pq.write_table(pa.table({"stars": [1, 2]}), tmp_path / "numbers.parquet")
    (tmp_path / "foreign.onnx").write_bytes(b"\x08\x08")
    out = tmp_path / "out.parquet"
    cases = [
        (["run", tmp_path / "none.parquet", out], 2, "none.parquet does not exist"),
        (
            ["run", text, out],
            3,
            f"reading {text}: it is a CSV file, by its first line; give it the ending .csv",
        ),
        (
            ["run", cut, out],
            3,
            f"reading {cut}: {NO_PARQUET}",
        ),
        (
            ["run", good, out, "--text-column", "nope"],
            3,
            "there is no column 'nope'; the columns are 'id', 'review'",
        ),
        (["run", good, out, "--text-column", "id"], 3, "column 'id' is of type int64, not text"),
        (["run", tmp_path / "numbers.parquet", out], 3, "no text column was found among 'stars'"),
        (
            ["run", good, out, "--model", tmp_path / "none.onnx"],
            2,
            "there is no such file; models that ship: default",
        ),
        (
            ["run", good, out, "--model", tmp_path / "foreign.onnx"],
            4,
            "it is not a model file of this project",
        ),
        (
            ["run", good, out, "--model", damaged_model(model, tmp_path)],
            4,
            "it is damaged, its bytes don't give its SHA-256",
        ),
    ]
    before = left_in(tmp_path)
    for arguments, code, message in cases:
        done = scorer(*arguments)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        assert left_in(tmp_path) == before


def test_run_writes_what_is_kept_under_other_names_with_another_codec(tmp_path: Path) -> None:
    scored = tmp_path / "scored.parquet"
    assert (
        scorer("run", write_reviews(tmp_path / "in.parquet", some_texts(9)), scored).returncode == 0
    )
    refused = scorer("run", scored, tmp_path / "again.parquet", "--text-column", "review")
    offer = "name the new ones otherwise, as in --prefix new_, or leave that one out with --drop"
    assert refused.returncode == 3
    assert (
        refused.stderr
        == f"Error: reading {scored}: there is a column 'sentiment' already; {offer}\n"
    )
    options = [
        "--text-column",
        "review",
        "--prefix",
        "new_",
        "--keep",
        "sentiment_score,id",
        "--compression",
        "gzip",
    ]
    assert scorer("run", scored, tmp_path / "again.parquet", *options).returncode == 0
    again = pq.read_table(tmp_path / "again.parquet")
    assert again.column_names == ["id", "sentiment_score", "new_sentiment", "new_sentiment_score"]
    assert again["new_sentiment_score"].equals(again["sentiment_score"])
    group = pq.read_metadata(tmp_path / "again.parquet").row_group(0)
    assert {group.column(place).compression for place in range(4)} == {"GZIP"}


def test_run_takes_a_glob_and_several_files_and_none_kept(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet", "c.parquet"):
        write_reviews(tmp_path / "in" / name, some_texts(3))
    done = scorer("run", "in/[ab]*.parquet", "in/c.parquet", "out", "--keep", "none", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "3 files: 3 scored; 9 rows written"
    assert left_in(tmp_path / "out") == ["a.parquet", "b.parquet", "c.parquet"]
    assert pq.read_schema(tmp_path / "out/a.parquet").names == ["sentiment", "sentiment_score"]


def test_usage_is_checked_by_click() -> None:
    done = scorer("run", "a", "b", "--threads", "0")
    assert done.returncode == 2
    assert "0 is not in the range x>=1" in done.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(3))
    (tmp_path / "file").write_text("")
    done = scorer("run", source, tmp_path / "file/out.parquet")
    assert done.returncode == 3
    message = "a file stands where its folder should be; name another output"
    assert done.stderr == f"Error: writing {tmp_path}/file/out.parquet: {message}\n"


def test_text_prints_score_label_and_text() -> None:
    done = scorer("text", "A great film, I loved it.", "Awful, a waste of time.", "", "x" * 200)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].endswith("  positive  A great film, I loved it.")
    assert lines[1].endswith("  negative  Awful, a waste of time.")
    assert lines[2].split() == ["-", "no", "text"]
    assert lines[3].endswith("…")


def typed(
    *arguments: object, stdin: bytes | None, **options: object
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scorer", "text", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, **options)


def test_text_reads_lines_of_stdin_where_a_dash_stands() -> None:
    lines = [b"A great film.", b"", b"caf\xe9 awful", b"dull\r", "最高".encode(), b"last"]
    done = typed("-", stdin=b"\n".join(lines))
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode().splitlines()
    assert len(shown) == len(lines)
    assert shown[0].endswith("  positive  A great film.")
    assert shown[1].split() == ["-", "no", "text"]
    assert shown[2].endswith("  caf\ufffd awful")
    assert shown[3].endswith("  dull")
    again = typed("A great film.", "-", "last", stdin=b"\n".join(lines[1:-1]))
    assert again.stdout == done.stdout
    assert typed("-", stdin=b"").stdout == b""


def test_text_prints_a_json_object_a_line(model: SentimentModel) -> None:
    texts = ["A great film.", "awful " * 60, "", 'a "quoted"\nline, 最高']
    done = typed("--json", *texts, "-", stdin=b"so dull\n")
    assert (done.returncode, done.stderr) == (0, b"")
    found = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [list(one) for one in found] == [["text", "score", "label"]] * 5
    assert [one["text"] for one in found] == [*texts, "so dull"]
    assert found[2] == {"text": "", "score": None, "label": None}
    scores = model.score([one["text"] for one in found])
    assert [one["label"] for one in found] == model.label(scores).tolist()
    assert [one["score"] for one in found if one["text"]] == [
        score for score in scores.tolist() if score == score
    ]


def test_text_scores_bytes_that_are_no_utf8_as_a_file_would(model: SentimentModel) -> None:
    done = typed("--json", "caf\udce9 great", stdin=None)
    assert (done.returncode, done.stderr) == (0, b"")
    (score,) = model.score([b"caf\xe9 great"]).tolist()
    shown = {"text": "caf\ufffd great", "score": score, "label": "positive"}
    assert json.loads(done.stdout) == shown


def test_inspect_shows_the_hash_and_where_the_model_comes_from(model: SentimentModel) -> None:
    done = scorer("inspect")
    assert done.returncode == 0
    assert model.file.sha256 in done.stdout
    assert "trainer fit films.parquet domains.parquet" in done.stdout
    shown = json.loads(scorer("inspect", "default", "--json").stdout)
    assert shown["sha256"] == model.file.sha256
    assert shown["rules"]["version"] == 2
    assert shown["figures"]["held_out"]["reviews"] > 0


def test_demo_prints_and_writes_both_kinds(tmp_path: Path) -> None:
    done = scorer("demo", tmp_path / "demo.parquet")
    assert done.returncode == 0
    scored = pq.read_table(tmp_path / "demo.parquet")
    assert len(done.stdout.splitlines()) == len(scored)
    assert {"positive", "negative", None} == set(scored["sentiment"].to_pylist())
    assert left_in(tmp_path) == ["demo.parquet"]
    nowhere = scorer("demo", cwd=tmp_path)
    assert nowhere.stdout == done.stdout
    assert left_in(tmp_path) == ["demo.parquet"]


def test_the_version_is_printed() -> None:
    from scorer import __version__

    assert scorer("--version").stdout == f"scorer, version {__version__}\n"


@pytest.mark.parametrize("package", ["trainer", "exporter"])
def test_without_its_extra_a_command_says_what_to_install(package: str) -> None:
    code = (
        "import sys, importlib.util as u\nfind = u.find_spec\n"
        "missing = ('keras', 'tensorflow')\n"
        "u.find_spec = lambda name, *rest: None if name in missing else find(name, *rest)\n"
        f"sys.argv = ['{package}', '--help']\nfrom {package}.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    advice = "which is not installed; run: pip install 'review-sentiment[train]'"
    assert done.stderr == f"Error: {package} needs keras, {advice}\n"
