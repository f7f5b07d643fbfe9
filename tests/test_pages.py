"""What the pages say of the commands is what the code says: options, exit codes, report keys."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import pytest

from scorer import errors
from scorer.cli.compare import compare
from scorer.cli.explain import explain
from scorer.cli.run import run
from scorer.console import UNEXPECTED
from scorer.reports.report import Figures, FileReport, Report
from scorer.system.signals import INTERRUPTED, TERMINATED

CHECKOUT = Path(__file__).parents[1]
SCORER_PAGE = CHECKOUT / "scorer/README.md"
PAGES = ("README.md", "scorer/README.md", "trainer/README.md", "tests/benchmarks/README.md",
         "tests/benchmarks/teacher/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md",
         "CHANGELOG.md")  # fmt: skip


def first_column(mark: str) -> list[str]:
    """Return what stands in the first column of the table behind ``<!-- mark -->``."""
    text = SCORER_PAGE.read_text()
    assert text.count(f"<!-- {mark} -->") == 1
    lines = text.split(f"<!-- {mark} -->\n")[1].splitlines()
    table = lines[: next(index for index, line in enumerate(lines) if not line.startswith("|"))]
    return [line.split("|")[1] for line in table[2:]]


def in_backticks(mark: str) -> list[str]:
    return [name for cell in first_column(mark) for name in re.findall("`([^`]+)`", cell)]


def test_the_page_lists_every_option_of_run_and_no_other() -> None:
    named = [
        option for name in in_backticks("options") for option in re.findall(r"--[a-z0-9-]+", name)
    ]
    known = [option for parameter in run.params for option in parameter.opts if option[:2] == "--"]
    assert sorted(named) == sorted(known)


@pytest.mark.parametrize("command", [explain, compare], ids=lambda command: command.name)
def test_the_page_lists_every_option_of_a_command_and_no_other(command: click.Command) -> None:
    named = [name for name in in_backticks(f"{command.name} options") if name.startswith("--")]
    known = [one for option in command.params for one in option.opts if one[:2] == "--"]
    assert sorted(named) == sorted(known)


def test_the_page_lists_every_exit_code_and_no_other() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.SentimentError)}
    listed = [int(code) for cell in first_column("exit codes") for code in re.findall(r"\d+", cell)]
    assert sorted(listed) == sorted({0, UNEXPECTED, INTERRUPTED, TERMINATED} | codes)


def test_the_help_of_run_lists_the_same_exit_codes() -> None:
    listed = [int(code) for cell in first_column("exit codes") for code in re.findall(r"\d+", cell)]
    help_text = (run.help or "").split("Exit codes:")[1]
    assert sorted(map(int, re.findall(r"\b\d+\b", help_text))) == sorted(listed)


def test_the_page_lists_every_key_of_the_report_and_no_other() -> None:
    known = [one.name for kind in (Report, FileReport, Figures) for one in fields(kind)]
    known.remove("figures")  # in the JSON they stand beside the file's other keys
    assert sorted(in_backticks("report keys")) == sorted(known)


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_pages_and_files_lead_somewhere(page: str) -> None:
    path = CHECKOUT / page
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text())
    broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert broken == []


def test_the_front_page_is_short_and_its_first_screen_says_how_to_use_it() -> None:
    lines = (CHECKOUT / "README.md").read_text().splitlines()
    assert len(lines) <= 160
    first = "\n".join(lines[:45])
    for words in ("pip install", "scorer run", "from scorer import"):
        assert words in first


def test_no_page_and_no_file_names_a_path_of_a_machine_or_a_registry_host() -> None:
    listed = subprocess.run(
        ["git", "-C", CHECKOUT, "ls-files"], capture_output=True, text=True, check=True
    ).stdout.split()
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "/home" + "/", "/work" + "/")
    for name in listed:
        path = CHECKOUT / name
        if path.is_file() and path.suffix not in (".onnx", ".png"):
            found = [host for host in hosts if host in path.read_text(encoding="utf-8")]
            assert (name, found) == (name, [])
