"""How long a file waits for another run that is writing its output."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_BETWEEN_TRIES = 0.2


class Patience:
    """Waits a little each time it is called, until its time is over.

    Args:
        seconds: to wait at most, all together.
        check: is called before each wait; it ends the wait by raising.
        waiting: is called with the seconds before the first wait.

    Attributes:
        waited: seconds that were waited.

    >>> patience = Patience(0.0, lambda: None)
    >>> patience(), patience.waited, patience.note
    (False, 0.0, '')
    """

    def __init__(
        self,
        seconds: float,
        check: Callable[[], None],
        waiting: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._seconds, self._check, self._waiting = seconds, check, waiting
        self._began: float | None = None
        self.waited = 0.0

    def __call__(self) -> bool:
        """Wait a little; whether to try once more."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        left = self._began + self._seconds - now
        if left <= 0:
            return False
        self._check()
        if not self.waited:
            self._waiting(self._seconds)
        time.sleep(min(left, SECONDS_BETWEEN_TRIES))
        self.waited = time.monotonic() - self._began
        return True

    @property
    def was_needed(self) -> bool:
        """Whether it was asked to wait."""
        return self._began is not None

    @property
    def note(self) -> str:
        """What to say of the wait; empty if there was none."""
        if not self.waited:
            return ""
        return f"waited {self.waited:.0f} s for another run that was writing it"
