"""Hype moments on synthetic streams with planted events: found, not invented, in time; bounds, states, forgetting."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.clips import Moment, MomentSettings, clip
from hikari.analytics.moments import BASELINE_BINS, BIN_S, WINDOW_BINS, Moments
from hikari.errors import BadInput, BadStore

HOUR = 3600.0
Row = tuple[float, str, str, bool]


@dataclass(frozen=True)
class Planted:
    shot: float
    start: float
    end: float


def synthetic(
    seed: int, hours: float = 2.0, per_minute: float = 20.0, events: int = 8, lag: float = 15.0
) -> tuple[list[Row], list[Planted]]:
    """An over-dispersed chat whose rate drifts, with reactions of 15 to 30 s that trail their shots."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    steps = np.arange(0.0, hours * HOUR, 10.0)
    drift = 1.0 + 0.5 * np.sin(steps / 1500.0 + rng.uniform(0, 6))
    for at, rate in zip(steps, drift * rng.gamma(6.0, 1 / 6.0, len(steps)) * per_minute / 6.0, strict=True):
        for _ in range(rng.poisson(rate)):
            words = " ".join(f"word{rng.integers(2000)}" for _ in range(rng.integers(1, 9)))
            rows.append((at + rng.uniform(0, 10), f"v{rng.integers(150)}", words, bool(rng.random() < 0.2)))
    planted: list[Planted] = []
    for shot in np.linspace(600.0, hours * HOUR - 400.0, events) + rng.uniform(-60, 60, events):
        length = rng.uniform(15.0, 30.0)
        cheers = rng.choice(["POG", "POGGG", "LETS GO", "KEKW", "no way"], int(per_minute / 60 * length * rng.uniform(4.0, 7.0)))
        times = shot + lag + rng.beta(2, 3, len(cheers)) * length
        rows += [(float(at), f"v{rng.integers(150)}", str(text), True) for at, text in zip(times, cheers, strict=True)]
        planted.append(Planted(shot, shot + lag, shot + lag + length))
    return sorted(rows), planted


def run(rows: list[Row], settings: MomentSettings | None = None) -> list[Moment]:
    detector = Moments(settings)
    found = [moment for at, name, text, emote in rows for moment in detector.add(at, name, text, emote=emote)]
    found += detector.advance(rows[-1][0] + 600.0)
    return [moment for moment in found if moment.end is not None]


@cache
def results() -> list[tuple[list[Planted], list[Moment]]]:
    return [(planted, run(rows)) for rows, planted in (synthetic(seed) for seed in range(4))]


def overlap(moment: Moment, event: Planted) -> float:
    end = moment.end or moment.start
    shared = min(end, event.end) - max(moment.start, event.start)
    return max(shared, 0.0) / (max(end, event.end) - min(moment.start, event.start))


def test_planted_events_are_found_in_place_and_in_time() -> None:
    hits = events = told = 0
    overlaps: list[float] = []
    delays: list[float] = []
    covered: list[bool] = []
    for planted, found in results():
        events += len(planted)
        told += len(found)
        for event in planted:
            best = max(found, key=lambda one: overlap(one, event), default=None)
            if best is not None and overlap(best, event) > 0:
                hits += 1
                overlaps.append(overlap(best, event))
                delays.append(best.peak - event.start)
                covered.append(best.clip_start <= event.shot <= best.clip_end)
    recall, precision = hits / events, hits / told
    assert 2 * precision * recall / (precision + recall) >= 0.9
    assert np.mean(overlaps) >= 0.5
    assert 0 <= np.median(delays) <= 20
    assert np.mean(covered) >= 0.9


def test_a_quiet_stream_has_next_to_no_moments() -> None:
    found = [run(synthetic(seed, hours=3.0, events=0)[0]) for seed in range(10, 13)]
    assert sum(map(len, found)) / 9.0 <= 0.5


def test_moments_and_clips_do_not_overlap() -> None:
    for _, found in results():
        for earlier, later in pairwise(found):
            assert earlier.end is not None
            assert later.start >= earlier.end
            assert later.clip_start >= earlier.clip_end
        for one in found:
            assert one.start <= one.peak <= (one.end or 0)
            assert 0 < one.score <= 1
            assert "messages in 20 s" in one.reason
            assert 15.0 - 1e-9 <= one.clip_end - one.clip_start <= 60.0


