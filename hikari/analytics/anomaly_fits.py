"""Isolation Forests that are grown in the background: importing scikit-learn takes seconds and a fit a tenth of one.

Whoever needs a forest asks with a copy of its rows and goes on with the one it has, if any; the newest request of each counts. One thread
works them off, away from every lock, and hands the forests over.
"""

import threading
from typing import TYPE_CHECKING

from hikari.analytics.anomaly_rings import Floats

if TYPE_CHECKING:
    from hikari.analytics.anomaly_forest import IsolationRows


class ForestFits:
    """Requests from any thread, worked off by one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[IsolationRows, Floats] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, rows: "IsolationRows", history: Floats) -> None:
        """Have `rows` fitted on `history`, which is not changed any more."""
        with self._changed:
            # Behind those who have waited longer, even when an older request of its own is dropped.
            self._waiting.pop(rows, None)
            self._waiting[rows] = history
            self._changed.notify_all()

    def work(self) -> bool:
        """Wait for a request and do it; False once there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return False
            rows = next(iter(self._waiting))
            history = self._waiting.pop(rows)
        rows.fit(history)
        return True

    def close(self) -> None:
        """Let the worker go; what still waits is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
