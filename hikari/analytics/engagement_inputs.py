"""What the engagement model is shown and what it answers: the one preparation that training and service share.

The last `MINUTES` rows of `hikari.analytics.features` become differences to what is usual in the channel (`ChannelNorms`) and to the last
quarter of an hour; the model answers with differences to `Prepared.baseline`, in units of `Prepared.scale`: how unruly the channel has
been of late. So it is the same model for a channel with five messages a minute and for one with five hundred.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hikari.analytics import features
from hikari.analytics.engagement_norms import ChannelNorms, Norms

Array = npt.NDArray[np.float64]
Narrow = npt.NDArray[np.float32]

VERSION = 1
"""Raised whenever something is prepared differently: bundles say which version they were trained on."""
MINUTES = 30
HORIZONS = (1, 5, 15)
"""Minutes ahead."""
METRICS = ("messages", "unique_chatters", "mean_sentiment")
"""Messages and distinct chatters of the whole horizon, natural logarithm of 1 + count; mean sentiment of its messages, -1..1."""

COUNTS = ("messages", "unique_chatters", "first_time_chatters", "returning_chatters")
SKEWED = (*COUNTS, "mean_length", "mean_words", "peak_slot", "fano", "fano_5m")
INPUTS = (
    *SKEWED,
    *("emote_share", "emote_only_share", "question_share", "caps_share", "mention_share", "command_share", "mean_sentiment"),
    *("gini", "herfindahl", "message_novelty", "word_novelty", "copypasta_share"),
)
"""The features that every chat has. Viewers, emotions and toxicity are not among them: the public recordings do not have them."""
TRACKED = (*INPUTS, "surprise")
"""What a channel's norms hold: the inputs, and how far off the mean of a quarter of an hour was for the five minutes after it."""
LEVEL_MINUTES = 15
SURPRISE_MINUTES = 5
HISTORY = SURPRISE_MINUTES + LEVEL_MINUTES - 1
"""Minutes before one that `take_in` looks back at."""
USUAL_SURPRISE = 0.34
"""Mean absolute difference of the logarithms in the public recordings: it makes the scale of an ordinary channel 1."""
SUMS_MIN = (1, 2, 3, 5, 10, 20, 30)
CHATTER_GROWTH = 0.6
"""Distinct chatters grow about like this power of the time: the same people write again."""
SENTIMENT_PRIOR = 30.0
"""Messages that the channel's usual sentiment counts as, beside those of the last minutes."""
LEAST_UNREST = 0.1
"""Below which no channel's scale falls: a bot that writes once a minute is not for ever."""
REACH = 4.0
"""Standard deviations beyond which a difference is cut."""

