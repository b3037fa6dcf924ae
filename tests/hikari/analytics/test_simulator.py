"""Simulated streams: the format, the same bytes from the same seed, consistent viewers, and planted events that chat shows."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.simulator import simulate, streams
from hikari.analytics.simulator_config import KINDS, Planted, SimulationConfig
from hikari.analytics.simulator_events import LAG_S
from hikari.analytics.simulator_phrases import GAMES
from tests.hikari.analytics.simulated import CALM, CONFIG, PROFILE, STEADY, stream_with


def per_minute(rows: list[float], minutes: int) -> np.ndarray:
    return np.bincount((np.array(rows) // 60).astype(int), minlength=minutes)[:minutes]


def test_rows_are_in_the_replay_format_and_sorted() -> None:
    stream = next(streams(1, 3, CONFIG))
    rows = list(stream.rows())
    assert all(first["timestamp"] <= second["timestamp"] for first, second in pairwise(rows))
    for row in rows:
        assert list(row) == ["timestamp", "username", "message", "viewer_count"]
        assert isinstance(row["timestamp"], float)
        assert stream.start <= row["timestamp"] < stream.start + stream.seconds
        assert row["timestamp"] == round(row["timestamp"], 3)
        assert row["username"].strip()
        assert row["message"].strip()
        assert isinstance(row["viewer_count"], int)
        assert row["viewer_count"] >= 1
    assert json.loads(json.dumps(rows)) == rows


def test_a_seed_gives_these_bytes_on_every_machine() -> None:
    rows = simulate(replace(CONFIG, hours=2.0, hypes=2.0, copypastas=1.0, raids=1.0, trolls=1.0, lulls=1.0), 7)
    content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    assert hashlib.sha256(content.encode()).hexdigest() == BYTES


def test_equal_seeds_are_equal_and_others_are_not() -> None:
    config = replace(CONFIG, hours=0.5)
    first, again = list(simulate(config, 5)), list(simulate(config, 5))
    assert first == again
    assert first != list(simulate(config, 6))
    stream = next(streams(1, 5, config))
    assert list(stream.rows()) == list(stream.rows()) == first


def test_later_streams_do_not_depend_on_how_earlier_ones_are_read() -> None:
    config = replace(CONFIG, hours=0.3)
    read = [list(stream.rows()) for stream in streams(3, 5, config)]
    planned = list(streams(3, 5, config))
    assert [list(stream.rows()) for stream in planned] == read


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    hours=st.floats(0.05, 1.5),
    rate=st.floats(0.5, 60.0),
    viewers=st.one_of(st.none(), st.integers(1, 3000)),
)
def test_any_stream_is_sorted_and_whole(seed: int, hours: float, rate: float, viewers: int | None) -> None:
    config = replace(CONFIG, hours=hours, rate=rate, viewers=viewers, hypes=6.0, raids=3.0, trolls=3.0, copypastas=3.0, lulls=3.0)
    stream = next(streams(1, seed, config))
    rows = list(stream.rows())
    times = [row["timestamp"] for row in rows]
    assert times == sorted(times)
    expected = rate * stream.seconds / 60
    assert abs(len(rows) - expected) < 6 * np.sqrt(expected) + len(stream.lines) + 6
    for event in stream.truth()["events"]:  # type: ignore[attr-defined]
        assert event["kind"] in KINDS
        assert stream.start <= event["start"] <= event["end"] <= stream.start + stream.seconds + 0.001


def test_the_viewer_count_is_who_is_there() -> None:
    stream = next(streams(1, 3, replace(CONFIG, hours=1.0, viewers=400, raids=0.0)))
    for row in stream.rows():
        assert row["viewer_count"] == stream.viewers[int((row["timestamp"] - stream.start) // 60)]
    assert stream.viewers.mean() == pytest.approx(400, rel=0.1)
    assert stream.viewers[0] < 0.5 * stream.viewers[30]


def test_a_steady_chat_is_poisson_and_a_real_one_is_not() -> None:
    def fano(config: SimulationConfig) -> float:
        stream = next(streams(1, 3, replace(config, hours=6.0, rate=20.0)))
        counts = per_minute([row["timestamp"] - stream.start for row in stream.rows()], 360)
        return float(counts.var() / counts.mean())

    assert fano(STEADY) == pytest.approx(1.0, abs=0.25)
    assert fano(CALM) > 2.0


def test_the_rate_asked_for_is_the_mean_with_all_events() -> None:
    config = replace(CONFIG, hours=3.0, rate=50.0, hypes=3.0, copypastas=1.0)
    counts = [sum(1 for _ in simulate(config, seed)) / 180 for seed in range(3)]
    assert np.mean(counts) == pytest.approx(50.0, rel=0.03)


def test_hype_trails_its_moment_and_is_short_and_alike() -> None:
    stream = stream_with(Planted("hype", 1800.0, size=8.0))
    (event,) = stream.events
    assert LAG_S[0] <= event.start - event.at <= LAG_S[1]
    rows = [(row["timestamp"] - stream.start, row["message"]) for row in stream.rows()]
    inside = [text for time, text in rows if event.start <= time < event.end]
    usual = len(rows) / stream.seconds
    assert len(inside) / (event.end - event.start) > 2.5 * usual
    before = [time for time, _ in rows if event.at - 60 <= time < event.at]
    assert len(before) < 2 * 60 * usual
    alike = [event.chant.lower()[:-1] in text.lower() or event.emote in text for text in inside]
    assert np.mean(alike) > 0.5


def test_a_lull_is_quiet() -> None:
    stream = stream_with(Planted("lull", 1200.0, seconds=600.0, size=0.2))
    counts = per_minute([row["timestamp"] - stream.start for row in stream.rows()], 60)
    assert counts[20:30].mean() < 0.35 * np.concatenate([counts[:19], counts[31:]]).mean()


def test_a_raid_brings_viewers_and_new_names() -> None:
    stream = stream_with(Planted("raid", 1800.0, size=400.0), rate=10.0)
    (event,) = stream.events
    rows = list(stream.rows())
    assert stream.viewers[32] > stream.viewers[29] + 150
    assert stream.viewers[59] < stream.viewers[32]
    before = {row["username"] for row in rows if row["timestamp"] < stream.start + 1800}
    assert not before & set(event.users)
    during = {row["username"] for row in rows if event.start <= row["timestamp"] - stream.start < event.end + 30}
    assert len(during & set(event.users)) > 40
    assert any("raid" in row["message"].lower() for row in rows)


def test_trolls_write_only_while_they_are_there() -> None:
    stream = stream_with(Planted("troll", 600.0, seconds=200.0, size=2.0))
    (event,) = stream.events
    assert len(event.users) == 2
    times = [row["timestamp"] - stream.start for row in stream.rows() if row["username"] in event.users]
    assert len(times) >= 10
    assert event.start <= min(times) <= max(times) <= event.end


def test_a_copypasta_wave_is_one_text_from_many() -> None:
    stream = stream_with(Planted("copypasta", 1800.0, size=12.0))
    (event,) = stream.events
    inside = [row for row in stream.rows() if event.start <= row["timestamp"] - stream.start <= event.end]
    text, count = Counter(row["message"].lower().removesuffix(" lul") for row in inside if len(row["message"]) > 60).most_common(
        1
    )[0]
    assert count >= 10
    assert {row["username"] for row in inside if row["message"].lower().startswith(text)} == set(event.users)


def test_truth_names_every_user_and_time_in_epoch_seconds() -> None:
    config = replace(CONFIG, hours=4.0, raids=1.0, hypes=3.0, trolls=1.0, copypastas=1.0, lulls=1.0)
    stream = next(streams(1, 2, config))
    truth = json.loads(json.dumps(stream.truth()))
    assert {event["kind"] for event in truth["events"]} >= {"hype"}
    assert [event["at"] for event in truth["events"]] == sorted(event["at"] for event in truth["events"])
    names = {row["username"] for row in stream.rows()}
    for event in truth["events"]:
        assert (event["users"] == []) == (event["kind"] in ("hype", "lull"))
        if event["kind"] in ("troll", "copypasta"):
            assert set(event["users"]) <= names
    parts = truth["segments"]
    assert parts[0]["start"] == truth["start"]
    assert parts[-1]["end"] == truth["end"]
    assert all(first["end"] == second["start"] and first["name"] in GAMES for first, second in pairwise(parts))


def test_drawn_events_keep_apart() -> None:
    config = replace(CONFIG, hours=6.0, raids=2.0, hypes=6.0, trolls=2.0, copypastas=2.0, lulls=2.0)
    for stream in islice(streams(5, 2, config), 5):
        assert all(second.at - first.at >= 180.0 for first, second in pairwise(stream.events))
        assert all(first.end <= second.start for first, second in pairwise(stream.events))


def test_streams_follow_a_weekly_schedule_and_viewers_return() -> None:
    found = list(streams(9, 4, replace(CONFIG, hours=1.0)))
    days = [datetime.fromtimestamp(stream.start, UTC).weekday() for stream in found]
    assert days == [0, 2, 4] * 3
    assert all(second.start > first.start + first.seconds for first, second in pairwise(found))
    names = [{row["username"] for row in stream.rows()} for stream in found]
    shared = [len(first & second) / len(second) for first, second in pairwise(names)]
    assert 0.3 < np.mean(shared) < 0.9
    assert len(names[8] - set().union(*names[:8])) > 0


def test_followers_grow() -> None:
    followers = [stream.followers for stream in streams(30, 4, replace(CONFIG, hours=0.1, growth=0.03))]
    assert followers[-1] > 1.5 * followers[0]


def test_hours_and_rate_vary_from_stream_to_stream_unless_chosen() -> None:
    found = list(streams(12, 4, CALM))
    assert np.std([np.log(stream.seconds) for stream in found]) == pytest.approx(PROFILE.hours_spread, abs=0.12)
    assert len({stream.seconds for stream in streams(3, 4, replace(CALM, hours=1.0))}) == 1
    sums = [stream.rates.sum() for stream in streams(3, 4, replace(CALM, hours=1.0, rate=9.0))]
    assert sums == pytest.approx([540.0] * 3)


def test_rows_are_made_while_they_are_read() -> None:
    config = replace(CONFIG, hours=48.0, rate=300_000.0)
    assert len(list(islice(simulate(config, 1), 10))) == 10


def test_many_viewers() -> None:
    stream = next(streams(1, 1, replace(CALM, hours=0.1, rate=3000.0, viewers=50_000)))
    assert stream.viewers.mean() == pytest.approx(50_000, rel=0.1)
    assert len({row["username"] for row in stream.rows()}) > 1000


BYTES = "869d2927348bf5d273f92cd40c41682fc51a8855d17c4e115eedd93195427a11"
