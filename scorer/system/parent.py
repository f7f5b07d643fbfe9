"""A process that ends when its parent is gone: nobody waits for what it does."""

from __future__ import annotations

import os
import threading
import time

SECONDS_BETWEEN_LOOKS = 0.5


def end_with_parent() -> None:
    """End this process, as a kill does, soon after its parent has ended.

    The system gives an orphan another parent. A thread looks, since the process may be busy with
    one file for hours.
    """
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=look, name="scorer-parent", daemon=True).start()
