"""Alerts come of what the analytics notice, once, in words that hold no viewer's."""

from typing import Any

from hikari.stream.alerts import AlertDesk
from tests.hikari.stream.parts import NOW, analysis, message

QUIET = {"counted": True, "stream": 0, "messages_in_slot": 1, "stream_chatters": 1, "hype": [], "alerts": []}
MOMENT = {
    "start": NOW, "end": None, "peak": NOW, "clip_start": NOW, "clip_end": NOW, "score": 0.9, "messages": 40, "chatters": 25, "usual": 8.0,
    "reason": "KEKW KEKW",
}  # fmt: skip


def look(desk: AlertDesk, *, at: float = NOW, mood: str = "steady", messages: int = 50, **insights: Any) -> list[dict[str, Any]]:
    read = analysis("secret words")
    read["context"]["global_trend"] = {"mood": -0.3, "direction": mood, "messages": messages}
    return desk.look(message("secret words", timestamp=at), read, {**QUIET, **insights})


def test_hype_starts_and_ends() -> None:
    desk = AlertDesk()
    (start,) = look(desk, hype=[MOMENT])
    (end,) = look(desk, hype=[{**MOMENT, "end": NOW + 20}])
    assert (start["kind"], start["priority"], start["silent"]) == ("hype_start", "medium", False)
    assert (end["kind"], end["silent"], end["timestamp"]) == ("hype_end", True, NOW + 20)
    assert start["message"] == "the chat goes wild: 25 people, 40 messages where 8 are usual"
    assert "KEKW" not in repr((start, end))
    assert start["id"] != end["id"]


def test_an_anomaly_says_what_and_why() -> None:
    why = [{"detector": "tails", "text": "tails: value 900, expected 100 (+9.0 sigmas)"}]
    row = {"id": "a1", "metric": "chat_rate", "timestamp": NOW, "value": 900.0, "score": 0.99, "severity": "high", "why": why}
    (alert,) = look(AlertDesk(), alerts=[row])
    assert (alert["id"], alert["kind"], alert["priority"]) == ("anomaly:default:a1", "anomaly", "high")
    assert alert["message"] == "messages per minute is unusual: 900"
    assert alert["detail"]["why"] == ["tails: value 900, expected 100 (+9.0 sigmas)"]
    (named,) = look(AlertDesk(), alerts=[{**row, "metric": "<script>"}])
    assert named["message"] == "a recorded metric is unusual: 900"


def test_the_mood_turns_once_and_not_on_few_messages() -> None:
    desk = AlertDesk()
    assert look(desk, mood="falling", messages=5) == []
    (shift,) = look(desk, mood="falling")
    assert (shift["kind"], shift["priority"]) == ("mood_shift", "medium")
    assert look(desk, mood="falling") == []
    assert look(desk, mood="steady") == []
    assert look(desk, mood="falling", at=NOW + 30) == []
    (again,) = look(desk, mood="falling", at=NOW + 130)
    assert again["id"] != shift["id"]


def test_many_new_people_at_once_are_a_raid_but_not_at_the_start() -> None:
    desk = AlertDesk()
    assert [alert for number in range(60) for alert in look(desk, at=NOW + number / 2, stream_chatters=number)] == []
    assert [alert for number in range(20) for alert in look(desk, at=NOW + 60 + 30 * number, stream_chatters=60 + number)] == []
    raid = [alert for number in range(60) for alert in look(desk, at=NOW + 700 + number / 4, stream_chatters=80 + number)]
    assert [alert["kind"] for alert in raid] == ["raid"]
    assert raid[0]["priority"] == "high"


def test_what_was_not_counted_alerts_nobody() -> None:
    assert look(AlertDesk(), counted=False, hype=[MOMENT]) == []
    assert AlertDesk().look(message(), analysis("x"), None) == []
