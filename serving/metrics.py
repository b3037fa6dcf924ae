"""Hikari's own Prometheus metrics, beside BentoML's, on `/metrics`.

Created on first use: prometheus_client decides at import whether it works for several processes, and BentoML must set that
up first.
"""

from functools import cache
from typing import Any


@cache
def messages() -> Any:
    """Analysed messages by outcome."""
    from prometheus_client import Counter

    return Counter("hikari_messages", "Chat messages analysed", ["outcome"])


@cache
def seconds() -> Any:
    """Time of one analysis call, whatever the number of its messages."""
    from prometheus_client import Histogram

    buckets = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    return Histogram("hikari_analysis_seconds", "Duration of one analysis call", ["route"], buckets=buckets)
