"""How much one key may use: requests and frames a second, requests and sockets at once."""

import asyncio
import math
from collections.abc import Callable

from serving.settings import Limits

Clock = Callable[[], float]


def loop_clock() -> float:
    """The event loop's clock, which never jumps."""
    return asyncio.get_running_loop().time()


class Bucket:
    """A token bucket: `rate` tokens a second, at most `burst` saved up."""

    def __init__(self, rate: float, burst: int, clock: Clock = loop_clock) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._tokens, self._filled_at = float(burst), clock()

    def take(self) -> float:
        """Take a token and answer 0, or take none and answer the seconds until there is one."""
        self._fill()
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate

    def turn(self) -> float:
        """Take a token in any case, also one that is not there yet, and answer the seconds until it is."""
        self._fill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = now


class Quota:
    """What one key uses at this moment."""

    def __init__(self, limits: Limits, clock: Clock = loop_clock) -> None:
        self.requests = Bucket(limits.requests_per_s, limits.request_burst, clock)
        self.in_flight = 0
        self.sockets = 0


class Quotas:
    """The quotas of all keys, and what all together use."""

    def __init__(self, limits: Limits, clock: Clock = loop_clock) -> None:
        self._limits, self._clock = limits, clock
        self._by_key: dict[str, Quota] = {}
        self.in_flight = 0
        self.sockets = 0

    def of(self, name: str) -> Quota:
        """The quota of the key with this name; keys are few and known, so this stays small."""
        if name not in self._by_key:
            self._by_key[name] = Quota(self._limits, self._clock)
        return self._by_key[name]

    def retry_after(self, name: str) -> int:
        """Count a request; 0 when it may be served now, else the seconds after which to try again."""
        quota, limits = self.of(name), self._limits
        wait = quota.requests.take()
        if wait > 0:
            return max(limits.retry_after_s, math.ceil(wait))
        full = self.in_flight >= limits.max_in_flight or quota.in_flight >= limits.max_in_flight_per_key
        return limits.retry_after_s if full else 0

    def no_socket_left(self, name: str) -> bool:
        """Whether this key, or all together, have as many sockets open as they may."""
        return self.sockets >= self._limits.max_sockets or self.of(name).sockets >= self._limits.max_sockets_per_key
