"""What happens in the background while analytics are open: the journal every second, snapshots every minute, forecasts, forests."""

import contextlib
import importlib
import logging
import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from hikari.errors import HikariError

if TYPE_CHECKING:
    from hikari.analytics.keeper import Keeper

HEAVY = ("scipy.special", "sklearn.ensemble")
"""Loaded here, before the first message that needs them: they take seconds."""

_log = logging.getLogger(__name__)


class Upkeep:
    """Three threads: forecasts take seconds, forests are missed by live detectors, and the journal has to be written every second, so they
    do not wait for each other."""

    def __init__(self, keeper: "Keeper") -> None:
        self._keeper = keeper
        self._stop, self._wake = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"hikari-analytics-{name}", daemon=True)
            for name, work in (("write", self._write), ("fit", self._fit), ("forest", self._grow))
        ]
        for thread in self._threads:
            thread.start()

    def hurry(self) -> None:
        """Take the next snapshot now."""
        self._wake.set()

    def end(self) -> None:
        """Finish what is going on; nothing happens any more when this returns."""
        self._stop.set()
        self._wake.set()
        self._keeper.fits.close()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        keeper, config = self._keeper, self._keeper.config
        due = time.monotonic() + config.snapshot_s
        while not self._stop.is_set():
            soon = self._wake.wait(config.journal_s)
            self._wake.clear()
            if self._stop.is_set():
                return
            with _going_on("what came in was not written"):
                if not soon and time.monotonic() < due:
                    keeper.flush()
                    continue
                due = time.monotonic() + config.snapshot_s
                keeper.advance(keeper.clock())
                keeper.snapshot()
                keeper.expire()

    def _grow(self) -> None:
        for name in HEAVY:
            importlib.import_module(name)
        while True:
            with _going_on("a forest was not fitted"):
                if not self._keeper.fits.work():
                    return

    def _fit(self) -> None:
        while not self._stop.wait(self._keeper.config.snapshot_s):
            for channel, metric in self._keeper.stale():
                if self._stop.is_set():
                    return
                with _going_on(f"the forecast of {metric} was not fitted"):
                    self._keeper.series.fit(channel, metric)


@contextlib.contextmanager
def _going_on(what: str) -> Generator[None]:
    """The background goes on whatever happens: without it nothing would be written any more."""
    try:
        yield
    except HikariError as error:
        _log.warning("%s, it is tried again: %s", what, error.message)
    except Exception as error:  # noqa: BLE001
        _log.warning("%s, it is tried again: %s", what, type(error).__name__)
