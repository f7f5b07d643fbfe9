from __future__ import annotations

from trainer.run.folder import RunFolder


def test_pictures_are_drawn(network_run: RunFolder) -> None:
    for name in ("history.png", "roc.png", "calibration.png"):
        assert (network_run.path / name).read_bytes().startswith(b"\x89PNG")
        assert (network_run.path / name).stat().st_size > 5_000
