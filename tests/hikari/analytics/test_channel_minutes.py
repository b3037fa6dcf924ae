"""Which minutes of a channel count as part of a stream: silence within it does, silence after it does not."""

from pathlib import Path
from typing import Any

import pytest

from hikari.analytics.channel import CHAT_RATE, NEWCOMERS, VIEWER_COUNT
from hikari.analytics.events import ChatEvent
from tests.hikari.analytics.keepers import START, crashed, keeper

HOUR = 3600.0


def say(one: Any, minute: float, user: str = "kai") -> list[Any]:
    at = START + 60.0 * minute
    return one.add("default", ChatEvent(at, user, "hello there"), at)["alerts"]


def watch(one: Any, minute: float, viewers: float) -> None:
    one.record("default", VIEWER_COUNT, viewers, START + 60.0 * minute, START + 60.0 * minute)


def recorded(one: Any, metric: str) -> dict[int, float]:
    """Values by minutes since `START`, whether or not they are on disk yet."""
    one.snapshot()
    times, values = one.series.read("default", metric)
    return {round((time - START) / 60.0): value for time, value in zip(times.tolist(), values.tolist(), strict=True)}


def test_silence_counts_once_somebody_writes_again(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    say(one, 0.1)
    say(one, 1.1)
    one.advance(START + 30 * 60.0)
    assert recorded(one, CHAT_RATE) == {0: 1.0, 1: 1.0}
    say(one, 30.1)
    say(one, 32.5)
    assert recorded(one, CHAT_RATE) == {0: 1.0, 1: 1.0, **dict.fromkeys(range(2, 30), 0.0), 30: 1.0}
    one.close()


@pytest.mark.parametrize("watched", [False, True])
def test_the_silence_between_two_streams_is_part_of_neither(tmp_path: Path, watched: bool) -> None:
    one, live = keeper(tmp_path / "one"), keeper(tmp_path / "live")
    for each in (one, live):
        for minute in range(5):
            say(each, minute + 0.1)
    for hour in range(1, 26):  # as the background does while a stream is silent
        live.advance(START + hour * HOUR)
    for each in (one, live):
        if watched:
            watch(each, 26 * 60 - 0.5, 9.0)
        for minute in range(3):
            say(each, 26 * 60 + minute + 0.1)
        minutes = recorded(each, CHAT_RATE)
        assert sorted(minutes) in ([0, 1, 2, 3, 26 * 60, 26 * 60 + 1], [0, 1, 2, 3, 4, 26 * 60, 26 * 60 + 1])
        assert set(minutes.values()) == {1.0}
        each.close()


def test_viewers_are_noted_with_or_without_chat(tmp_path: Path) -> None:
    one = keeper(tmp_path / "one")
    for minute in range(10):
        watch(one, minute + 0.02, 100.0 + minute)
    assert recorded(one, VIEWER_COUNT) == {minute: 100.0 + minute for minute in range(8)}
    say(one, 10.1)
    for minute in range(11, 20):
        watch(one, minute + 0.02, 100.0 + minute)
    one.flush()
    after = crashed(one, tmp_path / "crashed")
    for each in (one, after):
        say(each, 20.1)
        say(each, 21.5)
        # Chat after the silence closes its minutes; who watched them is noted already.
        assert recorded(each, VIEWER_COUNT) == {minute: 100.0 + minute for minute in range(20) if minute != 10} | {
            10: 109.0, 20: 119.0,
        }  # fmt: skip
        assert recorded(each, CHAT_RATE) == {10: 1.0, **dict.fromkeys(range(11, 20), 0.0), 20: 1.0}
        each.close()


def test_a_raid_is_told_when_its_minute_is_over_and_not_at_the_start(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    told: list[Any] = []
    for minute in range(40):
        for number in range(12 if minute < 3 else 1):  # everybody says hello
            told += say(one, minute + number / 20, f"viewer{minute * 20 + number if minute < 3 or minute % 3 == 0 else 1}")
    assert told == []
    for number in range(25):
        told += say(one, 40 + number / 30, f"raider{number}")
    told += say(one, 41.5)
    (alert,) = [one for one in told if one["metric"] == NEWCOMERS]
    assert alert["timestamp"] == START + 40 * 60.0
    assert alert["value"] == 25.0
    assert alert["why"][0]["feature"] == "newcomers in a minute"
    one.close()
