"""How engaged a viewer is, 0 to 100, and the parts that it is made of.

    score = 100 * (0.25 recency + 0.25 frequency + 0.20 regularity + 0.20 depth + 0.10 sentiment)

    recency     exp(-days since the last message / 14)
    frequency   1 - exp(-streams the viewer was in / 5)
    regularity  share of the last 8 streams that the viewer was in; streams before the first visit do not count, but one of four at least
                is taken as missed (k of n is read as (k) / max(n, 4))
    depth       0.6 (1 - exp(-messages in a stream / 10)) + 0.2 (1 - exp(-characters in a message / 40)) + 0.2 share of messages that ask
                or address somebody, with two pseudo-messages that do not
    sentiment   mean sentiment on 0..1, with five neutral pseudo-messages; 0.5 where none is known

Recency, frequency and regularity are the first two letters of RFM (Hughes, 1994) for streams; depth and tone stand where a shop has
money. Every part is in 0..1 and grows, all else equal, with what its name says.
"""

import math
from dataclasses import dataclass

from hikari.analytics.profiles import DAY_S, Profile
from hikari.errors import BadInput

WEIGHTS = {"recency": 0.25, "frequency": 0.25, "regularity": 0.20, "depth": 0.20, "sentiment": 0.10}
RECENCY_DAYS = 14.0
FREQUENT_STREAMS = 5.0
REGULAR_STREAMS = 8
LEAST_STREAMS = 4
TALKATIVE_MESSAGES = 10.0
LONG_CHARACTERS = 40.0
ADDRESS_PRIOR = 2.0
SENTIMENT_PRIOR = 5.0


@dataclass(frozen=True, slots=True)
class Engagement:
    """The score in 0..100 and its parts in 0..1."""

    score: float
    recency: float
    frequency: float
    regularity: float
    depth: float
    sentiment: float

    def parts(self) -> dict[str, float]:
        """The parts by name."""
        return {name: getattr(self, name) for name in WEIGHTS}


def engagement(profile: Profile, now: float, current_stream: int | None = None) -> Engagement:
    """The engagement of a viewer at `now` (epoch seconds); `current_stream` defaults to the last one the viewer was in.

    Raises `BadInput` for a time that is not finite.
    """
    if not math.isfinite(now):
        raise BadInput("now must be finite epoch seconds", field="now")
    stream = profile.stream if current_stream is None else max(current_stream, profile.stream)
    days = max(now - profile.last_seen, 0.0) / DAY_S
    known = min(REGULAR_STREAMS, _streams_since_first(profile, stream))
    per_stream = profile.messages / max(profile.streams, 1)
    addressed = (profile.questions + profile.mentions) / (profile.messages + ADDRESS_PRIOR)
    parts = {
        "recency": math.exp(-days / RECENCY_DAYS),
        "frequency": -math.expm1(-profile.streams / FREQUENT_STREAMS),
        "regularity": profile.seen_in_last(REGULAR_STREAMS, stream) / max(known, LEAST_STREAMS),
        "depth": -0.6 * math.expm1(-per_stream / TALKATIVE_MESSAGES)
        - 0.2 * math.expm1(-profile.mean_length / LONG_CHARACTERS)
        + 0.2 * min(addressed, 1.0),
        "sentiment": 0.5 + 0.5 * profile.sentiment_sum / (profile.sentiments + SENTIMENT_PRIOR),
    }
    return Engagement(100.0 * sum(weight * parts[name] for name, weight in WEIGHTS.items()), **parts)


def _streams_since_first(profile: Profile, stream: int) -> int:
    """Streams from the first visit that the mask knows to the current one, both included."""
    older = profile.streams > profile.stream_mask.bit_count()
    return REGULAR_STREAMS if older else stream - profile.stream + max(profile.stream_mask.bit_length(), 1)
