"""All limits of the served engine in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one client, or all together, may ask for."""

    max_body_bytes: int = 4 * 1024 * 1024
    """A batch of 1,000 messages of ordinary length is about 200 kB; this leaves room for long ones."""
    max_in_flight: int = 128
    """More requests at once are answered 429: on two cores the last of them already waits about a second."""
    max_in_flight_per_key: int = 96
    """No single key takes all of them."""
    requests_per_s: float = 1000.0
    """Of one key: about what the service manages on two cores."""
    request_burst: int = 2000
    retry_after_s: int = 1
    max_sockets: int = 256
    max_sockets_per_key: int = 128
    max_frame_bytes: int = 1024 * 1024
    """A bulk frame of 1,000 messages of ordinary length is about 200 kB."""
    frames_per_s: float = 2000.0
    """Of one socket: above that the guard stops reading until its turn comes, and the sender feels it."""
    frame_burst: int = 4000
    request_timeout_s: int = 30
    long_request_timeout_s: int = 600
    """For calls that may go through a whole store or fit models. What was begun is finished in any case; only the waiting ends."""
    long_paths: frozenset[str] = frozenset(
        {
            "/store_memories", "/consolidate_memories", "/forget_memories", "/forget_user", "/summarize_episode", "/memory_audit",
            "/reload_knowledge", "/process_chat_batch", "/forecast_metrics", "/cluster_viewers", "/topics", "/content/report",
        }
    )  # fmt: skip

    def timeout_s(self, path: str) -> int:
        """Seconds that a request to this path may take."""
        return self.long_request_timeout_s if path in self.long_paths else self.request_timeout_s
