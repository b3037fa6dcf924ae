"""Small values in Redis that may vanish at any time: no call fails or waits because Redis is down or slow."""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

from hikari.errors import BadInput, NotReady

TIMEOUT_S = 0.05
"""Of connecting and of every answer; computing an embedding anew takes less than a slow Redis."""
PAUSE_S = 5.0
"""After a failure Redis is left alone for so long, then one call tries again."""
EXPIRY_S = 7 * 86_400
TOGETHER = 256
"""Keys in one command, so that an answer fits the timeout."""

Result = TypeVar("Result")


class SharedCache:
    """Binary keys and values under one prefix; safe to call from several threads.

    Values expire after `EXPIRY_S`. `errors` counts failed attempts. What could not be removed while Redis was away is removed by the
    next call that reaches it, before anything is read.
    """

    def __init__(self, url: str, prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise NotReady("HIKARI_REDIS_URL is set, but the package redis is not installed") from error
        try:
            # Its own retries would multiply the timeout.
            self._client: Any = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as error:
            # The address may hold a password: it is not quoted.
            raise BadInput("HIKARI_REDIS_URL must look like redis://host:port/number", field="HIKARI_REDIS_URL") from error
        self._failures = (redis.RedisError, OSError)
        self._prefix = prefix.encode()
        self._clock = clock
        self._lock = Lock()
        self._failing = False
        self._silent_until = 0.0
        self._owed: set[bytes] = set()
        self._owes_all = False
        self.errors = 0

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one; empty when Redis does not answer."""
        found: dict[bytes, bytes] = {}

        def read() -> bool:
            for start in range(0, len(keys), TOGETHER):
                piece = keys[start : start + TOGETHER]
                values = self._client.mget([self._prefix + key for key in piece])
                found.update({key: value for key, value in zip(piece, values, strict=True) if value is not None})
            return True

        if keys:
            self._attempt(read)
        return found

    def put(self, entries: Mapping[bytes, bytes]) -> bool:
        """Keep the values; False when Redis does not answer."""
        rows = list(entries.items())

        def write() -> bool:
            for start in range(0, len(rows), TOGETHER):
                pipeline = self._client.pipeline(transaction=False)
                for key, value in rows[start : start + TOGETHER]:
                    pipeline.set(self._prefix + key, value, ex=EXPIRY_S)
                pipeline.execute()
            return True

        return self._attempt(write)

    def remove(self, keys: Sequence[bytes]) -> bool:
        """Delete keys; False when Redis does not answer, and they are deleted as soon as it does."""
        with self._lock:
            self._owed.update(keys)
        return self._attempt(lambda: True)

    def remove_all(self) -> bool:
        """Delete everything under the prefix; False as in `remove`."""
        with self._lock:
            self._owes_all = True
        return self._attempt(lambda: True)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _attempt(self, work: Callable[[], bool]) -> bool:
        with self._lock:
            if self._failing:
                if self._clock() < self._silent_until:
                    return False
                # This call tries; the others go on without Redis until it is known.
                self._silent_until = self._clock() + PAUSE_S
        try:
            self._settle()
            work()
        except self._failures:
            with self._lock:
                self.errors += 1
                self._failing = True
                self._silent_until = self._clock() + PAUSE_S
            return False
        with self._lock:
            self._failing = False
        return True

    def _settle(self) -> None:
        with self._lock:
            owes_all, owed = self._owes_all, list(self._owed)
        if owes_all:
            # Escaped: a bracket or star in the prefix would be a pattern.
            pattern = b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\" else bytes([byte]) for byte in self._prefix) + b"*"
            piece: list[bytes] = []
            for key in self._client.scan_iter(match=pattern, count=TOGETHER):
                piece.append(key)
                if len(piece) == TOGETHER:
                    self._client.unlink(*piece)
                    piece = []
            if piece:
                self._client.unlink(*piece)
        for start in range(0, len(owed), TOGETHER):
            self._client.unlink(*(self._prefix + key for key in owed[start : start + TOGETHER]))
        if owes_all or owed:
            with self._lock:
                self._owes_all = self._owes_all and not owes_all
                self._owed.difference_update(owed)
