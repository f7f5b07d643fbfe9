"""Everything bad that can happen to a file.

The file fails in one line and leaves no output, the others finish, and the exit code is 3.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from helpers import (
    left_in,
    run_command,
    some_texts,
    start_slow_scorer,
    wait_for,
    with_few_rights,
    write_reviews,
)
from scorer import SentimentModel
from scorer.job.result import FAILED, SCORED
from scorer.job.run import run_job
from scorer.planning.options import Options
from scorer.planning.plan import plan
from scorer.tables.parquet_reader import ParquetReviews
from scorer.tables.parquet_writer import ParquetOutput

FUZZ = Path(__file__).parents[2] / "support/fuzz.py"
FUZZ_FILES = int(os.environ.get("FUZZ_FILES", "200"))
FUZZ_SECONDS_A_FILE = 2

FAILED_OF_3 = "Error: 1 of 3 files failed, each is named above; mend them and run again"


def write_dump(folder: Path) -> Path:
    """Write two small files, and between them one whose output takes megabytes."""
    write_reviews(folder / "a.parquet", some_texts(20))
    wide = pa.table({"review": some_texts(400), "wide": [os.urandom(5000) for _ in range(400)]})
    pq.write_table(wide, folder / "b.parquet", compression="none")
    write_reviews(folder / "c.parquet", some_texts(20))
    return folder


def in_shell(
    script: str, *arguments: object, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a shell script with arguments, under another command if there is one."""
    command = [*under, "sh", "-c", script, "sh", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_limit_on_the_size_of_files_fails_one_file_in_one_line(tmp_path: Path) -> None:
    source, target = write_dump(tmp_path / "in"), tmp_path / "out"
    run = [sys.executable, "-m", "scorer", "run", source, target, "--text-column", "review"]
    # Shells count in blocks of 512 or 1024 bytes: half a megabyte, or one.
    done = in_shell('ulimit -f 1000; exec "$@"', *run)
    assert done.stderr.splitlines() == [
        f"failed   writing {target}/b.parquet: File too large; "
        "raise the limit on the size of files (ulimit -f), or name another output",
        FAILED_OF_3,
    ]
    assert (done.returncode, left_in(target)) == (3, ["a.parquet", "c.parquet"])


def test_a_full_disk_fails_one_file_in_one_line(tmp_path: Path) -> None:
    source, disk = write_dump(tmp_path / "in"), tmp_path / "disk"
    disk.mkdir()
    mount, own_mounts = f"mount -t tmpfs -o size=1m tmpfs '{disk}'", ("unshare", "-rm")
    if shutil.which("unshare") is None or in_shell(mount, under=own_mounts).returncode:
        pytest.skip("needs unshare and the right to mount, which this user or container lacks")
    script = f"{mount}; \"$@\"; code=$?; cd '{disk}'; find . -type f | sort; exit $code"
    run = [sys.executable, "-m", "scorer", "run", source, disk / "out", "--text-column", "review"]
    done = in_shell(script, *run, under=own_mounts)
    assert done.stderr.splitlines() == [
        f"failed   writing {disk}/out/b.parquet: No space left on device; "
        "make room there and run again",
        FAILED_OF_3,
    ]
    assert done.returncode == 3
    assert done.stdout.splitlines()[-2:] == ["./out/a.parquet", "./out/c.parquet"]


def test_a_folder_with_the_name_of_an_output_fails_that_file(tmp_path: Path) -> None:
    source, target = write_dump(tmp_path / "in"), tmp_path / "out"
    (target / "b.parquet").mkdir(parents=True)
    done = run_command("scorer", "run", source, target, "--text-column", "review")
    assert done.stderr.splitlines() == [
        f"failed   writing {target}/b.parquet: a folder stands there; "
        "move it away or name another output",
        FAILED_OF_3,
    ]
    assert (done.returncode, left_in(target)) == (3, ["a.parquet", "c.parquet"])


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    write_reviews(path.with_name(".new"), some_texts(300, seed=9)).rename(path)


def cut_short(path: Path) -> None:
    os.truncate(path, 5000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove, "it was removed while it was read; run again when it is back"),
        (replace, "it changed while it was read; run again when it is complete"),
        (cut_short, "it changed while it was read; run again when it is complete"),
    ],
)
def test_a_change_to_an_input_while_it_is_read_is_named(
    tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    texts = some_texts(6000)
    write_reviews(source / "a.parquet", texts, compression="none", row_group_size=300)
    write_reviews(source / "b.parquet", some_texts(20))
    process = start_slow_scorer(
        "run", source, target, "--threads", 1, log=tmp_path / "log", gate=tmp_path / "gate"
    )
    wait_for(tmp_path / "log", process, lines=1)
    change(source / "a.parquet")
    (tmp_path / "gate").touch()
    _, stderr = process.communicate()
    last = "Error: 1 of 2 files failed, each is named above; mend them and run again"
    assert stderr.splitlines() == [f"failed   reading {source}/a.parquet: {message}", last]
    assert (process.returncode, left_in(target)) == (3, ["b.parquet"])


def test_a_file_that_was_removed_since_it_was_planned_fails_alone(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_dump(tmp_path / "in")
    tasks = plan([source], tmp_path / "out")
    (source / "c.parquet").unlink()
    results = run_job(tasks, model, Options(text_column="review")).files
    assert [result.status for result in results] == [SCORED, SCORED, FAILED]
    assert results[2].reason == (
        f"reading {source}/c.parquet: No such file or directory; run again when it is back"
    )


def test_a_pipe_is_not_waited_for(model: SentimentModel, tmp_path: Path) -> None:
    good, pipe = write_reviews(tmp_path / "in.parquet", some_texts(3)), tmp_path / "pipe"
    os.mkfifo(pipe)
    (result,) = run_job(plan([pipe], tmp_path / "out.parquet"), model).files
    assert result.status == FAILED
    assert result.reason == f"reading {pipe}: it is not a regular file; name one"
    (result,) = run_job(plan([good], pipe), model).files
    assert result.status == FAILED
    assert result.reason == (
        f"writing {pipe}: a pipe stands there; move it away or name another output"
    )


class NoSecrets(pe.KmsClient):
    """A key service that wraps nothing."""

    def __init__(self) -> None:
        super().__init__()

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [False, True])
@pytest.mark.parametrize("column", ["id", "review"])
def test_an_encrypted_file_is_named(tmp_path: Path, column: str, *, plaintext_footer: bool) -> None:
    settings = pe.EncryptionConfiguration(
        footer_key="f", column_keys={"c": [column]}, plaintext_footer=plaintext_footer
    )
    factory = pe.CryptoFactory(lambda connection: NoSecrets())
    encryption = factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
    source = write_reviews(tmp_path / "in.parquet", some_texts(9), encryption_properties=encryption)
    # In a process of its own: asked for the metadata of some such files, pyarrow ends the process.
    done = run_command("scorer", "run", source, tmp_path / "out.parquet")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"Error: reading {source}: it is encrypted, which scorer can't read; decrypt it first\n"
    )
    assert left_in(tmp_path) == ["in.parquet"]


