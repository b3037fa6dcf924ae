"""What the analytics tell about one viewer and about the whole channel, as plain dictionaries, and how a viewer is forgotten."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from hikari.analytics.audiences import Audiences, Segment
from hikari.analytics.clips import Moment
from hikari.analytics.cohorts import REACH, Cohorts
from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.leaders import Leaders
from hikari.analytics.moments import Moments
from hikari.analytics.profiles import Profile
from hikari.analytics.topics import TopicModel
from hikari.analytics.viewer_score import engagement
from hikari.errors import BadInput

TOXIC = 0.5
SUDDEN = 0.3
"""How far the last messages' toxicity must lie over the viewer's mean to be sudden."""
LEAST_TOXICITIES = 5
FLOOD_SHARE = 0.3
REPEAT_SHARE = 0.4
"""Four of the last ten messages, roughly, copied or said again."""

TopicLabel = Callable[[int], str | None]


def viewer_insights(
    profile: Profile,
    now: float,
    *,
    current_stream: int | None = None,
    topic_label: TopicLabel | None = None,
    segment: Segment | None = None,
) -> dict[str, Any]:
    """What is known of a viewer at `now`: JSON values, times in epoch seconds.

    `favorite_topics` is a list of `[label, weight]` whose weights are shares of the viewer's messages with a topic that still exists;
    `sentiment_history` one of `[time, sentiment]`, oldest first. Raises `BadInput`.
    """
    score = engagement(profile, now, current_stream)
    named = [(label, count) for topic, count in profile.topics if topic_label and (label := topic_label(topic)) is not None]
    total = sum(count for _, count in named)
    stream = profile.stream if current_stream is None else current_stream
    return {
        "engagement_score": round(score.score, 2),
        "engagement_parts": {name: round(value, 4) for name, value in score.parts().items()},
        "favorite_topics": [[label, round(count / total, 4)] for label, count in named],
        "sentiment": None if profile.sentiment is None else round(profile.sentiment, 4),
        "sentiment_history": [[time, round(mean, 4)] for time, mean, _ in profile.history],
        "toxicity": None if profile.toxicity is None else round(profile.toxicity, 4),
        "first_seen": profile.first_seen,
        "last_seen": profile.last_seen,
        "messages": profile.messages,
        "mean_length": round(profile.mean_length, 2),
        "emote_share": _share(profile.emotes, profile.messages),
        "question_share": _share(profile.questions, profile.messages),
        "streams_seen": profile.streams,
        "days_seen": profile.days,
        "streak": profile.streak(stream),
        "segment": None if segment is None else {"id": segment.id, "label": segment.label},
        "anomaly_flags": anomaly_flags(profile),
    }


def anomaly_flags(profile: Profile) -> list[dict[str, str]]:
    """What is out of the ordinary in the viewer's last messages: `flag` for programs, `why` for people."""
    flags: list[dict[str, str]] = []
    mean = profile.toxicity
    if mean is not None and profile.toxicities >= LEAST_TOXICITIES:
        recent = profile.toxicity_recent
        if recent >= TOXIC and recent - mean >= SUDDEN:
            flags.append({"flag": "sudden_toxicity", "why": f"toxicity {recent:.2f} lately, {mean:.2f} on average"})
        elif mean >= TOXIC:
            flags.append({"flag": "toxic", "why": f"toxicity {mean:.2f} on average"})
    if profile.flood_recent >= FLOOD_SHARE:
        flags.append({"flag": "flooding", "why": f"{profile.flood_recent:.0%} of the last messages at the pace of a flood"})
    if profile.repeat_recent >= REPEAT_SHARE:
        flags.append({"flag": "copypasta", "why": f"{profile.repeat_recent:.0%} of the last messages repeated or copied"})
    return flags


def global_insights(
    *,
    moments: Sequence[Moment],
    chatters: Leaders,
    emotes: Leaders,
    cohorts: Cohorts,
    stream: int,
    viewers: float | None = None,
    top: int = 10,
) -> dict[str, Any]:
    """What is known of a stream: JSON values.

    `viewers` is the latest number of viewers, where known. `retention` is a list of `[k, share]`: of those who wrote in the stream k
    before this one, the share that wrote in this one too; `seen_in_last` one of `[k, share]`: of this stream's chatters, the share
    that wrote in at least one of the k streams before. Raises `BadInput`.
    """
    if viewers is not None and not (math.isfinite(viewers) and viewers >= 0):
        raise BadInput("viewers must be a finite number of at least 0", field="viewers")
    people = cohorts.summary(stream)
    recent = ((count, cohorts.seen_recently(stream, count)) for count in range(1, REACH + 1))
    return {
        "hype_moments": [asdict(one) for one in moments],
        "top_chatters": [[name, count] for name, count in chatters.top(top)],
        "top_emotes": [[name, count] for name, count in emotes.top(top)],
        "chatters": people["viewers"],
        "chatter_viewer_ratio": round(people["viewers"] / viewers, 4) if viewers else None,
        "first_time_chatters": people["first_time"],
        "returning_chatters": people["returning"],
        "retention": [[back, round(share, 4)] for back, share in cohorts.retention(stream)],
        "seen_in_last": [[count, round(share, 4)] for count, share in recent if share is not None],
    }


def forget_user(
    name: str,
    *,
    profiles: HotProfiles,
    topics: TopicModel | None = None,
    audiences: Audiences | None = None,
    moments: Moments | None = None,
    leaders: Sequence[Leaders] = (),
) -> None:
    """Remove a viewer from all of this process; the owner of the store removes what was evicted. Anonymous counts stay."""
    profiles.forget(name)
    for part in (topics, audiences, moments, *leaders):
        if part is not None:
            part.forget(name)


def _share(count: int, total: int) -> float:
    return round(count / total, 4) if total else 0.0
