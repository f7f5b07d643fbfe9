from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import left_in
from scorer.storage.whole_file import whole_file


def test_a_file_appears_when_the_block_succeeds(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_text() == "new"
    assert left_in(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_changes_when_the_block_fails(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(error), whole_file(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise error
    assert (tmp_path / "a").read_text() == "old"
    assert left_in(tmp_path) == ["a"]


def test_the_data_are_on_the_disk_before_the_name_and_the_name_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    real_fsync = os.fsync

    def fsync(handle: int) -> None:
        real_fsync(handle)
        synced.append((Path(f"/proc/self/fd/{handle}").readlink(), (tmp_path / "a").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with whole_file(tmp_path / "a") as temporary:
        temporary.write_text("new")
    assert synced == [(temporary, False), (tmp_path, True)]
