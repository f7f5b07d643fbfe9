"""How many rows weren't scored, since their texts' scores were known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spared:
    """Numbers of such rows. They add up with ``+``.

    Attributes:
        from_outputs: rows whose scores an earlier output had.
        repeated: rows whose text had been scored in this run. Two threads may score a text at once,
            so it can be less than the rows that repeat a text.
    """

    from_outputs: int = 0
    repeated: int = 0

    def __add__(self, other: Spared) -> Spared:
        return Spared(self.from_outputs + other.from_outputs, self.repeated + other.repeated)
