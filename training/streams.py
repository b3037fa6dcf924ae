"""Recorded streams: three formats read into one shape, and replayed minute by minute through the windows that serve live ones.

    twitch_vtuber_chat   a folder with streams.jsonl[.gz] and chat_<channel>.jsonl[.gz]; the time of a message is `created_at` + `t`
    twitch logs          a folder of <day>.log[.gz]: "YYYY-MM-DD HH:MM:SS,mmm <tab> user <tab> message", local time of India
    replay format        a .jsonl[.gz] file, or a folder of them, a channel each: {"timestamp", "username", "message"[, "viewer_count"]}

The last two do not say when a stream starts or ends: an hour of silence parts them.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from hikari.analytics import features
from hikari.analytics.clock import STREAM_GAP_S
from hikari.analytics.events import ChatEvent, chat_event, viewer_count
from hikari.analytics.minutes import MINUTE_S
from hikari.analytics.windows import RING_MINUTES, VIEWER_COUNT, StreamWindows
from hikari.errors import HikariError
from hikari.fields import seconds
from training.feature_files import StreamFeatures, cached, stack
from training.public_data import PublicDataError

LOG_ZONE = timezone(timedelta(hours=5, minutes=30))
DELETED = "(deleted)"
"""The author of messages whose account is gone, in the archive format."""
Signals = tuple[float | None, str | None, float | None]
"""Sentiment, emotion and toxicity of a message; None where the model has no say."""
Scorer = Callable[[Sequence[str]], Sequence[Signals]]


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """One stream: `start` and `end` in epoch seconds, its messages and (time, viewers) readings in the order of time."""

    channel: str
    stream_id: str
    start: float
    end: float
    events: tuple[ChatEvent, ...]
    viewers: tuple[tuple[float, float], ...] = ()


def read_streams(path: Path, bots: bool = True) -> Iterator[RecordedStream]:
    """The streams under `path`, in whichever of the formats it is; without `bots`, messages marked as theirs are left out.

    Raises `PublicDataError` where there is none or a line is damaged; it names the line and never quotes it.
    """
    if path.is_file():
        yield from _replays(path)
        return
    lists = [path / name for name in ("streams.jsonl", "streams.jsonl.gz") if (path / name).is_file()]
    logs = sorted([*path.glob("*.log"), *path.glob("*.log.gz")])
    replays = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
    if lists:
        yield from _archive(path, lists[0], bots)
    elif logs:
        events = [
            _log_event(file, number, line) for file in logs for number, line in _lines(file) if not line.startswith("StartTime:")
        ]
        yield from _split(path.resolve().name, events, [])
    elif replays:
        for file in replays:
            yield from _replays(file)
    else:
        raise PublicDataError(f"{path} holds neither streams.jsonl[.gz] nor *.log[.gz] nor *.jsonl[.gz]")


def featurise(stream: RecordedStream, score: Scorer | None = None) -> StreamFeatures:
    """Replay a stream through `StreamWindows` and read each minute when it is over: what a live stream would have shown then.

    Covers every complete minute from the stream's first (which is partial unless it starts on a full minute) to its end.
    """
    first, last = int(stream.start // MINUTE_S), features.last_minute(stream.end)
    windows, parts, done = StreamWindows(), list[Any](), first
    windows.start_stream(stream.start)
    readings = [(time, viewers) for time, viewers in stream.viewers if stream.start <= time]
    upcoming = 0
    for event in _scored([event for event in stream.events if stream.start <= event.timestamp], score):
        while upcoming < len(readings) and readings[upcoming][0] <= event.timestamp:
            time, viewers = readings[upcoming]
            done = _read_until(windows, min(int(time // MINUTE_S), last + 1), done, parts)
            windows.record(VIEWER_COUNT, viewers, time, now=time)
            upcoming += 1
        done = _read_until(windows, min(int(event.timestamp // MINUTE_S), last + 1), done, parts)
        windows.add(event, now=event.timestamp)
    for time, viewers in readings[upcoming:]:
        done = _read_until(windows, min(int(time // MINUTE_S), last + 1), done, parts)
        windows.record(VIEWER_COUNT, viewers, time, now=time)
    _read_until(windows, last + 1, done, parts)
    return StreamFeatures(stream.channel, stream.stream_id, first, stack(parts))


def feature_set(
    path: Path, cache: Path | None = None, bots: bool = True, score: Scorer | None = None, score_name: str = ""
) -> list[StreamFeatures]:
    """The features of every stream under `path` that lasts a minute, kept in the folder `cache` for the next time.

    The cache is found by the version of the features, the hashes of the files, `bots` and `score_name`, which names what `score` computes.
    """
    if score is not None and cache is not None and not score_name:
        raise ValueError("a cache of scored features needs score_name, the name of what scores")
    files = [path] if path.is_file() else sorted(each for pattern in ("*.jsonl*", "*.log*") for each in path.glob(pattern))

    def make() -> list[StreamFeatures]:
        made = (featurise(stream, score) for stream in read_streams(path, bots))
        return [each for each in made if len(each.matrix)]

    return make() if cache is None else cached(cache, files, {"bots": bots, "score": score_name}, make)


def _read_until(windows: StreamWindows, minute: int, done: int, parts: list[Any]) -> int:
    """Append the rows of the minutes from `done` to before `minute`, in pieces that the ring can answer; the next minute to read."""
    while done < minute:
        count = min(minute - done, RING_MINUTES)
        parts.append(features.rows(windows, (done + count) * MINUTE_S, count))
        done += count
    return done


def _scored(events: Sequence[ChatEvent], score: Scorer | None) -> Iterable[ChatEvent]:
    if score is None:
        return events
    texts = list(dict.fromkeys(event.message for event in events))
    signals = dict(zip(texts, score(texts), strict=True))
    marked = ((event, signals[event.message]) for event in events)
    return [replace(event, sentiment=mood, emotion=emotion, toxicity=toxicity) for event, (mood, emotion, toxicity) in marked]


def _archive(folder: Path, listed: Path, bots: bool) -> Iterator[RecordedStream]:
    streams = {(row["channel"], row["vod_id"]): row for row in _rows(listed, {"channel": str, "vod_id": int, "created_at": str})}
    chats = sorted([*folder.glob("chat_*.jsonl"), *folder.glob("chat_*.jsonl.gz")])
    if not chats:
        raise PublicDataError(f"{folder} holds no chat_<channel>.jsonl[.gz]")
    for file in chats:
        channel = file.name.removeprefix("chat_").split(".jsonl")[0]
        rows = _rows(file, {"v": int, "t": (int, float), "u": (str, type(None)), "m": str})
        for vod, messages in groupby(rows, key=lambda row: row["v"]):
            about = streams.get((channel, vod))
            if about is None:
                raise PublicDataError(f"{listed} does not list stream {vod} of {file}")
            start = seconds(about["created_at"])
            kept = [ChatEvent(start + row["t"], row["u"] or DELETED, row["m"]) for row in messages if bots or not row.get("bot")]
            kept.sort(key=lambda event: event.timestamp)
            end = start + float(about.get("duration_s") or (kept[-1].timestamp - start if kept else 0.0))
            yield RecordedStream(channel, str(vod), start, end, tuple(event for event in kept if event.timestamp < end))


def _replays(file: Path) -> Iterator[RecordedStream]:
    events, viewers = list[ChatEvent](), list[tuple[float, float]]()
    for number, line in _lines(file):
        try:
            row = json.loads(line)
            events.append(chat_event(row))
            watching = viewer_count(row)
        except (ValueError, AttributeError, HikariError) as error:
            raise PublicDataError(f"{file}, line {number}: {_reason(error)}") from None
        if watching is not None:
            viewers.append((events[-1].timestamp, watching))
    yield from _split(file.name.split(".jsonl")[0], events, viewers)


def _split(channel: str, events: list[ChatEvent], viewers: list[tuple[float, float]]) -> Iterator[RecordedStream]:
    """Streams parted by more than `STREAM_GAP_S` without a message; each ends with the minute of its last one."""
    events.sort(key=lambda event: event.timestamp)
    viewers.sort(key=lambda reading: reading[0])
    begin = 0
    for index in range(1, len(events) + 1):
        if index < len(events) and events[index].timestamp - events[index - 1].timestamp <= STREAM_GAP_S:
            continue
        start, end = events[begin].timestamp, (events[index - 1].timestamp // MINUTE_S + 1) * MINUTE_S
        watching = tuple(reading for reading in viewers if start <= reading[0] < end)
        yield RecordedStream(channel, str(int(start)), start, end, tuple(events[begin:index]), watching)
        begin = index


def _log_event(file: Path, number: int, line: str) -> ChatEvent:
    stamp, _, rest = line.partition("\t")
    user, tab, message = rest.partition("\t")
    try:
        time = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=LOG_ZONE).timestamp()
    except ValueError:
        raise PublicDataError(f"{file}, line {number}: it does not begin with a time") from None
    if not tab or not user:
        raise PublicDataError(f"{file}, line {number}: it is not time, user and message, parted by tabs")
    return ChatEvent(time, user, message)


def _rows(file: Path, needed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a JSON Lines file, each with the `needed` fields of the right types."""
    for number, line in _lines(file):
        try:
            row = json.loads(line)
        except ValueError:
            raise PublicDataError(f"{file}, line {number}: it is no JSON") from None
        wrong = [
            name
            for name, kind in needed.items()
            if not isinstance(row, dict) or name not in row or not isinstance(row[name], kind)
        ]
        if wrong:
            raise PublicDataError(f"{file}, line {number}: {', '.join(wrong)} missing or of the wrong type")
        yield row


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, packed or not, that are not empty, with their numbers."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise PublicDataError(f"{file} cannot be read: {type(error).__name__}") from error


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, HikariError) else "it is no JSON object"
