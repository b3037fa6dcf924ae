"""Settings of the reply desk, with defaults for a busy live stream."""

import math
from dataclasses import dataclass

from hikari.errors import BadInput


@dataclass(frozen=True, slots=True)
class ReplyConfig:
    """What an operator may change; sizes bound the memory. Raises `BadInput`."""

    names: tuple[str, ...] = ()
    """What the VTuber is called: who says one of these speaks to her, and who bears one is she."""
    waiting: int = 2_000
    """Messages of a channel that may wait for an answer."""
    waiting_each: int = 4
    """Of these, messages of one viewer: a flood takes no place from others."""
    channels: int = 256
    """Channels at once; the one that was silent longest goes first."""
    half_life_s: float = 45.0
    """After so long a message is worth half: chat has moved on."""
    paid_half_life_s: float = 300.0
    max_age_s: float = 300.0
    """Older messages are not answered any more, paid ones after five times as long."""
    least: float = 0.05
    """A message that is worth less is not answered, whoever else is silent; see `scoring.py`."""
    turns: int = 12
    """Among so many answers in a row ..."""
    most_turns: int = 3
    """... one viewer has at most so many while others wait."""
    fade_answers: float = 20.0
    """After so many answers to anybody, an answer weighs half against who got it."""
    answered_s: float = 600.0
    """For so long after an answer the same question is no news."""
    hostile_s: float = 900.0
    """For so long after an insult, what the same viewer writes counts half."""
    shortlist: int = 6
    """Messages beyond `k` whose writers are looked up in the memory before the last choice."""
    lookup_s: float = 0.5
    """The memory and the analytics may take so long; then the answer comes without them and says so."""
    clip_tokens: int = 120
    """Tokens of one quoted text; what is longer is cut."""

    def __post_init__(self) -> None:
        whole = {"waiting": 1, "waiting_each": 1, "channels": 1, "turns": 1, "most_turns": 1, "shortlist": 0, "clip_tokens": 8}
        positive = ("half_life_s", "paid_half_life_s", "max_age_s", "fade_answers", "answered_s", "hostile_s", "lookup_s")
        problems = [f"{name} must be at least {low}" for name, low in whole.items() if getattr(self, name) < low]
        problems += [f"{name} must be over 0" for name in positive if not 0 < getattr(self, name) < math.inf]
        if not 0 <= self.least < 1:
            problems.append("least must be in 0..1")
        if problems:
            raise BadInput("; ".join(problems), field="config")