def with_a_flipped_bit(path: Path, column: str) -> Path:
    """Write reviews, and flip the last bit of a column's first page."""
    write_reviews(
        path, some_texts(50), compression="none", use_dictionary=False, write_page_checksum=True
    )
    chunk = pq.read_metadata(path).row_group(0).column(pq.read_schema(path).names.index(column))
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("column", ["id", "review"])
def test_one_flipped_bit_in_a_page_is_found_by_its_checksum(
    model: SentimentModel, tmp_path: Path, column: str
) -> None:
    source = with_a_flipped_bit(tmp_path / "in.parquet", column)
    (result,) = run_job(plan([source], tmp_path / "out.parquet"), model).files
    assert result.status == FAILED
    assert result.reason == (
        f"reading {source}: could not verify page integrity, CRC checksum verification failed "
        "for page_ordinal 0; check that it is a complete Parquet file"
    )
    assert left_in(tmp_path) == ["in.parquet"]


def test_damage_in_a_column_that_is_not_kept_does_no_harm(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = with_a_flipped_bit(tmp_path / "in.parquet", "id")
    tasks = plan([source], tmp_path / "out.parquet")
    (result,) = run_job(tasks, model, Options(keep=())).files
    assert result.status == SCORED


def test_a_footer_that_promises_other_rows_than_there_are_is_damage(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(50))
    batches = ParquetReviews._batches
    monkeypatch.setattr(
        ParquetReviews,
        "_batches",
        lambda *arguments: (batch.slice(1) for batch in batches(*arguments)),
    )
    (result,) = run_job(plan([source], tmp_path / "out.parquet"), model).files
    assert result.reason == (
        f"reading {source}: 49 rows were read where its footer promises 50; "
        "check that it was copied whole"
    )
    assert left_in(tmp_path) == ["in.parquet"]


def test_damaged_files_are_scored_or_named_and_never_end_the_process(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), str(tmp_path), "0", str(FUZZ_FILES)]
    seconds = 60 + FUZZ_SECONDS_A_FILE * FUZZ_FILES
    current = tmp_path / "current"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        pytest.fail(f"number {current.read_text()} hangs")
    assert done.returncode == 0, f"number {current.read_text()}: {done.stdout}{done.stderr}"
    assert done.stderr == ""
    scored, failed = map(int, done.stdout.split())
    assert scored + failed == FUZZ_FILES
    assert failed > FUZZ_FILES / 2


