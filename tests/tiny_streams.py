"""Invented streams in the twitch_vtuber_chat format: a chat whose rate wanders, small enough to learn from in seconds."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

WORDS = ("hello", "great", "boss", "again", "LUL", "why?", "nice", "sad", "gg", "wow")
FIRST = 1_700_000_000


def write_folder(
    folder: Path, channels: tuple[str, ...] = ("ann", "bo"), streams: int = 8, minutes: int = 60, seed: int = 5
) -> Path:
    """Write `streams.jsonl` and a packed `chat_<channel>.jsonl.gz` for each channel; returns the folder."""
    dice = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for number, channel in enumerate(channels):
        lines = []
        for place in range(streams):
            vod = 1_000 * (number + 1) + place
            start = FIRST + 86_400 * place + 17 * number
            stamp = datetime.fromtimestamp(start, UTC).isoformat().replace("+00:00", "Z")
            listed.append({"channel": channel, "vod_id": vod, "created_at": stamp, "duration_s": minutes * 60, "title": "x"})
            mood = 0.0
            for minute in range(minutes):
                mood = 0.9 * mood + dice.normal(0, 0.4)
                for second in np.sort(dice.uniform(0, 60, dice.poisson((3 + 3 * number) * np.exp(mood)))):
                    text = " ".join(dice.choice(WORDS, int(dice.integers(1, 4))).tolist())
                    row = {"v": vod, "t": round(60 * minute + float(second), 2), "u": f"u{int(dice.integers(20))}", "m": text}
                    lines.append(json.dumps(row))
        (folder / f"chat_{channel}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    (folder / "streams.jsonl").write_text("".join(json.dumps(row) + "\n" for row in listed))
    return folder