def test_one_viewer_alone_and_bot_commands_are_no_moment() -> None:
    rows, _ = synthetic(3, hours=0.5, events=0)
    alone = [(1200.0 + at * 0.2, "spammer", "POG POG", True) for at in range(100)]
    commands = [(1200.0 + at * 0.2, f"v{at}", "!join", False) for at in range(100)]
    for extra in (alone, commands):
        assert len(run(sorted(rows + extra))) <= len(run(rows))


def test_the_start_is_told_while_the_moment_lasts() -> None:
    rows, planted = synthetic(1, hours=0.5, events=1)
    detector = Moments()
    told = [(at, moment) for at, name, text, emote in rows for moment in detector.add(at, name, text, emote=emote)]
    started = [(at, moment) for at, moment in told if moment.end is None]
    assert len(started) == 1
    assert planted[0].start <= started[0][0] <= planted[0].end + 10
    assert detector.current() is None


def test_late_messages_are_dropped_and_counted_and_silence_is_cheap() -> None:
    detector = Moments()
    detector.add(1000.0, "a", "hello")
    detector.add(1100.0, "a", "hello")
    detector.add(1001.0, "a", "hello")
    assert detector.late == 1
    detector.add(1e9, "a", "hello")
    assert detector._bin == 1e9 // BIN_S - 1  # open for messages that overtake each other


def test_memory_is_bounded() -> None:
    detector = Moments()
    for at in range(20_000):
        detector.add(1000.0 + at * 0.001, f"v{at}", "x" * 500)
    detector.advance(1100.0)
    assert sum(len(said) for _, said in detector._window) <= 200 * WINDOW_BINS
    assert len(detector._before) <= BASELINE_BINS + WINDOW_BINS


@settings(max_examples=15)
@given(st.integers(0, 900), st.integers(0, 3))
def test_state_goes_on_where_it_stopped(cut: int, seed: int) -> None:
    rows, _ = short(seed)
    cut = len(rows) * cut // 900
    detector = Moments()
    for row in rows[:cut]:
        detector.add(row[0], row[1], row[2], emote=row[3])
    again = Moments.from_state(detector.state())
    for row in rows[cut:]:
        assert again.add(row[0], row[1], row[2], emote=row[3]) == detector.add(row[0], row[1], row[2], emote=row[3])
    assert again.state() == detector.state()


@cache
def short(seed: int) -> tuple[list[Row], list[Planted]]:
    return synthetic(seed, hours=0.4, per_minute=15.0, events=1)


def test_forgetting_reaches_the_last_seconds() -> None:
    detector = Moments()
    for at in range(20):
        detector.add(1000.0 + at, "a" if at % 2 else "b", "secret" if at % 2 else "hello")
    detector.forget("a")
    assert "secret" not in str(detector.state())
    assert "hello" in str(detector.state())


@given(st.floats(0, 1e9), st.floats(0, 60), st.floats(0, 60), st.floats(0, 30))
def test_clips_move_back_by_the_lag(start: float, length: float, lag: float, lead: float) -> None:
    options = MomentSettings(lag_s=lag, lead_s=lead)
    first, last = clip(start, start + length, options)
    assert first == start - lag - lead
    assert options.shortest_clip_s - 1e-6 <= last - first <= options.longest_clip_s + 1e-6


def test_bad_arguments_and_states() -> None:
    for bad in ({"start": 0.5, "stop": 0.8}, {"lag_s": -1.0}, {"stop": 0.0}, {"lead_s": float("nan")}, {"shortest_clip_s": 90.0}):
        with pytest.raises(BadInput):
            MomentSettings(**bad)
    with pytest.raises(BadInput):
        Moments().advance(float("inf"))
    for state in ({}, {"v": 2}, {**Moments().state(), "settings": {"x": 1}}, {**Moments().state(), "open": 3}):
        with pytest.raises(BadStore):
            Moments.from_state(state)