_COLUMNS = np.array([features.INDEX[name] for name in INPUTS])
_COUNT = len(COUNTS)
_LOGS = len(SKEWED)
_MOOD = INPUTS.index("mean_sentiment")
_SURPRISE = TRACKED.index("surprise")
_MESSAGES = features.INDEX["messages"]
_IN_STREAM, _SINCE_START = features.INDEX["in_stream"], features.INDEX["minutes_since_start"]
WINDOW_WIDTH = len(INPUTS) + _COUNT + 1
CONTEXT_WIDTH = _COUNT * (len(SUMS_MIN) + 3) + 5


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch for the model: `window` float32 (n, MINUTES, WINDOW_WIDTH), `context` float32 (n, CONTEXT_WIDTH), `present` float32
    (n, MINUTES; 1 for a minute of the stream), and `baseline`, `scale` float64 (n, horizons, metrics) to read its answer by."""

    window: Narrow
    context: Narrow
    present: Narrow
    baseline: Array
    scale: Array


def present(rows: Array) -> Array:
    """The model's inputs from feature rows (..., len(FEATURES)): (..., len(INPUTS)), counts as log(1 + x).

    NaN where there is nothing to measure: outside the stream, and for everything but counts in a minute without messages.
    """
    inputs = rows[..., _COLUMNS]
    inputs[..., :_LOGS] = np.log1p(inputs[..., :_LOGS])
    silent = inputs[..., :1] <= 0
    inputs[..., _COUNT:] = np.where(silent, np.nan, inputs[..., _COUNT:])
    inputs[rows[..., _IN_STREAM] <= 0] = np.nan
    return inputs


def as_usual(rows: Array, norms: Norms) -> Array:
    """Feature rows (..., len(FEATURES)) with all that the model is shown of them as it usually is in the channel; the rest is kept."""
    usual = np.array(norms.slow[:_SURPRISE])
    usual[:_LOGS] = np.maximum(np.expm1(usual[:_LOGS]), 0.0)
    out = rows.copy()
    out[..., _COLUMNS] = usual
    return out


def surprise(windows: Array) -> Array:
    """How far the last five minutes of windows (n, more than HISTORY, len(FEATURES)) were from what the quarter of an hour before them
    foretold: absolute difference of log(1 + messages), (n,); NaN while the stream is younger than both."""
    needed = SURPRISE_MINUTES + LEVEL_MINUTES
    messages = windows[:, -needed:, _MESSAGES]
    foretold = SURPRISE_MINUTES * messages[:, :LEVEL_MINUTES].mean(axis=1)
    off = np.abs(np.log1p(messages[:, LEVEL_MINUTES:].sum(axis=1)) - np.log1p(foretold))
    return np.where((windows[:, -needed:, _IN_STREAM] > 0).all(axis=1), off, np.nan)


def observed(windows: Array) -> Array:
    """What the norms take in of the last minute of such windows: (n, len(TRACKED)), NaN where there is nothing."""
    return np.concatenate([present(windows[:, -1]), surprise(windows)[:, None]], axis=1)


def take_in(norms: ChannelNorms, rows: Array, new: int | None = None) -> None:
    """Update a channel's statistics with the `new` (default: all) last of `rows` (n, len(FEATURES)), oldest first, each minute once.

    The `HISTORY` rows before the new ones are needed to tell how surprising those are; where they lack, that is left as it was.
    """
    count = len(rows) if new is None else new
    padded = np.concatenate([np.tile(features.ABSENT, (max(HISTORY + count - len(rows), 0), 1)), rows])
    for end in range(len(padded) - count + 1, len(padded) + 1):
        if padded[end - 1, _IN_STREAM] > 0:
            norms.update(observed(padded[None, end - 1 - HISTORY : end])[0])


def prepare(rows: Array, norms: Norms) -> Prepared:
    """Prepare windows `rows` (n, MINUTES, len(FEATURES)), oldest minute first, with the norms (n, tracked) as of their last minute."""
    inside = (rows[..., _IN_STREAM] > 0).astype(np.float64)
    inputs = present(rows)
    usual = (inputs - norms.slow[:, None, :_SURPRISE]) / norms.spread[:, None, :_SURPRISE]
    counts = np.where(inside[..., None] > 0, np.expm1(inputs[..., :_COUNT]), 0.0)
    known = np.where(np.isfinite(rows[..., _COLUMNS[_MOOD]]), counts[..., 0], 0.0)
    minutes = np.maximum(inside[:, -LEVEL_MINUTES:].sum(axis=1), 1.0)[:, None]
    level = counts[:, -LEVEL_MINUTES:].sum(axis=1) / minutes
    local = inputs[..., :_COUNT] - np.log1p(level)[:, None]
    window = np.concatenate([np.clip(usual, -REACH, REACH), np.clip(local, -REACH, REACH), inside[..., None]], axis=-1)

    sums: list[Array] = []
    for span in SUMS_MIN:
        seen = np.maximum(inside[:, -span:].sum(axis=1), 1.0)[:, None]
        sums.append(np.log1p(5.0 * counts[:, -span:].sum(axis=1) / seen) - np.log1p(5.0 * level))
    spread = norms.spread[:, :_COUNT]
    means = (
        np.nanmean(np.where(inside[..., None] > 0, inputs[..., :_COUNT], np.nan), axis=1) if len(rows) else norms.slow[:, :_COUNT]
    )
    mood = _mood(rows, known, norms)
    unrest = np.maximum(0.5 * (norms.fast[:, _SURPRISE] + norms.slow[:, _SURPRISE]) / USUAL_SURPRISE, LEAST_UNREST)
    context = np.concatenate(
        [
            *sums,
            0.5 * np.log1p(5.0 * level) - 1.0,
            np.nan_to_num((means - norms.fast[:, :_COUNT]) / spread),
            (norms.fast[:, :_COUNT] - norms.slow[:, :_COUNT]) / spread,
            np.log1p(rows[:, -1:, _SINCE_START] / 10.0) - 2.0,
            (mood[:, None] - norms.slow[:, _MOOD, None]) / norms.spread[:, _MOOD, None],
            np.log1p(known.sum(axis=1))[:, None] - 4.0,
            3.0 * np.log(unrest)[:, None],
            np.log((norms.fast[:, _SURPRISE, None] + 0.01) / (norms.slow[:, _SURPRISE, None] + 0.01)),
        ],
        axis=1,
    )
    ahead = np.array(HORIZONS, dtype=np.float64)
    baseline = np.stack(
        [
            np.log1p(ahead * level[:, :1]),
            np.log1p(ahead**CHATTER_GROWTH * level[:, 1:2]),
            np.broadcast_to(mood[:, None], (len(rows), len(ahead))),
        ],
        axis=2,
    )
    scale = np.repeat(np.stack([unrest, unrest, norms.spread[:, _MOOD]], axis=1)[:, None], len(ahead), axis=1)
    narrow = np.clip(np.nan_to_num(context), -2 * REACH, 2 * REACH)
    return Prepared(
        np.nan_to_num(window).astype(np.float32), narrow.astype(np.float32), inside.astype(np.float32), baseline, scale
    )


def _mood(rows: Array, known: Array, norms: Norms) -> Array:
    """Mean sentiment of the window's messages, drawn towards the channel's usual one where there are few."""
    values = np.nan_to_num(rows[..., _COLUMNS[_MOOD]])
    return ((values * known).sum(axis=1) + SENTIMENT_PRIOR * norms.slow[:, _MOOD]) / (known.sum(axis=1) + SENTIMENT_PRIOR)
