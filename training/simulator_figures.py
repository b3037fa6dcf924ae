"""Statistics of streams by which recorded and simulated chat are compared.

Of each stream (`stream_figures`), then over many of them (`summary`): medians for what varies from stream to stream, means for the
shape over time, and shares of lengths over all messages. Autocovariances are of messages a minute, divided by the squared mean, so
that streams of unequal rates compare; at lag 0 the Poisson part is taken off: (variance - mean) / mean**2.
"""

import math
from collections import Counter, deque
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from hikari.analytics.simulator_config import MAX_WORDS, SHAPE_ENDS, SHAPE_STARTS
from hikari.sentiment.symbols import lexicon
from training.simulator_data import MeasuredStream

Figures = dict[str, Any]
LAGS = (0, 1, 2, 3, 5, 10, 15, 30)
HISTORY = 10
"""First-time chatters are those whom the channel's last ten streams did not see."""
REPEAT_S = 60.0
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_START_EDGES = (0, 5, 10, 15, 20, 30, 45, 60, 90)
_END_EDGES = (30, 15, 5, 0)
_RANKS = 30


def stream_figures(stream: MeasuredStream, before: Sequence[frozenset[str]]) -> Figures:
    """Figures of one stream, given who wrote in the channel's earlier ones (oldest first); None where it cannot say."""
    minutes = int(stream.seconds // 60)
    counts = np.bincount(np.minimum(stream.times // 60, minutes - 1).astype(int), minlength=minutes)[:minutes].astype(float)
    mean = float(counts.mean())
    figures: Figures = {
        "rate": mean,
        "hours": stream.seconds / 3600,
        "fano": float(counts.var()) / mean,
        "peak": float(counts.max()) / mean,
        "surges": surges(counts) / (stream.seconds / 3600),
    }
    for lag in LAGS:
        figures[f"autocovariance_{lag}"] = _autocovariance(counts, lag)
    figures |= _people(stream, before)
    figures |= _messages(stream)
    figures["minutes"] = counts
    figures["shape"] = _shape(counts)
    return figures


def chatters_of(stream: MeasuredStream) -> frozenset[str]:
    """Everybody who wrote and has a name."""
    return frozenset(user for user in stream.users if user is not None)


def summary(streams: Sequence[Figures]) -> Figures:
    """Figures of many streams: medians, the spread of rate and length, the mean shape, and lengths over all messages."""
    found: Figures = {"streams": len(streams)}
    for name, first in streams[0].items():
        if first is None or isinstance(first, float):
            values = [stream[name] for stream in streams if stream[name] is not None]
            found[name] = float(np.median(values)) if values else None
    for name in ("rate", "hours"):
        found[f"{name}_spread"] = float(np.std(np.log([stream[name] for stream in streams])))
    shapes = np.array([stream["shape"] for stream in streams])
    found["shape"] = [float(part[~np.isnan(part)].mean()) if not np.isnan(part).all() else math.nan for part in shapes.T]
    minutes = np.concatenate([stream["minutes"] / stream["rate"] for stream in streams])
    found["minute_quantiles"] = {f"{level:g}": float(np.quantile(minutes, level)) for level in QUANTILES}
    for name in ("words", "emotes"):
        lengths = np.sum([stream[f"{name}_counts"] for stream in streams], axis=0)
        found[f"{name}_shares"] = [float(value) for value in lengths / max(lengths.sum(), 1)]
    return found


def surges(counts: np.ndarray) -> int:
    """How many times the chat rises to three times its median of the last ten minutes, by at least three standard deviations of a
    Poisson count; minutes in a row are one surge."""
    number, inside = 0, False
    for minute in range(10, len(counts)):
        usual = max(float(np.median(counts[minute - 10 : minute])), 1.0)
        high = counts[minute] >= 3 * usual and counts[minute] >= usual + 3 * np.sqrt(usual)
        number += high and not inside
        inside = bool(high)
    return number


@cache
def is_emote(word: str) -> bool:
    """Whether the lexicon knows a word as an emote."""
    return lexicon().emote(word) is not None


def _autocovariance(counts: np.ndarray, lag: int) -> float | None:
    if len(counts) < 2 * lag + 10:
        return None
    off = counts - counts.mean()
    if lag == 0:
        return float((counts.var() - counts.mean()) / counts.mean() ** 2)
    return float((off[lag:] * off[:-lag]).mean() / counts.mean() ** 2)


def _people(stream: MeasuredStream, before: Sequence[frozenset[str]]) -> Figures:
    users = [user for user in stream.users if user is not None]
    counts = np.sort(np.array(list(Counter(users).values()), dtype=float))[::-1]
    ranks = min(_RANKS, len(counts))
    slope = np.polyfit(np.log(np.arange(1, ranks + 1)), np.log(counts[:ranks]), 1)[0] if ranks > 2 else 0.0
    there, usual = chatters_of(stream), len(before) >= HISTORY
    return {
        "chatters": float(len(counts)),
        "messages_per_chatter": float(counts.sum() / len(counts)),
        "top_1": float(counts[0] / counts.sum()),
        "top_5": float(counts[:5].sum() / counts.sum()),
        "zipf": -float(slope),
        "single": float((counts == 1).mean()),
        "first_time": len(there - frozenset().union(*before[-HISTORY:])) / len(there) if usual else None,
        "returning": len(there & before[-1]) / len(there) if usual else None,
        "chatters_5_minutes": _chatters_in_windows(stream),
    }


def _chatters_in_windows(stream: MeasuredStream) -> float:
    """Different chatters over messages, of windows of five minutes, over all of the stream."""
    windows: Counter[int] = Counter()
    seen: set[tuple[int, str]] = set()
    for time, user in zip(stream.times, stream.users, strict=True):
        if user is not None:
            windows[int(time // 300)] += 1
            seen.add((int(time // 300), user))
    return len(seen) / max(sum(windows.values()), 1)


def _messages(stream: MeasuredStream) -> Figures:
    words, emotes = np.zeros(MAX_WORDS), np.zeros(MAX_WORDS)
    only = beside = question = mention = shouting = command = link = repeated = characters = 0
    recent: deque[tuple[float, str, str | None]] = deque()
    latest: Counter[str] = Counter()
    for time, user, text, tagged in zip(stream.times, stream.users, stream.texts, stream.emotes, strict=True):
        parts = text.split()
        with_emotes = sum(part in tagged or is_emote(part) for part in parts)
        characters += len(text)
        while recent and recent[0][0] < time - REPEAT_S:
            latest[recent.popleft()[1]] -= 1
        if latest[text]:
            repeated += any(said == text and who != user for _, said, who in recent)
        recent.append((time, text, user))
        latest[text] += 1
        if parts and with_emotes == len(parts):
            only += 1
            emotes[min(len(parts), MAX_WORDS) - 1] += 1
            continue
        words[min(max(len(parts), 1), MAX_WORDS) - 1] += 1
        beside += with_emotes > 0
        question += "?" in text
        mention += text.startswith("@")
        shouting += text.isupper() and len(text) > 3
        command += text.startswith("!")
        link += "http" in text
    count, rest = len(stream.texts), max(len(stream.texts) - only, 1)
    shares = {"question": question, "mention": mention, "shouting": shouting, "command": command, "link": link}
    return {
        "emote_share": (only + beside) / count,
        "emote_only": only / count,
        "emote_beside": beside / rest,
        **{name: value / rest for name, value in shares.items()},
        "repeated": repeated / count,
        "characters": characters / count,
        "words_counts": words,
        "emotes_counts": emotes,
    }


def _shape(counts: np.ndarray) -> np.ndarray:
    """Rate over the mean in the parts of `SHAPE_STARTS`, the middle, and `SHAPE_ENDS`; NaN for parts that a stream is too short for."""
    relative, length = counts / counts.mean(), len(counts)
    parts = [relative[a:b] if b <= length else relative[:0] for a, b in pairwise(_START_EDGES)]
    parts.append(relative[90 : length - 30] if length > 150 else relative[:0])
    parts += [relative[length - a : length - b] if length > 90 else relative[:0] for a, b in pairwise(_END_EDGES)]
    found = np.array([part.mean() if len(part) else np.nan for part in parts])
    if len(found) != len(SHAPE_STARTS) + 1 + len(SHAPE_ENDS):
        raise AssertionError("the parts of the shape do not fit the simulator's")
    return found
