"""What each route asks of a key: one table for all of them. What is not in it is for admin keys of the whole engine."""

from dataclasses import dataclass
from typing import Literal

from serving.keys import Access, Scope

Reach = Literal["none", "one", "frames", "every", "whole"]
"""What a route touches: no channel; the one it is given, else `default`; those of its frames; the one it is given, else every
channel; the whole engine."""


@dataclass(frozen=True)
class Need:
    """What a route asks of a key."""

    scopes: frozenset[Scope]
    """Any of these will do; empty: anybody may come."""
    reach: Reach
    audited: bool = False
    """Whether each call is noted in the audit log: what it does cannot be undone."""
    rows: str | None = None
    """The field of the body whose rows may each name a channel."""
    target: tuple[str, ...] = ()
    """Where the body tells what is deleted or changed."""

    def allows(self, access: Access) -> bool:
        """Whether one of the scopes is granted."""
        return not self.scopes or not self.scopes.isdisjoint(access.scopes)


_READ: frozenset[Scope] = frozenset({"read"})
_WRITE: frozenset[Scope] = frozenset({"write"})
_ADMIN: frozenset[Scope] = frozenset({"admin"})
OPEN = Need(frozenset(), "none")
UNKNOWN = Need(_ADMIN, "whole")


def _of(scopes: frozenset[Scope], reach: Reach, *paths: str) -> dict[str, Need]:
    return dict.fromkeys(paths, Need(scopes, reach))


NEEDS: dict[str, Need] = {
    # The page holds no data: it asks for the key. Health checks must work without.
    **_of(frozenset(), "none", "/", "/docs", "/livez", "/readyz", "/healthz", "/favicon.ico"),
    **_of(_READ, "none", "/openapi.json", "/docs.json", "/schema.json", "/v1alpha1/comments:analyze", "/reading"),
    # Figures of all channels together.
    **_of(_READ, "whole", "/metrics"),
    # Read.
    **_of(
        _READ, "one",
        "/retrieve_memories", "/get_memory", "/recent_memories", "/related_entities", "/facts", "/contradictions",
        "/viewer_insights", "/global_insights", "/forecast_metrics", "/predict_engagement", "/detect_anomalies", "/cluster_viewers",
        "/topics", "/experiments/report", "/experiments/list", "/content/report", "/next_reply", "/learned_emotes", "/ws/dashboard",
    ),
    **_of(_READ, "every", "/memory_stats", "/memory_audit"),
    # Write. An analysis counts in the trends of its channel.
    **_of(
        _WRITE, "one",
        "/analyze_message", "/process_chat_message", "/store_memory", "/update_memory", "/said", "/summarize_episode",
        "/record_metric", "/start_stream", "/schedule", "/anomaly_feedback", "/experiments/assign", "/experiments/record",
        "/content/record",
    ),
    "/analyze_batch": Need(_WRITE, "one", rows="messages"),
    "/process_chat_batch": Need(_WRITE, "one", rows="rows"),
    "/store_memories": Need(_WRITE, "one", rows="rows"),
    # Who may only listen or only send comes in; each frame is looked at.
    **_of(_READ | _WRITE, "frames", "/ws/chat"),
    # Admin: what cannot be undone, goes through everything, or decides what an experiment means.
    "/consolidate_memories": Need(_ADMIN, "every", audited=True),
    "/delete_memory": Need(_ADMIN, "one", audited=True, target=("id",)),
    "/forget_memories": Need(_ADMIN, "every", audited=True),
    "/forget_user": Need(_ADMIN, "every", audited=True, target=("user",)),
    "/reset_learned_emotes": Need(_ADMIN, "one", audited=True, target=("name",)),
    "/reload_knowledge": Need(_ADMIN, "whole", audited=True, target=("path",)),
    "/experiments/create": Need(_ADMIN, "one", audited=True, target=("definition", "id")),
    "/experiments/start": Need(_ADMIN, "one", audited=True, target=("id",)),
    "/experiments/stop": Need(_ADMIN, "one", audited=True, target=("id",)),
}  # fmt: skip
"""Every route of the service, WebSockets too."""


def need_of(path: str) -> Need:
    """What the route at this path asks for."""
    if path.startswith("/static/"):
        return OPEN
    return NEEDS.get(path, UNKNOWN)
