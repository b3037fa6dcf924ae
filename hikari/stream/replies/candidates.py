"""One analysed message as the desk sees it: what an `analysis` event says of it, read once and then trusted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from hikari.stream.replies.words import READ_CHARACTERS, Terms, terms

PRIORITIES = ("low", "medium", "high", "critical")
_MENTION = re.compile(r"(?<!\w)@(\w+)")
_ROLES = {
    "broadcaster": (1.0, "broadcaster"), "owner": (1.0, "owner"), "moderator": (1.0, "moderator"), "mod": (1.0, "moderator"),
    "vip": (0.8, "VIP"), "founder": (0.6, "founder"), "subscriber": (0.6, "subscriber"), "member": (0.6, "member"),
}  # fmt: skip
ASKS_BY_MARK = 0.5
"""How much a question mark counts where the text model sees no question."""
SHORT_WORDS = 3
SHORT_QUESTION = 0.6
"""Of "what?" and "really??", which ask for nothing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be answered. The numbers are in 0..1."""

    id: str | int | None
    channel: str
    username: str
    text: str
    timestamp: float
    arrived: float
    """When the desk got it, on the desk's clock."""
    question: float
    """How much it asks the VTuber something."""
    asks: bool
    addressed: bool
    """It speaks to the VTuber by name."""
    elsewhere: bool
    """It speaks to another viewer by name."""
    paid: bool
    role: float
    standing: str
    """The role that `role` comes from."""
    roles: tuple[str, ...]
    safety: float
    recommended: float
    tone: str
    priority: str
    reason: str
    """Why the recommendation is what it is."""
    memory: str | None
    """The id of the memory that this message became."""
    emotion: str
    trend: str
    """How the writer's mood moves: rising, falling, steady."""
    terms: Terms


def candidate(event: Mapping[str, Any], arrived: float, names: frozenset[str]) -> Candidate:
    """Read an `analysis` event; `names` are the VTuber's in lower case. What an event lacks counts as nothing special."""
    text = str(event["text"])
    context = _object(event, "context")
    recommendation = _object(event, "response_recommendation")
    asking = _object(context, "question")
    toxicity = _object(event, "toxicity")
    mentioned = {found.casefold() for found in _MENTION.findall(text[:READ_CHARACTERS])}
    addressed = bool(names) and (bool(mentioned & names) or not names.isdisjoint(_words(text)))
    elsewhere = bool(mentioned) and not addressed
    asks = bool(asking.get("asks"))
    probability = float(asking.get("probability") or ASKS_BY_MARK) if asks else ASKS_BY_MARK if "?" in text else 0.0
    roles = tuple(str(one) for one in event.get("roles") or ())
    role, standing = max((_ROLES.get(one.casefold(), (0.0, "")) for one in roles), default=(0.0, ""))
    moment = _object(event, "memory").get("id")
    priority = str(recommendation.get("priority", "low"))
    respond = bool(recommendation.get("respond"))
    return Candidate(
        id=event.get("id"),
        channel=str(event.get("channel", "default")),
        username=str(event["username"]),
        text=text,
        timestamp=float(event["timestamp"]),
        arrived=arrived,
        question=_question(text, probability, addressed, elsewhere),
        asks=asks or probability > 0,
        addressed=addressed,
        elsewhere=elsewhere,
        paid=bool(event.get("paid")),
        role=role,
        standing=standing,
        roles=roles,
        safety=_safety(float(toxicity.get("score") or 0.0)),
        recommended=(0.3, 0.6, 1.0, 1.0)[PRIORITIES.index(priority)] if respond and priority in PRIORITIES else 0.0,
        tone=str(recommendation.get("tone", "neutral")),
        priority=priority if priority in PRIORITIES else "low",
        reason=str(recommendation.get("reason", "")),
        memory=str(moment) if moment else None,
        emotion=str(_object(event, "emotion").get("primary", "neutral")),
        trend=str(_object(context, "user_trend").get("direction", "steady")),
        terms=terms(text, names),
    )


def _question(text: str, probability: float, addressed: bool, elsewhere: bool) -> float:
    """1 for a sure question to the VTuber by name, seven tenths to nobody by name, a fifth to somebody else; half for a plain
    address."""
    if probability <= 0:
        return 0.5 if addressed else 0.0
    base = (1.0 if addressed else 0.2 if elsewhere else 0.7) * (0.6 + 0.4 * min(probability, 1.0))
    return base if addressed or len(text.split()) >= SHORT_WORDS else base * SHORT_QUESTION


def _safety(toxicity: float) -> float:
    """1 up to a fifth, then falling to 0.2 at a half, where the analyser's own thresholds begin to say toxic."""
    return 1.0 if toxicity <= 0.2 else max(1.0 - (toxicity - 0.2) * 8 / 3, 0.0)


def _words(text: str) -> set[str]:
    return {word.casefold().strip(".,!?;:'\"()[]*~@") for word in text[:READ_CHARACTERS].split()}


def _object(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
