"""A picture of a benchmark: drawn without a screen and without matplotlib's global state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES = (6.0, 4.8)
DOTS_PER_INCH = 120

# From the Okabe-Ito palette, whose colours differ for people with any colour vision
# (Okabe & Ito 2008, https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


class Picture:
    """Axes side by side, saved as PNG when the block ends without an error."""

    def __init__(self, path: Path, columns: int = 1) -> None:
        size = (INCHES[0] * columns, INCHES[1])
        self._path = path
        self._figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
        self._axes = list(self._figure.subplots(1, columns, squeeze=False)[0])

    def __enter__(self) -> list[Axes]:
        for axes in self._axes:
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.3)
        return self._axes

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            # Without the version of matplotlib the same picture is the same file.
            self._figure.savefig(self._path, metadata={"Software": None})
