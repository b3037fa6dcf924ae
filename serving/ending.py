"""The end of the process: finish what was accepted and let its events reach their readers, then let uvicorn close the connections.

uvicorn cuts WebSockets as soon as SIGTERM comes. So the signal is taken first, and passed on when everything is finished or `WITHIN_S` is
over. It also waits for clients that read nothing, for ever: those connections are aborted.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Scope

WITHIN_S = 20.0
STALLED_S = 10.0
_log = logging.getLogger("hikari.ending")


class Ending:
    """Stands between the signals and the server of this process; without one (in tests) it does nothing."""

    def __init__(self, finish: Callable[[], Awaitable[None]]) -> None:
        self._finish = finish
        self._before: dict[int, Any] = {}
        self._task: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Take the signals; in the main thread, inside the event loop."""
        loop = asyncio.get_running_loop()

        def told(number: int, frame: Any) -> None:
            loop.call_soon_threadsafe(self._begin, number, frame)

        with contextlib.suppress(ValueError):  # not the main thread: somebody else's signals
            for number in (signal.SIGTERM, signal.SIGINT):
                before = signal.getsignal(number)
                if hasattr(getattr(before, "__self__", None), "server_state"):  # the server's own
                    signal.signal(number, told)
                    self._before[number] = before
        server = self._server
        if server is not None:
            # Events are short and many: compressing each costs more than it saves.
            server.config.ws_per_message_deflate = False

    def abort(self, scope: Scope) -> None:
        """Cut a connection that takes nothing: closing would wait for it to take what is left."""
        for connection in self._connections():
            if getattr(connection, "client", None) == scope.get("client"):
                connection.transport.abort()

    @property
    def _server(self) -> Any:
        return next((handler.__self__ for handler in self._before.values()), None)

    def _connections(self) -> list[Any]:
        state = getattr(self._server, "server_state", None)
        return [] if state is None else list(state.connections)

    def _begin(self, number: int, frame: Any) -> None:
        if self._task is not None:  # told twice: now
            self._before[number](number, frame)
            return
        self._task = asyncio.get_running_loop().create_task(self._end(number, frame))

    async def _end(self, number: int, frame: Any) -> None:
        try:
            await asyncio.wait_for(self._finish(), WITHIN_S)
        except TimeoutError:
            _log.error("not everything could be finished in %.0f seconds", WITHIN_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is to end
            _log.error("finishing failed", exc_info=error)
        self._before[number](number, frame)
        await asyncio.sleep(STALLED_S)
        for connection in self._connections():
            if hasattr(connection, "handshake_complete"):  # WebSockets only: an answer under way may be finished
                connection.transport.abort()
