"""Reading recorded viewer counts of marathons in the format of gdq-stats (Ben Congdon, gdqstat.us).

<folder>/<year>/<event>/latest.json[.gz]      [{"time": ISO 8601, "v": viewers or null, ...}, ...], one row a minute
<folder>/<year>/<name>final.json[.gz]         {"data": {epoch milliseconds: {"v": viewers or -1, ...}}, ...}
"""

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from training.public_data import PublicDataError

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Event:
    """One marathon: `timestamps` (n,) epoch seconds as recorded, `viewers` (n,) with NaN where none were read."""

    name: str
    year: int
    timestamps: Array
    viewers: Array


def read_events(folder: Path) -> list[Event]:
    """All events under `folder`, by year and name. Raises `PublicDataError` when there is none or a file is of another format."""
    events: dict[str, Event] = {}
    for path in sorted(folder.rglob("*.json*")):
        stem = path.name.removesuffix(".gz").removesuffix(".json")
        year = next((part for part in path.relative_to(folder).parts if part.isdigit()), None)
        if year is None or not (stem == "latest" or stem.endswith("final")):
            continue
        name = f"{year} {path.parent.name if stem == 'latest' else stem.removesuffix('final').replace(year, '')}"
        name = name.removesuffix("_final")
        try:
            times, viewers = _columns(json.loads(_text(path)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PublicDataError(f"{path} is not in the format of gdq-stats ({type(error).__name__})") from error
        if np.isfinite(viewers).any():
            events.setdefault(name, Event(name, int(year), times, viewers))
    if not events:
        raise PublicDataError(f"{folder} holds no <year>/<event>/latest.json of gdq-stats")
    return [events[name] for name in sorted(events)]


def _text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def _columns(content: Any) -> tuple[Array, Array]:
    if isinstance(content, dict):
        rows = [(int(key) / 1000.0, row.get("v")) for key, row in content["data"].items()]
    else:
        rows = [(datetime.fromisoformat(row["time"]).timestamp(), row.get("v")) for row in content]
    times = np.array([time for time, _ in rows], dtype=np.float64)
    viewers = np.array([np.nan if viewers is None or viewers < 0 else viewers for _, viewers in rows], dtype=np.float64)
    return times, viewers
