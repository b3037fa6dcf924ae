"""What a simulated channel is like: fitted figures by profile, and what a caller may choose.

`simulation.json` holds the figures, written by `python -m training.fit_simulator` from recorded streams: figures only, no message and
no name. What recordings of chat cannot show (viewers who never write, causes of bursts) is a stated choice here, not a fit.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from hikari.errors import BadInput

FORMAT = 1
PROFILES = ("quiet", "typical", "busy")
"""The lower quarter, the middle half and the upper quarter of the recorded streams by messages a minute."""
KINDS = ("raid", "hype", "lull", "troll", "copypasta")
MAX_HOURS = 48.0
MAX_RATE = 600_000.0
MAX_VIEWERS = 2_000_000
MAX_WORDS = 40
"""Longer messages count as this long."""
SHAPE_STARTS = (2.5, 7.5, 12.5, 17.5, 25.0, 37.5, 52.5, 75.0)
SHAPE_ENDS = (22.5, 10.0, 2.5)
"""The message rate over a stream is given at these minutes after the start, in the middle, and at these minutes before the end."""
VIEWERS_PER_CHATTER = 1.6
"""Viewers present on average for each chatter of a stream, most of whom come and go: assumed, recordings of chat have no viewers."""
DEFAULT_START = 1_767_639_600.0
"""Monday 5 January 2026, 19:00 UTC."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Fitted figures of one kind of channel. Rates are messages a minute, spreads standard deviations of natural logarithms."""

    rate: float
    rate_spread: float
    hours: float
    hours_spread: float
    streams_per_week: float
    shape: tuple[float, ...]
    """Message rate over the stream's mean at `SHAPE_STARTS`, in the middle and at `SHAPE_ENDS`."""
    fast: float
    medium: float
    slow: float
    """Standard deviations of the three processes of `simulator_rate.TIMES_S` that the logarithm of the rate follows."""
    chatters: float
    """Viewers inclined to write who drop in during a stream."""
    chattiness: float
    """Spread of how much they write."""
    conversation: float
    """Spread of how much one viewer writes in one `simulator.CONVERSATION_S` against another."""
    newcomers: float
    """Share of `chatters` who were never there before."""
    loyalty: float
    """Attendance of the others is `uniform ** loyalty`: the smaller, the more faithful."""
    emote_only: float
    emote_beside: float
    question: float
    mention: float
    shouting: float
    command: float
    link: float
    """Shares of messages; from `emote_beside` on, of those that are more than emotes."""
    words: tuple[float, ...]
    """Shares of 1, 2, ... `MAX_WORDS` words among messages that are more than emotes."""
    emotes: tuple[float, ...]
    """Shares of 1, 2, ... emotes among messages of nothing else."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Profile":
        """The reverse of `dataclasses.asdict`. Raises `BadInput` for other names."""
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            raise BadInput(f"a profile has exactly the figures {', '.join(sorted(names))}", field="profile")
        read: dict[str, Any] = {}
        for name, value in values.items():
            read[name] = tuple(map(float, value)) if name in ("shape", "words", "emotes") else float(value)
        return cls(**read)


@dataclass(frozen=True, slots=True)
class Planted:
    """An event at a chosen place: `at` seconds after the start.

    `size` is for hype the peak rate over the usual one, for a lull the rate over the usual one, for a raid the number of raiders, for
    trolls and copypasta the number of users; None draws it, and so does None for `seconds`. Raises `BadInput`.
    """

    kind: str
    at: float
    seconds: float | None = None
    size: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"an event is one of {', '.join(KINDS)}", field="kind")
        for name, value in (("at", self.at), ("seconds", self.seconds), ("size", self.size)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise BadInput(f"{name} must be a finite number of at least 0", field=name)


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """What to simulate; None leaves a figure to the profile, and lets it vary from stream to stream as recorded ones do.

    `rate` is the mean of messages a minute including all events, `viewers` the mean of viewers present without raids. The rates of
    events are means an hour. `growth` is by how much the community grows from one stream to the next. Raises `BadInput`.
    """

    profile: str = "typical"
    hours: float | None = None
    rate: float | None = None
    viewers: int | None = None
    start: float = DEFAULT_START
    raids: float = 0.05
    hypes: float = 1.5
    lulls: float = 0.3
    trolls: float = 0.15
    copypastas: float = 0.25
    growth: float = 0.01
    planted: tuple[Planted, ...] = ()
    """Planted events come in every stream beside the drawn ones."""
    figures: Profile | None = None
    """Figures of the caller's own instead of the profile's."""

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise BadInput(f"the profile must be one of {', '.join(PROFILES)}", field="profile")
        _within("hours", self.hours, 0.05, MAX_HOURS)
        _within("rate", self.rate, 0.01, MAX_RATE)
        _within("viewers", self.viewers, 1, MAX_VIEWERS)
        _within("start", self.start, 0, 1e11)
        for name in ("raids", "hypes", "lulls", "trolls", "copypastas"):
            _within(name, getattr(self, name), 0, 60)
        _within("growth", self.growth, -0.5, 0.5)

    def resolved(self) -> Profile:
        """The figures to simulate with."""
        return self.figures if self.figures is not None else profile(self.profile)

    def without_events(self) -> dict[str, float]:
        """The rates that switch all drawn events off, for `dataclasses.replace`."""
        return {"raids": 0.0, "hypes": 0.0, "lulls": 0.0, "trolls": 0.0, "copypastas": 0.0}


def profile(name: str) -> Profile:
    """The fitted figures of one of `PROFILES`."""
    return Profile.from_dict(figures_file()["profiles"][name]["parameters"])


@cache
def figures_file() -> dict[str, Any]:
    """The whole of `simulation.json`: for each profile the parameters, and the statistics measured on the recorded streams."""
    content = json.loads(resources.files("hikari.analytics").joinpath("simulation.json").read_text(encoding="utf-8"))
    if content.get("format") != FORMAT:
        raise BadInput(f"simulation.json must be of format {FORMAT}")
    return content


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise BadInput(f"{name} must be from {low:g} to {high:g}", field=name)