def test_an_output_that_cannot_be_read_or_written_is_named_with_its_cause(
    model: SentimentModel, tmp_path: Path
) -> None:
    for name in ("a.parquet", "closed/b.parquet", "closed/deep/c.parquet"):
        write_reviews(tmp_path / "in" / name, some_texts(5))
    run_job(plan([tmp_path / "in/a.parquet"], f"{tmp_path}/out/"), model)
    (tmp_path / "out/closed").mkdir()
    for name, mode in (("a.parquet", 0), ("closed", 0o500)):
        (tmp_path / "out" / name).chmod(mode)
    done = with_few_rights("run", "in", "out", cwd=tmp_path)
    (tmp_path / "out/closed").chmod(0o700)
    write = "Permission denied; let this user write in its folder"
    assert done.stderr.splitlines()[:-1] == [
        "failed   writing out/a.parquet: the file there can't be read: Permission denied; "
        "let this user read it, and enter the folders above it, or name another output",
        "failed   writing out/closed/b.parquet: its scores can't be kept in "
        f"out/closed/.b.parquet.scores: {write}",
        f"failed   writing out/closed/deep/c.parquet: {write}",
    ]
    assert done.returncode == 3


@pytest.mark.parametrize("keep", [-9, 100])
def test_a_damaged_output_is_not_called_a_file_that_scorer_did_not_write(
    model: SentimentModel, tmp_path: Path, keep: int
) -> None:
    tasks = plan([write_reviews(tmp_path / "in.parquet", some_texts(5))], tmp_path / "out.parquet")
    run_job(tasks, model)
    whole = (tmp_path / "out.parquet").read_bytes()
    (tmp_path / "out.parquet").write_bytes(whole[:keep])
    (result,) = run_job(tasks, model).files
    assert result.reason == (
        f"writing {tmp_path}/out.parquet: a damaged Parquet file stands there, which scorer may "
        "have written or not; remove it, or add --force to replace it"
    )
    run_job(tasks, model, Options(force=True))
    assert (tmp_path / "out.parquet").read_bytes() == whole


@pytest.mark.parametrize("is_made_again", [False, True])
def test_after_its_folder_was_moved_a_run_says_what_may_lie_there(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_made_again: bool
) -> None:
    source, target = write_reviews(tmp_path / "in.parquet", some_texts(5)), tmp_path / "out"
    complete = ParquetOutput.complete

    def move_first(output: ParquetOutput, metadata: dict[str, str], rows: int) -> None:
        target.rename(tmp_path / "moved")
        if is_made_again:
            target.mkdir()
        complete(output, metadata, rows)

    monkeypatch.setattr(ParquetOutput, "complete", move_first)
    (result,) = run_job(plan([source], target / "a.parquet"), model).files
    assert result.reason == (
        f"writing {target}/a.parquet: No such file or directory, so its folder or the unfinished "
        "output was moved or removed; run again, and if the folder was moved, remove what begins "
        "with .a.parquet. from it"
    )
    assert left_in(tmp_path / "moved") == [".a.parquet.partial", ".a.parquet.scores"]


def test_an_output_whose_name_is_no_utf8_is_named_with_the_reason(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    (result,) = run_job(plan([source], tmp_path / "caf\udce9.parquet"), model).files
    assert result.reason == (
        f"writing {tmp_path}/caf\udce9.parquet: its name is not UTF-8, and Parquet files of such "
        "names can't be opened; name another output"
    )
    assert left_in(tmp_path) == ["in.parquet"]
