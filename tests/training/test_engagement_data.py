"""Windows, targets and splits of recorded streams, against slow and plain definitions."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.events import ChatEvent
from tests import tiny_streams
from training.engagement import split
from training.engagement_data import EveryFew, Recordings, Table, chatters_ahead, priors, read, tabulate
from training.engagement_mood import lexicon_mood
from training.feature_files import StreamFeatures
from training.public_data import PublicDataError
from training.streams import RecordedStream


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return read(tiny_streams.write_folder(tmp_path_factory.mktemp("streams") / "tiny", streams=3, minutes=45), None)


@pytest.fixture(scope="module")
def table(recordings: Recordings) -> Table:
    return tabulate(recordings, priors(recordings.streams))


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 4)), max_size=60))
def test_chatters_ahead_is_the_size_of_the_set(said: list[tuple[int, int]]) -> None:
    events = tuple(ChatEvent(60.0 * minute + 1, f"u{user}", "x") for minute, user in sorted(said))
    counts = chatters_ahead(RecordedStream("c", "1", 0.0, 1200.0, events), 0, 20)
    for minute in range(20):
        for column, ahead in enumerate(inputs.HORIZONS):
            wanted = {user for at, user in said if minute < at <= minute + ahead}
            assert counts[minute, column] == len(wanted)


def test_windows_are_those_of_the_features_module(recordings: Recordings, table: Table) -> None:
    for number, stream in enumerate(table.streams[:2]):
        own = np.flatnonzero(table.stream == number)
        for end in (1, 2, 29, 30, 31, len(stream.matrix)):
            expected = features.window(stream.matrix, end)
            np.testing.assert_array_equal(table.windows(own[[end - 1]])[0], expected)
    assert len(table.streams) == len(recordings.streams)


def test_a_second_stream_after_an_hours_silence_begins_anew() -> None:
    matrix = np.tile(features.ABSENT, (80, 1))
    matrix[:, features.INDEX["in_stream"]] = 1.0
    matrix[:, features.INDEX["minutes_since_start"]] = [*range(50), *range(30)]
    matrix[:, features.INDEX["messages"]] = np.arange(80)
    made = tabulate(
        Recordings([StreamFeatures("c", "1", 0, matrix)], [np.zeros((80, 3))]),
        (np.zeros(len(inputs.TRACKED)), np.ones(len(inputs.TRACKED))),
    )
    at = np.flatnonzero(made.stream == 0)[[60]]
    np.testing.assert_array_equal(made.windows(at)[0], features.window(matrix, 61))


def test_targets_are_what_comes_next(table: Table) -> None:
    messages, mood = features.INDEX["messages"], features.INDEX["mean_sentiment"]
    stream = table.streams[1].matrix
    own = np.flatnonzero(table.stream == 1)
    for minute in (0, 10, 29):
        for row, ahead in enumerate(inputs.HORIZONS):
            after = stream[minute + 1 : minute + 1 + ahead]
            assert table.targets[own[minute], row, 0] == pytest.approx(np.log1p(after[:, messages].sum()))
            said = after[:, messages] > 0
            if said.any():
                expected = np.average(after[said, mood], weights=after[said, messages])
                assert table.targets[own[minute], row, 2] == pytest.approx(expected)
    assert np.isnan(table.targets[own[-1]]).all()
    assert np.isnan(table.targets[own[-5], 1]).all()
    assert np.isfinite(table.targets[own[-6], 1, 0])


def test_one_chatter_a_minute_agrees_with_the_features(table: Table) -> None:
    own = np.flatnonzero(table.stream == 0)
    unique = table.streams[0].matrix[1:, features.INDEX["unique_chatters"]]
    np.testing.assert_allclose(table.targets[own[:-1], 0, 1], np.log1p(unique))


def test_norms_know_only_the_past(recordings: Recordings) -> None:
    """Another future does not change a minute's window, norms or baseline."""
    prior = priors(recordings.streams)
    whole = tabulate(recordings, prior)
    first = whole.streams[0]
    cut = tabulate(
        Recordings([StreamFeatures(first.channel, first.stream_id, first.first_minute, first.matrix[:20])], [np.zeros((20, 3))]),
        prior,
    )
    at_whole, at_cut = np.flatnonzero(whole.stream == 0)[:20], np.flatnonzero(cut.stream == 0)
    left, right = whole.prepared(at_whole), cut.prepared(at_cut)
    for name in ("window", "context", "baseline", "scale", "present"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def test_whole_streams_are_held_out_and_the_newest_are_the_test(recordings: Recordings) -> None:
    roles = split(recordings.streams, 0.34, 0.34)
    for channel in ("ann", "bo"):
        own = sorted((each for each in recordings.streams if each.channel == channel), key=lambda each: each.first_minute)
        assert [roles[each.channel, each.stream_id] for each in own] == ["train", "dev", "test"]


def test_every_few_sees_all_minutes_over_time() -> None:
    sampler = EveryFew(100, 7, seed=1)
    epochs = [list(sampler) for _ in range(40)]
    assert all(len(epoch) == len(sampler) == 15 for epoch in epochs)
    assert {minute for epoch in epochs for minute in epoch} == set(range(100))
    assert list(EveryFew(100, 7, 1)) == epochs[0]


def test_minutes_have_a_whole_horizon_after_them(table: Table) -> None:
    at = table.minutes(range(len(table.streams)), 30, 5)
    assert len(at)
    assert (table.elapsed[at] >= 30).all()
    assert np.isfinite(table.targets[at, 1, 0]).all()


def test_every_message_has_a_mood() -> None:
    scored = lexicon_mood(["i love this", "i hate this", "table"])
    assert scored[0][0] > 0 > scored[1][0]  # type: ignore[operator]
    assert scored[2] == (0.0, None, None)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublicDataError):
        read(tmp_path, None)


def test_the_cache_gives_the_same(tmp_path: Path) -> None:
    folder = tiny_streams.write_folder(tmp_path / "tiny", channels=("ann",), streams=2, minutes=20)
    fresh, again = read(folder, tmp_path / "cache"), read(folder, tmp_path / "cache")
    for left, right in zip(fresh.chatters, again.chatters, strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(fresh.streams[1].matrix, again.streams[1].matrix)
