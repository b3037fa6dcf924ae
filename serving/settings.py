"""All limits of the served engine in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one client, or all together, may ask for."""

    max_body_bytes: int = 4 * 1024 * 1024
    """A batch of 1,000 messages of ordinary length is about 200 kB; this leaves room for long ones."""
    max_in_flight: int = 128
    """More requests at once are answered 429: on two cores the last of them already waits about a second."""
    retry_after_s: int = 1
    request_timeout_s: int = 30
