"""What is tried again, and after how long."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hikari_client.errors import Damaged, HikariError, NotReady, Overloaded, Unreachable


@dataclass(frozen=True)
class Retry:
    """Doubling waits with a random part, so that many clients do not come back at the same instant."""

    attempts: int = 4
    """How often a call is made at most; 1: never again."""
    first_s: float = 0.25
    longest_s: float = 10.0
    longest_asked_s: float = 60.0
    """An engine that asks for a longer wait than this is not waited for."""

    def wait(self, failures: int, asked_s: float | None = None) -> float:
        """Seconds to wait after so many failures in a row; at least what the engine asked for."""
        longest = min(self.first_s * 2.0 ** min(max(failures - 1, 0), 30), self.longest_s)
        return max(longest * random.uniform(0.5, 1.0), asked_s or 0.0)

    def after(self, error: HikariError, failures: int, *, repeatable: bool) -> float | None:
        """Seconds until a call is made again that failed; None when it is not.

        What was not begun may always be repeated. A call whose fate is unknown is repeated only when the engine counts it once,
        however often it comes (`repeatable`).
        """
        if failures >= self.attempts or (error.retry_after_s or 0.0) > self.longest_asked_s:
            return None
        not_begun = isinstance(error, Overloaded) or (isinstance(error, NotReady) and not isinstance(error, Damaged))
        lost = isinstance(error, Unreachable) and (repeatable or not error.sent)
        return self.wait(failures, error.retry_after_s) if not_begun or lost else None


def asked_wait(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds of a `Retry-After` header, which holds a number or a date.

    >>> asked_wait("2")
    2.0
    >>> asked_wait("soon") is None
    True
    """
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
