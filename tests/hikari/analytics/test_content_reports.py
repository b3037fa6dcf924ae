"""Contents against the channel: coverage under dependent minutes, planted effects found, too little data said."""

import json

import numpy as np
import pytest
from scipy import stats

from hikari.analytics.content_effects import effect
from hikari.analytics.content_reports import content_report
from hikari.analytics.contents import Contents
from hikari.errors import BadInput


def channel(seed, *, streams=10, minutes=150, memory=0.95, planted=0.0, spells=3, length=30, whole=False):
    """Timestamps, a metric with a level of each stream, a rise after the start and dependent noise, and when the content ran."""
    rng = np.random.default_rng(seed)
    times, values, flags = [], [], []
    for number in range(streams):
        noise = rng.normal(size=minutes)
        noise[0] /= np.sqrt(1 - memory**2)
        for minute in range(1, minutes):
            noise[minute] += memory * noise[minute - 1]
        shown = np.zeros(minutes, bool)
        if number < spells:
            start = 0 if whole else int(rng.integers(0, minutes - length + 1))
            shown[start : minutes if whole else start + length] = True
        times.append(86_400.0 * number + 60.0 * np.arange(minutes))
        values.append(50 + 5 * rng.normal() + 8 * np.log1p(np.arange(minutes) / 10) + noise + planted * shown)
        flags.append(shown)
    return np.concatenate(times), np.concatenate(values), np.concatenate(flags)


@pytest.mark.parametrize(
    "shape", [{}, {"memory": 0.0}, {"memory": 0.99}, {"spells": 1, "streams": 4}, {"length": 75}, {"whole": True}]
)
def test_the_intervals_hold(shape):
    """At least 95%, within the noise of 200 simulated channels; not so wide that they say nothing."""
    held = 0
    for seed in range(200):
        found = effect(*channel(seed, planted=6.0, **shape))
        assert found.interval is not None
        held += found.interval[0] <= 6.0 <= found.interval[1]
    assert held >= stats.binom.ppf(0.001, 200, 0.95)


def test_minutes_taken_as_independent_would_not_hold():
    held = 0
    for seed in range(100):
        _, values, shown = channel(seed)
        inside, outside = values[shown], values[~shown]
        half = 1.96 * np.sqrt(inside.var() / inside.size + outside.var() / outside.size)
        held += abs(inside.mean() - outside.mean()) <= half
    assert held < 60


def test_a_planted_effect_is_found_and_moves_with_the_planting():
    times, values, shown = channel(1, memory=0.5)
    one, two = effect(times, values, shown), effect(times, values + 20 * shown, shown)
    assert (one.method, one.stretches) == ("neighbourhood", 3)
    assert two.difference == pytest.approx(one.difference + 20)
    assert two.interval[0] > 0
    assert two.mean - two.baseline == pytest.approx(two.difference)


def test_a_content_that_fills_streams_is_compared_with_other_streams():
    found = effect(*channel(2, whole=True, planted=60.0))
    assert (found.method, found.stretches, found.placebos) == ("streams", 3, 7)
    assert found.interval[0] > 0


@pytest.mark.parametrize(
    ("shape", "words"),
    [({"streams": 1, "spells": 1}, "other stretches"), ({"streams": 4, "spells": 2, "whole": True}, "streams without it")],
)
def test_too_little_to_compare_with(shape, words):
    found = effect(*channel(3, **shape))
    assert found.method == "none"
    assert found.interval is None
    assert words in found.reason


def test_unknown_minutes_are_left_out():
    times, values, shown = channel(4, memory=0.5, planted=30.0)
    holes = values.copy()
    holes[::7] = np.nan
    assert effect(times, holes, shown).difference == pytest.approx(effect(times, values, shown).difference, abs=2.0)
    assert effect(times, np.full_like(values, np.nan), shown).reason.startswith("only 0 minutes")
    assert effect(times, values, np.zeros_like(shown)).method == "none"


def report_of(seed=5, **shape):
    times, values, shown = channel(seed, memory=0.5, planted=30.0, **shape)
    contents = Contents()
    runs = np.flatnonzero(np.diff(np.concatenate([[0], shown.astype(int), [0]])))
    for start, end in zip(runs[::2], runs[1::2], strict=True):
        contents.record("game", "chess", times[start], times[end - 1] + 60)
    contents.record("title", "hello", times[0] - 7200, times[0] - 3600)
    return contents, times, {"viewers": values, "sentiment": np.full(times.size, np.nan)}


def test_report():
    contents, times, metrics = report_of()
    report = content_report(contents, times, metrics)
    assert json.loads(json.dumps(report)) == report
    assert (report["minutes"], report["streams"]) == (1500, 10)
    chess = report["contents"][1]
    assert (chess["kind"], chess["name"], chess["minutes"], chess["streams"], chess["times_shown"]) == ("game", "chess", 90, 3, 3)
    assert chess["metrics"]["viewers"]["verdict"] == "higher"
    assert "higher" in chess["sentences"][0]
    assert chess["metrics"]["sentiment"]["verdict"] == "too little data"
    assert "too little data" in chess["sentences"][1]
    assert report["contents"][0]["minutes"] == 0
    assert [row["kind"] for row in content_report(contents, times, metrics, kind="game")["contents"]] == ["game"]


def test_the_order_of_the_rows_does_not_matter():
    contents, times, metrics = report_of()
    order = np.random.default_rng(0).permutation(times.size)
    shuffled = {name: column[order] for name, column in metrics.items()}
    assert content_report(contents, times[order], shuffled) == content_report(contents, times, metrics)


def test_nothing_recorded():
    assert content_report(Contents(), [], {"viewers": []})["contents"] == []
    contents = Contents()
    contents.record("game", "chess", 0)
    row = content_report(contents, [], {"viewers": []})["contents"][0]
    assert row["metrics"]["viewers"]["verdict"] == "too little data"


@pytest.mark.parametrize(
    ("times", "metrics", "kind", "field"),
    [
        ([0, 60], {"viewers": [1]}, None, "metrics"),
        ([0, 60], {}, None, "metrics"),
        ([0, float("nan")], {"viewers": [1, 2]}, None, "timestamps"),
        ([[0, 60]], {"viewers": [1, 2]}, None, "timestamps"),
        ([0, 60], {"viewers": ["a", "b"]}, None, "metrics"),
        ([0, 60], {"viewers": [1, 2]}, "song", "kind"),
    ],
)
def test_bad_tables(times, metrics, kind, field):
    with pytest.raises(BadInput) as caught:
        content_report(Contents(), times, metrics, kind)
    assert caught.value.field == field
