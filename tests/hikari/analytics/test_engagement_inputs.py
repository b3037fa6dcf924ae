"""What the engagement model is shown: scales, gaps, and no look beyond the window."""

import numpy as np
import pytest

from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.engagement_norms import ChannelNorms, Norms

WIDTH = len(inputs.TRACKED)


def rows(messages: list[float], sentiment: float = 0.25) -> np.ndarray:
    """A window of a stream that has run for `len(messages)` minutes, the minutes before it absent."""
    out = np.tile(features.ABSENT, (inputs.MINUTES, 1))
    for place, count in enumerate(messages):
        row = out[inputs.MINUTES - len(messages) + place]
        row[features.INDEX["in_stream"]] = 1.0
        row[features.INDEX["minutes_since_start"]] = place
        row[features.INDEX["messages"]] = count
        row[features.INDEX["unique_chatters"]] = np.ceil(count / 2)
        row[features.INDEX["sentiment_known"]] = float(count > 0)
        row[features.INDEX["mean_sentiment"]] = sentiment if count else np.nan
    return out


def norms(count: int = 1) -> Norms:
    flat = np.zeros((count, WIDTH))
    flat[:, -1] = inputs.USUAL_SURPRISE
    return Norms(flat.copy(), flat.copy(), np.ones_like(flat))


def test_shapes_and_finiteness() -> None:
    batch = np.stack([rows([4.0] * 30), rows([0.0] * 30), rows([7.0]), rows([0.0] * 3)])
    prepared = inputs.prepare(batch, norms(4))
    assert prepared.window.shape == (4, inputs.MINUTES, inputs.WINDOW_WIDTH)
    assert prepared.context.shape == (4, inputs.CONTEXT_WIDTH)
    assert prepared.baseline.shape == prepared.scale.shape == (4, len(inputs.HORIZONS), len(inputs.METRICS))
    for values in (prepared.window, prepared.context, prepared.baseline, prepared.scale):
        assert np.isfinite(values).all()
    assert prepared.present.sum(axis=1).tolist() == [30, 30, 1, 3]


def test_the_baseline_is_the_mean_of_the_last_quarter_of_an_hour() -> None:
    prepared = inputs.prepare(rows([50.0] * 15 + [6.0] * 15)[None], norms())
    assert prepared.baseline[0, :, 0] == pytest.approx(np.log1p([6.0, 30.0, 90.0]))
    assert prepared.baseline[0, :, 1] == pytest.approx(np.log1p(3.0 * np.array([1.0, 5.0, 15.0]) ** inputs.CHATTER_GROWTH))


def test_a_young_stream_counts_its_own_minutes_only() -> None:
    prepared = inputs.prepare(rows([6.0, 6.0])[None], norms())
    assert prepared.baseline[0, 1, 0] == pytest.approx(np.log1p(30.0))
    assert not prepared.window[0, :-2].any()


def test_sentiment_is_drawn_to_the_usual_one_where_little_was_said() -> None:
    usual = norms()
    loud, quiet = (inputs.prepare(rows([count] * 30, sentiment=0.8)[None], usual).baseline[0, 0, 2] for count in (100.0, 0.1))
    assert loud == pytest.approx(0.8 * 3_000 / (3_000 + inputs.SENTIMENT_PRIOR))
    assert 0.0 < quiet < 0.1


def test_shares_of_a_silent_minute_are_unknown_and_its_counts_are_not() -> None:
    seen = inputs.present(rows([3.0, 0.0]))
    counts = len(inputs.COUNTS)
    assert np.isfinite(seen[-1, :counts]).all()
    assert np.isnan(seen[-1, counts:]).all()
    assert np.isnan(seen[:-2]).all()
    assert seen[-2, 0] == pytest.approx(np.log1p(3.0))


def test_taking_in_one_by_one_and_together_is_the_same() -> None:
    window = rows([3.0, 0.0, 9.0, 1.0] * 7)
    together, alone = (ChannelNorms(np.zeros(WIDTH), np.ones(WIDTH)) for _ in range(2))
    inputs.take_in(together, window)
    for end in range(1, len(window) + 1):
        inputs.take_in(alone, window[:end], 1)
    assert alone.state() == together.state()
    assert together.minutes == 28


def test_taking_in_leaves_out_what_is_no_stream_and_does_without_a_past() -> None:
    channel = ChannelNorms(np.zeros(WIDTH), np.ones(WIDTH))
    inputs.take_in(channel, rows([]))
    assert channel.minutes == 0
    before = channel.snapshot().fast[-1]
    inputs.take_in(channel, rows([4.0])[-1:])
    assert channel.minutes == 1
    assert channel.snapshot().fast[-1] == before


def test_surprise_is_the_error_of_the_quarter_of_an_hour_before() -> None:
    windows = np.stack([rows([4.0] * 15 + [12.0] * 5), rows([4.0] * 14 + [12.0] * 5)])
    found = inputs.surprise(windows)
    assert found[0] == pytest.approx(np.log1p(60.0) - np.log1p(20.0))
    assert np.isnan(found[1])


def test_an_unruly_channel_is_answered_in_larger_units() -> None:
    calm, wild = norms(), norms()
    wild.fast[:, -1] *= 3.0
    window = rows([4.0] * 30)[None]
    assert inputs.prepare(window, calm).scale[0, :, :2] == pytest.approx(1.0)
    assert inputs.prepare(window, wild).scale[0, :, :2] == pytest.approx(2.0)


def test_preparing_leaves_its_argument_alone() -> None:
    given = rows([3.0, 0.0, 2.0])
    kept = given.copy()
    inputs.prepare(given[None], norms())
    inputs.present(given)
    np.testing.assert_array_equal(given, kept)


def test_rows_of_a_batch_do_not_touch_each_other() -> None:
    one, two = rows([3.0] * 30), rows([9.0] * 12)
    both = inputs.prepare(np.stack([one, two]), norms(2))
    alone = inputs.prepare(two[None], norms())
    np.testing.assert_array_equal(both.window[1], alone.window[0])
    np.testing.assert_array_equal(both.context[1], alone.context[0])
