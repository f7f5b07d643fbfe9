from __future__ import annotations

import os
from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.storage.names import LONGEST_NAME, check_name, helper_path


@pytest.mark.parametrize("name", ["a" * 255, "ü" * 127, "a" * 250 + ".parquet"[:5], "a" * 246])
@pytest.mark.parametrize("suffix", [".partial", ".scores", ".0123abcd.partial"])
def test_a_helper_file_beside_a_long_name_has_a_name_that_the_system_takes(
    tmp_path: Path, name: str, suffix: str
) -> None:
    helper = helper_path(tmp_path / name, suffix)
    helper.write_text("")
    assert len(os.fsencode(helper.name)) <= LONGEST_NAME
    assert helper.name.startswith(f".{name[:50]}")
    assert helper.name.endswith(suffix)
    assert helper.parent == tmp_path


def test_helper_files_of_two_long_names_are_told_apart() -> None:
    names = [Path("a" * 254 + end) for end in "bc"]
    assert len({helper_path(name, ".partial") for name in names}) == 2
    assert helper_path(names[0], ".scores") != helper_path(names[0], ".partial")


def test_a_name_that_fits_is_left_as_it_is() -> None:
    assert helper_path(Path("a" * 246), ".partial").name == "." + "a" * 246 + ".partial"


def test_a_name_that_the_system_does_not_take_is_named(tmp_path: Path) -> None:
    check_name(tmp_path / ("a" * 255))
    end = "more than the system takes; name a shorter one"
    for name in ("a" * 256, "ü" * 128, "none/" + "a" * 256):
        with pytest.raises(UsageError) as caught:
            check_name(tmp_path / name)
        begin = name.removeprefix("none/")[:20]
        assert str(caught.value) == f"the name {begin}… has 256 bytes, {end}"
    with pytest.raises(UsageError, match=f"^the path /.{{19}}… has 4,[0-9]{{3}} bytes, {end}$"):
        check_name(tmp_path / ("aaaaaaaaaa/" * 400))
