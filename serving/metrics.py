"""Hikari's own Prometheus metrics, beside BentoML's, on `/metrics`.

Created on first use: prometheus_client decides at import whether it works for several processes, and BentoML must set that
up first.
"""

from functools import cache
from typing import Any

_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@cache
def messages() -> Any:
    """Analysed messages by outcome."""
    from prometheus_client import Counter

    return Counter("hikari_messages", "Chat messages analysed", ["outcome"])


@cache
def seconds() -> Any:
    """Time of one analysis call, whatever the number of its messages."""
    from prometheus_client import Histogram

    return Histogram("hikari_analysis_seconds", "Duration of one analysis call", ["route"], buckets=_BUCKETS_S)


@cache
def memories() -> Any:
    """Memories handed in, by outcome: stored or refused."""
    from prometheus_client import Counter

    return Counter("hikari_memories", "Memories handed in to be stored", ["outcome"])


@cache
def memory_calls() -> Any:
    """Calls of the memory by route and outcome: `ok` or the code of the error."""
    from prometheus_client import Counter

    return Counter("hikari_memory_calls", "Calls of the memory", ["route", "outcome"])


@cache
def memory_seconds() -> Any:
    """Time of one call of the memory."""
    from prometheus_client import Histogram

    return Histogram("hikari_memory_seconds", "Duration of one call of the memory", ["route"], buckets=(*_BUCKETS_S, 30.0, 300.0))


@cache
def chat() -> Any:
    """Chat messages handed to the analytics, by outcome: counted, late (or ahead of the clock), refused."""
    from prometheus_client import Counter

    return Counter("hikari_chat", "Chat messages handed to the analytics", ["outcome"])


@cache
def analytics_calls() -> Any:
    """Calls of the analytics by route and outcome: `ok` or the code of the error."""
    from prometheus_client import Counter

    return Counter("hikari_analytics_calls", "Calls of the analytics", ["route", "outcome"])


@cache
def analytics_seconds() -> Any:
    """Time of one call of the analytics."""
    from prometheus_client import Histogram

    return Histogram("hikari_analytics_seconds", "Duration of one call of the analytics", ["route"], buckets=(*_BUCKETS_S, 30.0))


@cache
def refusals() -> Any:
    """Requests, sockets and frames that the guard did not let in, by the code of the error."""
    from prometheus_client import Counter

    return Counter("hikari_refusals", "Requests, sockets and frames refused by the guard", ["code"])
