"""Where a card may be written, and what notes on data may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exporter.card import files
from exporter.card.notes import NOTES_NAME, Notes, notes_for, read_notes
from exporter.cli import cli
from exporter.errors import NotesRefused
from helpers import left_in, run_command
from scorer.model import SHIPPED
from trainer.run.folder import RunFolder


def card(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["card", *map(str, arguments)])


def test_a_card_is_printed_or_written_and_a_card_of_ours_is_replaced(tmp_path: Path) -> None:
    markdown, page = tmp_path / "cards/fast.md", tmp_path / "fast.html"
    done = card("fast")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (SHIPPED / "fast.md").read_text(encoding="utf-8")
    for _ in range(2):
        done = card("fast", "--out", markdown, "--html", page)
        assert (done.exit_code, done.stdout) == (0, f"wrote {markdown}\nwrote {page}\n")
    assert markdown.read_text(encoding="utf-8") == card("fast").stdout
    assert left_in(tmp_path) == ["cards/fast.md", "fast.html"]


@pytest.mark.parametrize("option", ["--out", "--html"])
def test_a_file_of_somebody_else_is_never_replaced(option: str, tmp_path: Path) -> None:
    theirs = tmp_path / "README.md"
    theirs.write_text("---\nlicense: mit\n---\n# Mine\n")
    done = card("fast", option, theirs)
    assert done.exit_code == 3
    assert done.stderr == (
        f"Error: writing the card: the file {theirs} is not a card of exporter's; name another "
        "file, or move that one away\n"
    )
    assert theirs.read_text().endswith("# Mine\n")


def test_a_card_is_never_written_through_a_link_nor_twice_into_one_file(tmp_path: Path) -> None:
    target, link = tmp_path / "target.md", tmp_path / "link.md"
    assert card("fast", "--out", target).exit_code == 0
    link.symlink_to(target)
    done = card("fast", "--out", link)
    assert (done.exit_code, "a link stands there" in done.stderr) == (3, True)
    done = card("fast", "--out", target, "--html", target)
    assert (done.exit_code, "is named twice" in done.stderr) == (2, True)
    assert left_in(tmp_path) == ["link.md", "target.md"]


def test_a_page_that_cant_be_made_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(card: object) -> str:
        raise MemoryError

    monkeypatch.setattr(files, "card_page", fail)
    done = card("fast", "--out", tmp_path / "a.md", "--html", tmp_path / "a.html")
    assert done.exit_code == 1
    assert left_in(tmp_path) == []


def test_an_export_writes_the_card_beside_the_model(run: RunFolder, tmp_path: Path) -> None:
    model = tmp_path / "mine.v2.onnx"
    (tmp_path / NOTES_NAME).write_text('licence = "cc0-1.0"\n')
    done = run_command("exporter", "convert", run.path, model)
    assert done.returncode == 0, done.stderr
    written = [tmp_path / "mine.v2.md", tmp_path / "mine.v2.html"]
    assert done.stdout.splitlines()[-2:] == [f"wrote {path}" for path in written]
    assert "\nlicense: cc0-1.0\n" in written[0].read_text()
    assert left_in(tmp_path) == [NOTES_NAME, "mine.v2.html", "mine.v2.md", "mine.v2.onnx"]


def test_an_export_that_couldnt_write_its_card_isnt_begun(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("my notes")
    done = run_command("exporter", "convert", run.path, tmp_path / "mine.onnx")
    assert done.returncode == 3
    assert done.stderr.endswith("mine.md is not a card of exporter's; name another file, or move "
                                "that one away\n")  # fmt: skip
    assert left_in(tmp_path) == ["mine.md"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("licence = ", "Invalid value"),
        ('license = "mit"', "the key 'license' is unknown"),
        ('licence = "MIT License"', "the licence is 'MIT License', not as the Hugging Face Hub"),
        ('language = ["English"]', "the language is 'English', not as the Hugging Face Hub"),
        ("[[data]]\nterms = 'none'", "note 1 on data names no domains, no files and no kind"),
        ("[[data]]\nkind = 'soft'", "note 1 on data is of the kind 'soft', not of 'unlabeled' or"),
        ("[[data]]\ndomains = ['a']\n[[data]]\ndomains = ['a']", "two notes are about 'a'"),
        ("uses = " + "[" * 100_000, "recursion"),
        ("uses = 'all'", "the key 'uses' holds 'all', not tuple"),
        ("summary = '\xff'", "invalid start byte"),
        ("#" * (1 << 20) + "#", "it has more than 1,048,576 bytes"),
    ],
)
def test_notes_that_make_no_sense_are_refused_by_what_is_wrong(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "notes.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(NotesRefused) as refused:
        read_notes(path)
    assert str(refused.value).startswith(f"reading the notes on data {path}: ")
    assert message in str(refused.value)
    assert str(refused.value).endswith("; mend the file, or name another with --data-notes")


def test_notes_that_are_named_and_missing_are_refused_and_others_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotesRefused, match="No such file"):
        notes_for(tmp_path / "a.onnx", tmp_path / "none.toml")
    assert notes_for(tmp_path / "a.onnx", None) == Notes()
