"""What is never answered, whatever else speaks for it: bots, the VTuber's own words, abuse, texts that speak to the model, pasted walls.

The first reason that applies; None for what may wait for an answer. Reasons are counted, texts are not kept.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from hikari.memory.sources import is_bot, is_command
from hikari.stream.replies.candidates import Candidate
from hikari.stream.replies.quoting import instructs

OWN_ROLES = frozenset({"vtuber", "self", "streamer_bot"})
LEAVE = frozenset({"firm"})
"""Tones of recommendations that leave a message to the moderators."""
BOT, OWN, COMMAND, TOXIC, INSTRUCTS, ECHO, PASTED, EMPTY = (
    "bot", "own_words", "command", "toxic", "instructs_the_model", "echo", "copypasta", "no_words",
)  # fmt: skip
REASONS = (BOT, OWN, COMMAND, TOXIC, INSTRUCTS, ECHO, PASTED, EMPTY)


def kept_out(
    message: Candidate, event: Mapping[str, Any], names: frozenset[str], *, said: Callable[[Candidate], bool],
    pasted: Callable[[Candidate], bool],
) -> str | None:  # fmt: skip
    """Why this message is never answered. `said` tells whether the VTuber said it before, `pasted` whether others paste it as well."""
    if is_bot(message.username, {"roles": message.roles}):
        return BOT
    writer = message.username.strip().lstrip("@").casefold()
    if writer in names or not OWN_ROLES.isdisjoint(role.casefold() for role in message.roles):
        return OWN
    if message.channel != "default" and writer == message.channel.strip().lstrip("#@").casefold():
        return OWN
    if is_command(message.text):
        return COMMAND
    if is_toxic(message, event):
        return TOXIC
    if not message.paid and not message.terms.codes:
        return EMPTY
    if instructs(message.text):
        return INSTRUCTS
    if said(message):
        return ECHO
    return PASTED if pasted(message) else None


def is_toxic(message: Candidate, event: Mapping[str, Any]) -> bool:
    """Whether the analysis calls it toxic, in any of the ways it has to say so."""
    given: Any = event.get("toxicity")
    found: Mapping[str, Any] = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}
    return bool(found.get("is_toxic")) or bool(found.get("labels")) or message.safety <= 0 or message.tone in LEAVE
