"""What onnxruntime does unasked: nothing of it happens, unless the user's own setting says so."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import scorer
from helpers import left_in, write_reviews

PACKAGE = Path(scorer.__file__).parent

SCORE = "from scorer import SentimentModel\nSentimentModel.load('fast').score(['Good.'])\n"
FOLDERS = [*filter(None, sys.path)]

HOMES = ["empty", "read-only", "missing", "not set"]


def bare_environment(home: Path | None) -> dict[str, str]:
    """Return an environment that switches nothing off: onnxruntime is silent where CI is set."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(FOLDERS)}
    return bare if home is None else bare | {"HOME": str(home)}


def make_home(folder: Path, kind: str) -> Path | None:
    if kind == "not set":
        return None
    if kind == "missing":
        return Path("/proc/none")
    home = folder / "home"
    home.mkdir(mode=0o500 if kind == "read-only" else 0o700)
    return home


@pytest.mark.parametrize("kind", HOMES)
@pytest.mark.parametrize("by", ["the command", "the Python API"])
def test_scoring_writes_nothing_in_the_home_and_no_line(tmp_path: Path, kind: str, by: str) -> None:
    home = make_home(tmp_path, kind)
    source = write_reviews(tmp_path / "in.parquet", ["Good.", "Bad."])
    run = ["-m", "scorer", "run", str(source), str(tmp_path / "out.parquet")]
    command = [sys.executable, *(run if by == "the command" else ["-c", SCORE])]
    done = subprocess.run(
        command, env=bare_environment(home), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(tmp_path) == ["in.parquet", "out.parquet"][: 1 + (by == "the command")]


def test_scoring_asks_no_network_for_anything(tmp_path: Path) -> None:
    trace = [shutil.which("strace") or "strace", "-f", "-e", "trace=connect,sendto,sendmmsg"]
    if subprocess.run([*trace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs strace, and the right to trace a process")
    log = tmp_path / "trace"
    # onnxruntime asks the name server nine seconds after it was imported, on a thread of its own.
    command = [sys.executable, "-c", f"{SCORE}import time\ntime.sleep(12)"]
    traced = [*trace, "-o", str(log), *command]
    subprocess.run(traced, env=bare_environment(make_home(tmp_path, "empty")), check=True)
    assert "exited with 0" in log.read_text()
    assert not re.findall("AF_INET|nscd", log.read_text())


def test_the_environment_is_that_of_the_caller_afterwards_and_is_obeyed() -> None:
    show = (
        "import os, scorer.system.quiet as q\nseen = []\nload = q.import_module\n"
        "def import_module(name):\n"
        "    seen.append(os.environ.get('ORT_DISABLE_TELEMETRY'))\n    return load(name)\n"
        f"q.import_module = import_module\n{SCORE}"
        "print(seen[0], os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
    )
    for given, seen in [({}, "1 None"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0 0")]:
        # CI switches it off as well: the user's "0" is not tried on a network here.
        env = bare_environment(None) | {"CI": "1"} | given
        command = [sys.executable, "-c", show]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == (seen, "")


def imported(module: ast.Module) -> set[str]:
    """Return the packages that a module imports, except for its types alone."""
    for node in ast.walk(module):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    nodes = list(ast.walk(module))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_nothing_of_the_scorer_imports_onnxruntime_on_another_road() -> None:
    modules = {path: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
    assert len(modules) > 40
    assert [path for path, module in modules.items() if "onnxruntime" in imported(module)] == []
