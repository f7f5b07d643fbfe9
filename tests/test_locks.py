"""What a machine installs is known: lock files with hashes, and nothing installed without them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scorer.job.tested import TESTED_ONNXRUNTIME

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
LOCKS = {path.stem: path for path in sorted((CHECKOUT / ".ci").glob("*.lock"))}
# What each environment of make is to hold: extras and dependency groups.
WANTED = {
    "base": (("base",), ()),
    "light": (("base", "language", "lineage"), ("test",)),
    "full": (("base", "train", "language", "lineage"), ("dev",)),
    "bench": (("base", "train"), ("bench",)),
    "build": ((), ("build",)),
    "readers": (("base",), ("readers",)),
    "stores": (("base", "cloud"), ("stores",)),
    "engines": (("base", "spark", "ray", "language"), ("engines",)),
}
ENTRY = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))?", re.M)
HASH = r"    --hash=sha256:[0-9a-f]{64}"
MACHINES = tuple(product(("3.11", "3.12", "3.13"), ("x86_64", "aarch64")))


def locked(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    return {found["name"]: found["version"] for found in ENTRY.finditer(LOCKS[name].read_text())}


def asked_for(extras: tuple[str, ...], groups: tuple[str, ...]) -> list[Requirement]:
    """Return the requirements of extras and groups; ``base`` are the wheel's own."""
    project = PROJECT["project"]
    known = {"base": project["dependencies"], **project["optional-dependencies"]}
    words = [word for extra in extras for word in known[extra]]
    left = list(groups)
    while left:
        for entry in PROJECT["dependency-groups"][left.pop()]:
            if isinstance(entry, str):
                words.append(entry)
            else:
                left.append(entry["include-group"])
    return list(map(Requirement, words))


def test_every_lock_is_known() -> None:
    assert set(LOCKS) == set(WANTED)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_a_version_and_hashes_for_each_package_and_no_address(name: str) -> None:
    lines = [line for line in LOCKS[name].read_text().splitlines() if line[0] != "#"]
    blocks = re.split(r"\n(?=\S)", "\n".join(lines))
    for block in blocks:
        first, *hashes = block.split(" \\\n")
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][^ ;/:]*( ; [^/:@]+)?", first), first
        assert hashes, first
        assert all(re.fullmatch(HASH, one) for one in hashes), first


def assert_holds(found: dict[str, str], requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    assert name in found
    assert requirement.specifier.contains(found[name]), f"{requirement}: {found[name]}"


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_holds_what_the_project_asks_for(name: str) -> None:
    found = locked(name)
    for requirement in asked_for(*WANTED[name]):
        assert_holds(found, requirement)


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize(("python", "machine"), MACHINES)
def test_a_lock_holds_what_its_packages_need(name: str, python: str, machine: str) -> None:
    found = locked(name)
    at = {"python_version": python, "python_full_version": f"{python}.1", "extra": "",
          "platform_machine": machine, "sys_platform": "linux", "platform_system": "Linux",
          "os_name": "posix"}  # fmt: skip
    for package, locked_version in found.items():
        for need in installed_needs(package, locked_version):
            if need.marker is None or need.marker.evaluate(at):
                assert_holds(found, need)


@cache
def installed_needs(package: str, locked_version: str) -> tuple[Requirement, ...]:
    """Return what a package asks for; nothing if that version of it isn't installed here."""
    try:
        if version(package) != locked_version:
            return ()
        return tuple(map(Requirement, requires(package) or []))
    except PackageNotFoundError:
        return ()


def test_the_environments_agree_in_every_version() -> None:
    full = locked("full")
    assert locked("base").items() <= locked("light").items() <= full.items()
    assert locked("build").items() <= full.items()
    for package, of_bench in locked("bench").items():
        assert full.get(package, of_bench) == of_bench


def test_the_wheel_has_no_upper_bounds() -> None:
    for requirement in asked_for(("base", *PROJECT["project"]["optional-dependencies"]), ()):
        # The one that pyspark doesn't take.
        if str(requirement) == "pandas<3":
            continue
        assert [one.operator for one in requirement.specifier] == [">="], str(requirement)


def test_the_tested_range_of_onnxruntime_is_what_is_asked_for_locked_and_said() -> None:
    oldest, newest = TESTED_ONNXRUNTIME
    assert f"onnxruntime>={oldest}" in PROJECT["project"]["dependencies"]
    assert locked("base")["onnxruntime"].rsplit(".", 1)[0] == newest
    assert f"onnxruntime {oldest} to {newest}" in (CHECKOUT / "README.md").read_text()
    assert (
        f"Versions {oldest} to {newest} are tested" in (CHECKOUT / "scorer/README.md").read_text()
    )


@pytest.mark.parametrize("name", ["Makefile", ".ci/check-wheel", ".ci/Dockerfile"])
def test_nothing_is_installed_without_its_hash(name: str) -> None:
    text = (CHECKOUT / name).read_text().replace("\\\n", " ")
    commands = re.findall(r"(?:pip|\$pip|\$\(PIP\)) +(?:install|download|--).*|pip wheel.*", text)
    assert commands
    for command in commands:
        # The project itself, or a definition that other commands begin with.
        is_ours = "--no-deps" in command
        is_definition = command.endswith(("--disable-pip-version-check", '-check"'))
        assert "--require-hashes" in command or is_ours or is_definition, command
    assert "--no-build-isolation" in text or "pip wheel" not in text
