"""Events to Redis: `hikari.events.<channel>` carries each as msgpack. A Redis that is slow or away costs nobody anything: events wait
here, a bounded number of them, and the oldest go first when there are too many."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

from hikari.errors import BadInput, NotReady
from serving.hub import Frame

PREFIX = "hikari.events."
WAITING = 5_000
TOGETHER = 200
TIMEOUT_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
_log = logging.getLogger("hikari.redis")


class RedisEvents:
    """A tap of the hub that publishes. `start` and `close` inside an event loop."""

    def __init__(self, url: str, waiting: int = WAITING) -> None:
        try:
            from redis import RedisError
            from redis import asyncio as redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise NotReady("HIKARI_REDIS_URL is set, but the package redis is not installed") from error
        try:
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as error:
            # The address may hold a password: it is not quoted.
            raise BadInput("HIKARI_REDIS_URL must look like redis://host:port/number", field="HIKARI_REDIS_URL") from error
        self._failures = (RedisError, OSError, TimeoutError)
        self._frames: deque[Frame] = deque()
        self._most = waiting
        self._filled, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.published = 0
        self.dropped = 0
        self.failures = 0
        self.state: Literal["ok", "down"] = "down"

    def __len__(self) -> int:
        return len(self._frames)

    def __call__(self, frames: Sequence[Frame]) -> None:
        """Take events; never waits."""
        self._frames.extend(frame for frame in frames if "channel" in frame.event)
        while len(self._frames) > self._most:
            self._frames.popleft()
            self.dropped += 1
        if self._frames:
            self._idle.clear()
            self._filled.set()

    def forget_user(self, username: str, channel: str | None = None) -> None:
        """Drop what waits of a viewer."""
        kept = [
            frame
            for frame in self._frames
            if frame.event.get("username") != username or channel not in (None, frame.event["channel"])
        ]
        self._frames.clear()
        self._frames.extend(kept)

    def start(self) -> None:
        """Begin to publish."""
        self._task = self._task or asyncio.create_task(self._run(), name="hikari-redis-events")

    async def close(self, within_s: float = 2.0) -> None:
        """Publish what waits, for a while; then let go."""
        if self.state == "ok":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), within_s)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(*self._failures):
            await self._client.aclose()

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                if self.state == "down":
                    await self._client.ping()
                    self.state, pause = "ok", FIRST_PAUSE_S
                    _log.info("Redis answers")
                await self._filled.wait()
                await self._publish()
            except self._failures as error:
                self.failures += 1
                if self.state == "ok" or self.failures == 1:
                    _log.warning("Redis does not answer (%s); events wait", type(error).__name__)
                self.state = "down"
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _publish(self) -> None:
        # They stay in the queue until Redis has them: a broken connection costs at most that some are sent twice.
        taken = [self._frames[place] for place in range(min(TOGETHER, len(self._frames)))]
        pipeline = self._client.pipeline(transaction=False)
        for frame in taken:
            pipeline.publish(PREFIX + frame.event["channel"], frame.packed)
        await pipeline.execute()
        self.published += len(taken)
        for frame in taken:
            # Newcomers may have pushed the oldest out meanwhile.
            if self._frames and self._frames[0] is frame:
                self._frames.popleft()
        if not self._frames:
            self._filled.clear()
            self._idle.set()
