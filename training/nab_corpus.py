"""Reading a corpus in the layout of the Numenta Anomaly Benchmark (NAB).

    FOLDER/data/<group>/<name>.csv            header `timestamp,value`, one row a step
    FOLDER/labels/combined_windows.json       {"<group>/<name>.csv": [[first timestamp, last timestamp], ...], ...}

Times have no zone and count as UTC. Only files that lie under `data/` are scored, so a part of the corpus is a corpus too.
"""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

Floats = np.ndarray
Rows = tuple[int, int]


class CorpusError(ValueError):
    """The folder is not in NAB's layout, or its labels do not fit its data; the message names the file."""


@dataclass(frozen=True, slots=True)
class Series:
    """One file of the corpus: `timestamps` epoch seconds and `values`, both float64 (n,); `windows` as first and last row."""

    group: str
    name: str
    timestamps: Floats
    values: Floats
    windows: tuple[Rows, ...]


def read_corpus(folder: Path) -> list[Series]:
    """All series under `folder`, sorted by group and name. Raises `CorpusError`."""
    labels_file = folder / "labels" / "combined_windows.json"
    files = sorted((folder / "data").glob("*/*.csv"))
    if not files or not labels_file.is_file():
        raise CorpusError(f"{folder} must hold data/<group>/<name>.csv and labels/combined_windows.json")
    try:
        labels = json.loads(labels_file.read_text())
    except ValueError as error:
        raise CorpusError(f"{labels_file} is not JSON") from error
    if not isinstance(labels, dict):
        raise CorpusError(f"{labels_file} must be one JSON object of lists of windows")
    return [_read_series(file, labels) for file in files]


def _read_series(file: Path, labels: dict[str, list[list[str]]]) -> Series:
    key = f"{file.parent.name}/{file.name}"
    if key not in labels:
        raise CorpusError(f"combined_windows.json has no entry {key!r} (an empty list says that there is no anomaly)")
    try:
        with file.open(newline="") as stream:
            rows = [(_epoch(row["timestamp"]), float(row["value"])) for row in csv.DictReader(stream)]
        limits = [(_epoch(first), _epoch(last)) for first, last in labels[key]]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{key}: rows must be timestamp,value and windows [first, last] timestamps") from error
    if not rows:
        raise CorpusError(f"{key} has no rows")
    timestamps, values = np.array(rows, dtype=np.float64).T
    windows = tuple((_row_of(timestamps, first, key), _row_of(timestamps, last, key)) for first, last in sorted(limits))
    ends = [end for _, end in windows]
    starts = [start for start, _ in windows]
    if any(start > end for start, end in windows) or any(start <= end for start, end in zip(starts[1:], ends, strict=False)):
        raise CorpusError(f"{key}: windows must not be reversed or overlap")
    return Series(file.parent.name, file.stem, timestamps, values, windows)


def _row_of(timestamps: Floats, moment: float, key: str) -> int:
    """The first row with exactly this time: a repeated hour (end of summer time) is found where it begins."""
    found = np.flatnonzero(timestamps == moment)
    if not len(found):
        raise CorpusError(f"{key}: a window begins or ends at {moment} (epoch seconds), where the file has no row")
    return int(found[0])


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
