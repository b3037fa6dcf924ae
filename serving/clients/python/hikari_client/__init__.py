"""Talks to a Hikari engine: typed calls over HTTP, typed events over WebSocket.

>>> from hikari_client import Hikari
>>> engine = Hikari("http://127.0.0.1:3000", key="...")
>>> engine
Hikari('http://127.0.0.1:3000')
"""

from hikari_client.analysis import Analysis, Processed, Recommendation
from hikari_client.async_client import AsyncHikari
from hikari_client.async_events import AsyncEvents
from hikari_client.errors import (
    BadAnswer,
    BadInput,
    Damaged,
    Forbidden,
    HikariError,
    Internal,
    NotFound,
    NotReady,
    Overloaded,
    Refused,
    StoreBusy,
    StoreFull,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from hikari_client.events import (
    Alert,
    AnalysisEvent,
    ErrorEvent,
    Event,
    Hello,
    MemoriesStored,
    Snapshot,
    UnknownEvent,
    decode_event,
)
from hikari_client.memories import Found, Memory, Page
from hikari_client.replies import NextReply, Prompt, Reply
from hikari_client.retry import Retry
from hikari_client.sync_client import Hikari
from hikari_client.sync_events import Events

__version__ = "0.1.0"
__all__ = [
    "Alert",
    "Analysis",
    "AnalysisEvent",
    "AsyncEvents",
    "AsyncHikari",
    "BadAnswer",
    "BadInput",
    "Damaged",
    "ErrorEvent",
    "Event",
    "Events",
    "Forbidden",
    "Found",
    "Hello",
    "Hikari",
    "HikariError",
    "Internal",
    "MemoriesStored",
    "Memory",
    "NextReply",
    "NotFound",
    "NotReady",
    "Overloaded",
    "Page",
    "Processed",
    "Prompt",
    "Recommendation",
    "Refused",
    "Reply",
    "Retry",
    "Snapshot",
    "StoreBusy",
    "StoreFull",
    "TimedOut",
    "TooLarge",
    "Unauthorized",
    "UnknownEvent",
    "Unreachable",
    "decode_event",
]
