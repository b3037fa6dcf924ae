"""Streams to measure: recorded ones in the layout of `twitch_vtuber_chat`, and simulated ones.

    FOLDER/streams.jsonl[.gz]               {"channel", "vod_id", "created_at", "duration_s", ...}, one stream a line
    FOLDER/chat_<channel>.jsonl[.gz]        {"v": vod_id, "t": seconds since the start, "u": pseudonym, "m": text, "e"?: emotes, "bot"?: 1}

Messages of bots and messages outside of their stream are dropped; so are streams that are too short to say anything.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from hikari.analytics.simulator import Stream
from hikari.analytics.simulator_phrases import EMOTE_NAMES
from training.external import ExternalDataError

MIN_SECONDS = 1800.0
MIN_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class MeasuredStream:
    """One stream: `times` seconds since its start, float64 (n,) ascending; names (None: unknown), texts, and emotes tagged by the
    platform of each message."""

    start: float
    seconds: float
    times: np.ndarray
    users: tuple[str | None, ...]
    texts: tuple[str, ...]
    emotes: tuple[frozenset[str], ...]


def read_channels(folder: Path) -> dict[str, list[MeasuredStream]]:
    """The streams of each channel in the order of time. Raises `ExternalDataError`."""
    listing = _file(folder, "streams")
    facts: dict[int, dict[str, Any]] = {}
    for row in _rows(listing, ("vod_id", "created_at", "duration_s")):
        facts[int(row["vod_id"])] = row
    channels: dict[str, list[MeasuredStream]] = {}
    for file in sorted([*folder.glob("chat_*.jsonl"), *folder.glob("chat_*.jsonl.gz")]):
        name = file.name.removeprefix("chat_").split(".")[0]
        channels[name] = _channel(file, facts)
    if not channels:
        raise ExternalDataError(f"{folder} holds no chat_<channel>.jsonl or chat_<channel>.jsonl.gz")
    return channels


def simulated(streams: Iterable[Stream]) -> list[MeasuredStream]:
    """Simulated streams as recorded ones would look."""
    known = frozenset(EMOTE_NAMES)
    found = []
    for stream in streams:
        rows = list(stream.rows())
        texts = tuple(row["message"] for row in rows)
        found.append(
            MeasuredStream(
                start=stream.start,
                seconds=stream.seconds,
                times=np.array([row["timestamp"] for row in rows]) - stream.start,
                users=tuple(row["username"] for row in rows),
                texts=texts,
                emotes=tuple(known.intersection(text.split()) for text in texts),
            )
        )
    return found


def _channel(file: Path, facts: dict[int, dict[str, Any]]) -> list[MeasuredStream]:
    messages: defaultdict[int, list[tuple[float, str | None, str, frozenset[str]]]] = defaultdict(list)
    for row in _rows(file, ("v", "t", "u", "m")):
        if not row.get("bot"):
            messages[int(row["v"])].append((float(row["t"]), row["u"], str(row["m"]), frozenset(row.get("e", ()))))
    streams = []
    for number, rows in messages.items():
        if number not in facts:
            raise ExternalDataError(f"{file.name} has messages of a stream that streams.jsonl does not list")
        seconds = float(facts[number]["duration_s"])
        inside = sorted((row for row in rows if 0 <= row[0] < seconds), key=lambda row: row[0])
        if seconds < MIN_SECONDS or len(inside) < MIN_MESSAGES:
            continue
        times, users, texts, emotes = zip(*inside, strict=True)
        start = datetime.fromisoformat(facts[number]["created_at"]).timestamp()
        streams.append(MeasuredStream(start, seconds, np.array(times), users, texts, emotes))
    return sorted(streams, key=lambda stream: stream.start)


def _file(folder: Path, stem: str) -> Path:
    for name in (f"{stem}.jsonl", f"{stem}.jsonl.gz"):
        if (folder / name).is_file():
            return folder / name
    raise ExternalDataError(f"{folder} must hold {stem}.jsonl or {stem}.jsonl.gz")


def _rows(file: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    with _opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ExternalDataError(f"{file.name}, line {number}: must be a JSON object") from error
            missing = [name for name in needed if name not in row] if isinstance(row, dict) else list(needed)
            if missing:
                raise ExternalDataError(f"{file.name}, line {number}: must be a JSON object with {', '.join(needed)}")
            yield row


def _opened(file: Path) -> TextIO:
    return gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8")
