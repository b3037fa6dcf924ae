"""The features of a minute of chat: one implementation for training on recorded streams and for serving live ones.

A row depends only on what happened up to the end of its minute, so it stays as it is unless something late falls into that minute or
the `REACH_MINUTES` before it. Shares are 0..1; a minute without messages has zeros; what was not measured is NaN beside a `..._known`.

Burstiness is the Fano factor (variance over mean, Fano 1947; 1 for a Poisson process) of the five-second counts; concentration the Gini
coefficient and the Herfindahl index of the messages per chatter (1 / number of chatters when all write the same).
"""

import math
from collections.abc import Collection, Sequence

import numpy as np

from hikari.analytics.events import EMOTIONS
from hikari.analytics.minutes import CHATTERS, MILLIONTHS, MINUTE_S, TEXTS, WORDS, Minute
from hikari.analytics.sketches import distinct, smallest
from hikari.analytics.windows import REACH_MINUTES, RING_MINUTES, StreamWindows
from hikari.errors import BadInput
from hikari.fields import seconds

VERSION = 1
"""Raised whenever a figure is computed differently: models say which version they were trained on."""

_STREAM = ("in_stream", "minutes_since_start")
_TALK = (
    *("messages", "unique_chatters", "first_time_chatters", "returning_chatters"),
    *(
        "mean_length",
        "mean_words",
        "emote_share",
        "emote_only_share",
        "question_share",
        "caps_share",
        "mention_share",
        "command_share",
    ),
    *(
        "sentiment_known",
        "mean_sentiment",
        "emotion_known",
        *(f"emotion_{name}" for name in EMOTIONS),
        "toxicity_known",
        "toxic_share",
    ),
    *("peak_slot", "fano", "fano_5m", "gini", "herfindahl", "message_novelty", "copypasta_share", "word_novelty"),
    *("viewers_known", "viewers", "chat_viewer_ratio"),
)
FEATURES: tuple[str, ...] = (*_STREAM, *_TALK)
INDEX = {name: index for index, name in enumerate(FEATURES)}
NOVEL_MINUTES = 5
"""A text or word is new when the minutes before, this many, did not have it."""
BURST_MINUTES = 5

_UNKNOWN = ("mean_sentiment", *(f"emotion_{name}" for name in EMOTIONS), "toxic_share", "viewers", "chat_viewer_ratio")
ABSENT = np.array([math.nan if name in _UNKNOWN else 0.0 for name in FEATURES])
"""The row of a minute before the stream's start, or too old for the ring."""
ABSENT.setflags(write=False)
_EMPTY = Minute(0)


def last_minute(until: float) -> int:
    """The last minute that is complete at `until` (epoch seconds): the minute of the last row of `rows`."""
    return int(until // MINUTE_S) - 1


def rows(windows: StreamWindows, until: float, count: int = 30) -> np.ndarray:
    """The features of the `count` complete minutes before `until`: float64 (count, len(FEATURES)), oldest first.

    Minutes before the start of the stream that the last one belongs to are `ABSENT`. Raises `BadInput`.
    """
    last = last_minute(seconds(until, "until"))
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= RING_MINUTES:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"count must be from 1 to {RING_MINUTES}", field="count")
    table = np.tile(ABSENT, (count, 1))
    start = windows.start_minute(last)
    if start is None:
        return table
    for number in range(max(start, last - count + 1), last + 1):
        if windows.holds(number):
            row = table[number - last + count - 1]
            row[0], row[1] = 1.0, number - start
            row[2:] = _talk(windows, number)
    return table


def series(windows: StreamWindows, name: str, until: float, count: int = RING_MINUTES) -> tuple[np.ndarray, np.ndarray]:
    """One feature of the last `count` complete minutes: their beginnings in epoch seconds and its values, both float64 (n,).

    Minutes before the stream's start are left out. Raises `BadInput`.
    """
    column = INDEX.get(name)
    if column is None:
        raise BadInput(f"there is no feature of this name; there are {', '.join(FEATURES)}", field="name")
    table = rows(windows, until, count)
    kept = table[:, INDEX["in_stream"]] > 0
    first = last_minute(until) - count + 1
    return (np.arange(first, first + count, dtype=np.float64) * MINUTE_S)[kept], table[kept, column]


def window(matrix: np.ndarray, end: int, count: int = 30) -> np.ndarray:
    """Rows `end - count` to `end` of a recording's matrix (minutes, len(FEATURES)), `ABSENT` where they lie before the stream's start.

    It equals what `rows` answered at the end of minute `end - 1`. Raises `BadInput`.
    """
    if not 1 <= end <= len(matrix):
        raise BadInput(f"end must be from 1 to {len(matrix)}", field="end")
    # After an hour of silence a recording holds a second stream: as in `rows`, the one before is not part of the window.
    start = end - 1 - int(matrix[end - 1, INDEX["minutes_since_start"]])
    first = max(end - count, start, 0)
    return np.concatenate([np.tile(ABSENT, (count - (end - first), 1)), matrix[first:end]])


