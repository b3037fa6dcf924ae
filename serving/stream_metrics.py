"""The Prometheus metrics of the live stream, on `/metrics` beside the others. Created on first use, see `metrics.py`."""

from collections.abc import Mapping
from functools import cache
from typing import Any

LAST = "livemostrecent"
"""How gauges of several processes become one: the last value counts."""
_SECONDS = (0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)


@cache
def seconds() -> Any:
    """From the arrival of a message to its event."""
    from prometheus_client import Histogram

    return Histogram("hikari_stream_seconds", "From the arrival of a message to its event", buckets=_SECONDS)


@cache
def events() -> Any:
    """Events that went out."""
    from prometheus_client import Counter

    return Counter("hikari_stream_events", "Events of the pipeline", ["type"])


@cache
def connections() -> Any:
    """Open WebSockets."""
    return _gauge("hikari_connections", "Open WebSockets", "livesum", "kind")


@cache
def undelivered() -> Any:
    """Events that a slow client was not sent."""
    from prometheus_client import Counter

    return Counter("hikari_undelivered", "Events dropped for slow clients", ["kind"])


@cache
def stalled() -> Any:
    """Clients that were given up."""
    from prometheus_client import Counter

    return Counter("hikari_stalled_clients", "Clients that took nothing for too long")


def tell(stats: Mapping[str, Any], model_cache: Mapping[str, Any], drift: Mapping[str, float], redis: Any) -> None:
    """Set everything that the pipeline counts itself."""
    _gauge("hikari_queue_depth", "Messages that wait").set(stats["queue_depth"])
    _gauge("hikari_memories_waiting", "Accepted memories on their way to the disk").set(stats["memory"]["waiting"])
    stages = _gauge(
        "hikari_stage_milliseconds", "Latency of the last messages by stage of the pipeline", LAST, "stage", "quantile"
    )
    for stage, values in stats["stages"].items():
        for quantile in ("p50", "p99"):
            if values[quantile] is not None:
                stages.labels(stage, quantile).set(values[quantile])
    for name, text, counts in (
        ("hikari_dropped", "Messages dropped by reason", {k: v for k, v in stats["dropped"].items() if "." not in k}),
        ("hikari_stream_errors", "Messages or counts that failed, by error", stats["errors"]),
        ("hikari_kept_out", "Messages that became no memory, by reason", stats["memory"]["kept_out"]),
        ("hikari_alerts", "Alerts by kind", stats["alerts"]),
    ):
        for label, count in counts.items():
            _count(name, text, count, label)
    _count("hikari_quarantined", "Messages that were set aside", stats["quarantined"])
    _count("hikari_memories_stored", "Memories of the stream on disk", stats["memory"]["stored"])
    _batches(stats["batches"])
    for outcome in ("hits", "misses"):
        _count("hikari_cache", "Texts that the model's cache was asked for", model_cache[outcome], outcome)
    for score, index in drift.items():
        _gauge("hikari_score_drift", "Population stability index of the live scores", LAST, "score").labels(score).set(index)
    if redis is not None:
        _gauge("hikari_redis_up", "Whether Redis takes events").set(redis.state == "ok")
        _gauge("hikari_redis_waiting", "Events that wait for Redis").set(len(redis))
        _count("hikari_redis_published", "Events given to Redis", redis.published)
        _count("hikari_redis_dropped", "Events that Redis was away for too long for", redis.dropped)


_told: dict[tuple[str, ...], float] = {}


@cache
def _gauge(name: str, text: str, mode: Any = LAST, *labels: str) -> Any:
    from prometheus_client import Gauge

    return Gauge(name, text, labels, multiprocess_mode=mode)


@cache
def _counter(name: str, text: str, *labels: str) -> Any:
    from prometheus_client import Counter

    return Counter(name, text, labels)


def _count(name: str, text: str, total: float, *values: str) -> None:
    """Bring a counter to a total that somebody else counts."""
    counter = _counter(name, text, *(("outcome",) if values else ()))
    key = (name, *values)
    grown = total - _told.get(key, 0.0)
    _told[key] = total
    (counter.labels(*values) if values else counter).inc(max(0.0, grown))


@cache
def _batch_sizes() -> Any:
    from prometheus_client import Histogram

    return Histogram("hikari_batch_size", "Messages that were analysed together", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))


def _batches(batches: Mapping[int, int]) -> None:
    histogram = _batch_sizes()
    for size, times in batches.items():
        key = ("hikari_batch_size", str(size))
        for _ in range(int(times - _told.get(key, 0.0))):
            histogram.observe(size)
        _told[key] = times
