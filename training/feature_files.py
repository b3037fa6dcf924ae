"""Features of recorded streams as files: one npz without pickle, and a cache that knows when it is out of date."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hikari import fingerprint
from hikari.analytics import features
from hikari.atomic import open_file
from training.public_data import PublicDataError


@dataclass(frozen=True, slots=True)
class StreamFeatures:
    """A stream's features: `matrix` float64 (minutes, len(FEATURES)), its first row the minute `first_minute` (epoch seconds // 60)."""

    channel: str
    stream_id: str
    first_minute: int
    matrix: np.ndarray


def stack(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The parts below each other; with none, no rows."""
    return np.concatenate([np.empty((0, len(features.FEATURES))), *parts])


def write_features(path: Path, streams: Sequence[StreamFeatures]) -> None:
    """Write `streams` to an npz file, all or nothing."""
    about = {
        "version": features.VERSION,
        "features": list(features.FEATURES),
        "streams": [[each.channel, each.stream_id, each.first_minute, len(each.matrix)] for each in streams],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_file(path) as file:
        header = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        np.savez_compressed(file, about=header, matrix=stack([each.matrix for each in streams]))


def read_features(path: Path) -> list[StreamFeatures]:
    """The streams of a file that `write_features` wrote. Raises `PublicDataError` when it is another file or has other features."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about, matrix = json.loads(file["about"].tobytes()), file["matrix"]
        version, names, streams = about["version"], about["features"], about["streams"]
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise PublicDataError(f"{path} is no file of features") from error
    if version != features.VERSION or names != list(features.FEATURES):
        raise PublicDataError(f"{path} holds features of version {version}, this is version {features.VERSION}: make it again")
    ends = np.cumsum([count for *_, count in streams], dtype=np.int64)
    if matrix.shape != (ends[-1] if len(ends) else 0, len(names)):
        raise PublicDataError(f"{path} is damaged: its rows are not those of its streams")
    return [
        StreamFeatures(channel, stream_id, first, matrix[end - count : end])
        for (channel, stream_id, first, count), end in zip(streams, ends, strict=True)
    ]


def cached(
    folder: Path, files: Sequence[Path], options: dict[str, Any], make: Callable[[], list[StreamFeatures]]
) -> list[StreamFeatures]:
    """What `make` gives for these files and options, from `folder` when it was made before with the same features."""
    hashes = {file.name: fingerprint.of_file(file) for file in files}
    key = fingerprint.of_value(
        {"version": features.VERSION, "features": list(features.FEATURES), "files": hashes, "options": options}
    )
    path = folder / f"features-{key[:16]}.npz"
    if not path.is_file():
        write_features(path, make())
    return read_features(path)
