"""Prometheus metrics of the replies, beside those of `metrics.py` and made as late as they are."""

from functools import cache
from typing import Any

_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@cache
def seconds() -> Any:
    """Time of one question for replies, look-ups included."""
    from prometheus_client import Histogram

    return Histogram("hikari_next_reply_seconds", "Duration of one question for the next replies", buckets=_BUCKETS_S)


@cache
def picked() -> Any:
    """Messages that were proposed for an answer, by the priority of their recommendation."""
    from prometheus_client import Counter

    return Counter("hikari_replies_proposed", "Messages proposed for an answer", ["priority"])


@cache
def answered() -> Any:
    """What the VTuber said: in answer to a waiting message, or not."""
    from prometheus_client import Counter

    return Counter("hikari_said", "Utterances of the VTuber", ["kind"])


@cache
def degraded() -> Any:
    """Answers that came without a part."""
    from prometheus_client import Counter

    return Counter("hikari_replies_degraded", "Answers about replies without a part", ["part"])
