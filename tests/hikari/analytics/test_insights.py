"""What is told about viewers and channels, the flags, and that a forgotten viewer is nowhere."""

import json
import math

import pytest

from hikari.analytics.audiences import Audiences
from hikari.analytics.clips import Moment
from hikari.analytics.cohorts import Cohorts
from hikari.analytics.events import ChatEvent
from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.insights import anomaly_flags, forget_user, global_insights, viewer_insights
from hikari.analytics.leaders import Leaders
from hikari.analytics.moments import Moments
from hikari.analytics.profiles import Profile
from hikari.analytics.topics import TopicModel
from hikari.errors import BadInput

NOW = 1_700_000_000.0


def one_of(hot: HotProfiles, name: str = "ann") -> Profile:
    found = hot.get(name)
    assert found is not None
    return found


def flags(hot: HotProfiles) -> set[str]:
    return {one["flag"] for one in anomaly_flags(one_of(hot))}


def test_a_viewer_in_json() -> None:
    hot = HotProfiles()
    for at in range(12):
        hot.add(ChatEvent(NOW + at * 3600.0, "ann", f"m{at}?", at / 12, None, 0.1), at // 4, topic=at % 3 // 2)
    told = viewer_insights(one_of(hot), NOW + 86_400, current_stream=2, topic_label={0: "boss"}.get)
    assert json.loads(json.dumps(told)) == told
    assert told["favorite_topics"] == [["boss", 1.0]]
    assert [time for time, _ in told["sentiment_history"]] == sorted(time for time, _ in told["sentiment_history"])
    assert (told["first_seen"], told["last_seen"]) == (NOW, NOW + 11 * 3600.0)
    assert (told["streams_seen"], told["streak"], told["segment"], told["anomaly_flags"]) == (3, 3, None, [])
    assert told["engagement_score"] > 0
    assert set(told["engagement_parts"]) == {"recency", "frequency", "regularity", "depth", "sentiment"}


def test_sudden_toxicity_is_flagged_and_constant_toxicity_otherwise() -> None:
    sudden, always, never = HotProfiles(), HotProfiles(), HotProfiles()
    for at in range(40):
        sudden.add(ChatEvent(NOW + 60 * at, "ann", f"m{at}", toxicity=0.9 if at >= 35 else 0.05))
        always.add(ChatEvent(NOW + 60 * at, "ann", f"m{at}", toxicity=0.8))
        never.add(ChatEvent(NOW + 60 * at, "ann", f"m{at}", toxicity=0.05))
    assert flags(sudden) == {"sudden_toxicity"}
    assert flags(always) == {"toxic"}
    assert flags(never) == set()


def test_floods_and_copypasta_are_flagged() -> None:
    flood, paste = HotProfiles(), HotProfiles()
    for at in range(30):
        flood.add(ChatEvent(NOW + 0.5 * at, "ann", f"m{at}"))
        paste.add(ChatEvent(NOW + 30 * at, "ann", "the same thing over and over again"))
    assert flags(flood) == {"flooding"}
    assert flags(paste) == {"copypasta"}


def test_a_channel_in_json() -> None:
    cohorts, chatters, emotes = Cohorts(), Leaders(), Leaders()
    cohorts.arrived((0, 0, 0), (0, 1, 1))
    cohorts.arrived((0, 1, 1), (1, 2, 3))
    cohorts.arrived((0, 0, 0), (1, 1, 1))
    chatters.add("ann", 3)
    emotes.add("Kappa", 2)
    moment = Moment(1.0, 2.0, 1.5, 0.0, 1.0, 0.5, 9, 5, 2.0, "9 messages")
    told = global_insights(moments=[moment], chatters=chatters, emotes=emotes, cohorts=cohorts, stream=1, viewers=20.0)
    assert json.loads(json.dumps(told)) == told
    assert (told["chatters"], told["first_time_chatters"], told["returning_chatters"]) == (2, 1, 1)
    assert told["chatter_viewer_ratio"] == 0.1
    assert told["retention"] == [[1, 1.0]]
    assert told["seen_in_last"][0] == [1, 0.5]
    assert (told["top_chatters"], told["top_emotes"]) == ([["ann", 3]], [["Kappa", 2]])
    assert told["hype_moments"][0]["clip_start"] == 0.0
    nobody = global_insights(moments=[], chatters=Leaders(), emotes=Leaders(), cohorts=Cohorts(), stream=0)
    assert (nobody["chatters"], nobody["chatter_viewer_ratio"], nobody["retention"]) == (0, None, [])


def test_a_forgotten_viewer_is_nowhere() -> None:
    hot, topics, audiences, moments, leaders = HotProfiles(), TopicModel(), Audiences(), Moments(), Leaders()
    for at in range(200):
        name = f"viewer{at % 9}" if at % 10 else "zelda_marker"
        text = f"ramen broth noodles {at % 7}" if at % 10 else f"ramen markertext noodles {at % 70}"
        hot.add(ChatEvent(NOW + at, name, text))
        topics.add(NOW + at, name, text)
        moments.add(NOW + at, name, text)
        leaders.add(name)
    topics.refresh()
    audiences.refresh(dict(hot.items()), NOW)
    parts = (hot, topics, audiences, moments, leaders)
    assert "zelda_marker" in str([one.state() for one in parts])
    forget_user("zelda_marker", profiles=hot, topics=topics, audiences=audiences, moments=moments, leaders=[leaders])
    kept = str([one.state() for one in parts])
    assert "zelda_marker" not in kept
    assert "markertext" not in kept
    assert "viewer3" in kept


def test_bad_arguments() -> None:
    for viewers in (math.nan, -1.0):
        with pytest.raises(BadInput):
            global_insights(moments=[], chatters=Leaders(), emotes=Leaders(), cohorts=Cohorts(), stream=0, viewers=viewers)
