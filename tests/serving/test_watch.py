"""The last minute of a channel."""

from typing import Any

from serving.hub import Frame
from serving.watch import MAX_CHANNELS, Watch


def said(channel: str = "c", username: str = "ann", score: float = 0.5, emotion: str = "joy", toxicity: float = 0.1) -> Frame:
    trend = {"mood": score, "direction": "rising", "messages": 1}
    return Frame(
        {
            "type": "analysis", "channel": channel, "username": username, "sentiment": {"aggregate": {"score": score}},
            "toxicity": {"score": toxicity}, "emotion": {"primary": emotion}, "context": {"global_trend": trend},
        }
    )  # fmt: skip


def alert(kind: str, **detail: Any) -> Frame:
    return Frame({"type": "alert", "channel": "c", "kind": kind, "detail": detail})


def test_a_minute_is_counted_and_goes_by() -> None:
    now = [100.0]
    watch = Watch(lambda: now[0])
    watch([said(), said(username="bo", score=-0.5, emotion="anger", toxicity=0.3), said("other")])
    now[0] = 130.0
    watch([said(score=0.3)])
    shown = watch.minute("c")
    assert (shown["minute"]["messages"], shown["minute"]["chatters"]) == (3, 2)
    assert shown["minute"]["sentiment"] == 0.1
    assert shown["minute"]["emotions"]["joy"] == 0.6667
    assert shown["mood"] == {"score": 0.3, "direction": "rising"}
    now[0] = 161.0
    assert watch.minute("c")["minute"]["messages"] == 1
    now[0] = 300.0
    empty = watch.minute("c")["minute"]
    assert (empty["messages"], empty["sentiment"], empty["toxicity"]) == (0, None, 0.0)


def test_hype_begins_and_ends_and_viewers_are_told() -> None:
    watch = Watch(lambda: 0.0)
    assert watch.minute("c")["hype"] == {"active": False, "score": None}
    watch([alert("hype_start", score=0.7), alert("anomaly")])
    watch.viewers("c", 12)
    assert watch.minute("c")["hype"] == {"active": True, "score": 0.7}
    assert watch.minute("c")["minute"]["viewers"] == 12
    watch([alert("hype_end", score=0.7)])
    assert not watch.minute("c")["hype"]["active"]


def test_a_viewer_is_forgotten_and_the_counts_stay() -> None:
    watch = Watch(lambda: 0.0)
    watch([said(), said("other")])
    watch.forget_user("ann", "c")
    assert watch.minute("c")["minute"]["chatters"] == 0
    assert watch.minute("c")["minute"]["messages"] == 1
    assert watch.minute("other")["minute"]["chatters"] == 1
    watch.forget_user("ann")
    assert watch.minute("other")["minute"]["chatters"] == 0


def test_channels_are_bounded() -> None:
    watch = Watch(lambda: 0.0)
    watch([said(str(number)) for number in range(MAX_CHANNELS + 5)])
    assert len(watch._channels) == MAX_CHANNELS
    assert watch.minute("0")["minute"]["messages"] == 0
