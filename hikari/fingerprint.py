"""Content hashes: of files, of folders and of plain values."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def of_bytes(content: bytes) -> str:
    """SHA-256 in hexadecimal.

    >>> of_bytes(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_value(value: Any) -> str:
    """SHA-256 of a JSON-like value; the order of keys does not matter.

    >>> of_value({"a": 1, "b": 2}) == of_value({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return of_bytes(text.encode())


def of_files(hashes: Mapping[str, str]) -> str:
    """One hash for a set of named files, given the hash of each."""
    return of_value(dict(hashes))