def _talk(windows: StreamWindows, number: int) -> np.ndarray:
    """The row of a minute but for its place in the stream, kept with the minute until something late makes it stale."""
    minute = windows.minute(number)
    if minute is None:
        return _row(windows, number, _EMPTY)
    if minute.row is None:
        minute.row = _row(windows, number, minute)
    return minute.row


def _row(windows: StreamWindows, number: int, minute: Minute) -> np.ndarray:
    messages = minute.messages
    past = [each or _EMPTY for each in windows.span(number - REACH_MINUTES, number)]
    slots = minute.slots
    fano_5m = _fano([count for each in past[-BURST_MINUTES:] for count in each.slots])
    audience = _audience(messages, past)
    if not messages:
        row = ABSENT[len(_STREAM) :].copy()
        row[_TALK.index("fano_5m")] = fano_5m
        row[-len(audience) :] = audience
        return row
    sampled_chatters, texts, words = minute.samples()
    before = [each.samples() for each in past[-1 - NOVEL_MINUTES : -1] if each.messages]
    chatters = distinct(sampled_chatters, CHATTERS)
    emotions = sum(minute.emotions)
    return np.array(
        [
            messages,
            chatters,
            minute.first_time,
            max(chatters - minute.first_time, 0.0),
            minute.characters / messages,
            minute.words / messages,
            minute.emotes / max(minute.words, 1),
            minute.emote_only / messages,
            minute.questions / messages,
            minute.capitals / messages,
            minute.mentions / messages,
            minute.commands / messages,
            minute.sentiments / messages,
            minute.sentiment_sum / MILLIONTHS / minute.sentiments if minute.sentiments else math.nan,
            emotions / messages,
            *(count / emotions if emotions else math.nan for count in minute.emotions),
            minute.toxicities / messages,
            minute.toxic / minute.toxicities if minute.toxicities else math.nan,
            max(slots),
            _fano(slots),
            fano_5m,
            *_concentration(sampled_chatters, chatters, messages),
            *_text_novelty(texts, [each[1] for each in before]),
            _word_novelty(words, [each[2] for each in before]),
            *audience,
        ]
    )


def _audience(messages: int, past: list[Minute]) -> tuple[float, float, float]:
    """Whether the number of viewers is known, the number, messages per viewer.

    The number is the mean reading of the minute, else of the nearest minute in `past` that has one.
    """
    for minute in reversed(past):
        if minute.viewer_samples:
            viewers = minute.viewer_sum / MILLIONTHS / minute.viewer_samples
            return 1.0, viewers, messages / viewers if viewers else math.nan
    return 0.0, math.nan, math.nan


def _fano(counts: list[int]) -> float:
    """Unbiased variance over mean; 0 when there is nothing. All in integers but for the division.

    >>> _fano([1, 1, 1, 1]), _fano([0, 0, 0, 4])
    (0.0, 4.0)
    """
    n, total = len(counts), sum(counts)
    return (n * sum([count * count for count in counts]) - total * total) / (total * (n - 1)) if total else 0.0


def _concentration(by_chatter: dict[int, int], chatters: float, messages: int) -> tuple[float, float]:
    """Gini coefficient and Herfindahl index of the messages per chatter; of a sample of the chatters where there are too many."""
    kept = (
        by_chatter.values()
        if len(by_chatter) <= CHATTERS
        else [by_chatter[key] for key in smallest(by_chatter, CHATTERS)[:CHATTERS]]
    )
    counts = sorted(kept)
    n, total = len(counts), sum(counts)
    gini = (2 * sum([rank * count for rank, count in enumerate(counts, 1)]) - (n + 1) * total) / (n * total)
    # The sample's squares are scaled to all chatters; a share cannot exceed 1.
    return gini, min(sum([count * count for count in counts]) * (chatters / n) / (messages * messages), 1.0)


def _text_novelty(texts: dict[int, int], before: list[dict[int, int]]) -> tuple[float, float]:
    """Share of the messages whose text the minutes before did not have, and share that is copypasta: long, and not for the first time."""
    limit = _limit([texts, *before], TEXTS)
    known = set[int]().union(*before)
    total = new = copied = 0
    for text, count in texts.items():
        if text < limit:
            total += count
            if text not in known:
                new += count
            if text & 1 and (count > 1 or text in known):
                copied += count
    return (new / total, copied / total) if total else (0.0, 0.0)


def _word_novelty(words: set[int], before: list[set[int]]) -> float:
    """Share of the distinct words that the minutes before did not have."""
    limit = _limit([words, *before], WORDS)
    kept = words if limit == math.inf else {word for word in words if word < limit}
    return len(kept.difference(*before)) / len(kept) if kept else 0.0


def _limit(samples: Sequence[Collection[int]], k: int) -> float:
    """The key below which every sample is complete: infinite unless one of them had more than k."""
    return min((smallest(sample, k)[k] for sample in samples if len(sample) > k), default=math.inf)
