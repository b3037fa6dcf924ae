"""How the store's keys and values are made: fixed-width keys, so that LMDB's byte order is the order of numbers and times."""

import hashlib
import struct
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.memory.duplicates import content_hash

CHANNEL = struct.Struct(">I")
NUMBER = struct.Struct(">Q")
_ACCESS_HEAD = struct.Struct(">I")
_TIME_OFFSET = 2**62
LAST_ACCESSES = 20
"""Times of use that are kept per memory; the count goes on."""


def of_name(name: str, size: int = 16) -> bytes:
    """A fixed-width key for a name of any length: BLAKE2b, `size` bytes."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def of_content(text: str) -> bytes:
    """Eight bytes, equal for texts that are exactly the same but for spelling (`duplicates.normalised`)."""
    return content_hash(text).to_bytes(8)


def of_time(seconds: float) -> bytes:
    """Eight bytes that sort like the time, to the microsecond, before and after 1970.

    >>> of_time(-1.5) < of_time(0.0) < of_time(0.000001)
    True
    """
    return NUMBER.pack(round(seconds * 1e6) + _TIME_OFFSET)


def pack_access(count: int, times: list[float]) -> bytes:
    """The use of one memory: how often, and the last `LAST_ACCESSES` times."""
    kept = sorted(times)[-LAST_ACCESSES:]
    return _ACCESS_HEAD.pack(min(count, 2**32 - 1)) + struct.pack(f">{len(kept)}d", *kept)


def unpack_access(blob: bytes | None) -> tuple[int, tuple[float, ...]]:
    """Count and times of use; never used gives `(0, ())`."""
    if not blob:
        return 0, ()
    return _ACCESS_HEAD.unpack_from(blob)[0], struct.unpack(f">{(len(blob) - 4) // 8}d", blob[4:])


def pack(value: Any) -> bytes:
    """A plain value as msgpack."""
    return cast("bytes", cast("Any", msgpack).packb(value))


def unpack(blob: bytes) -> Any:
    """The value that was packed."""
    return cast("Any", msgpack).unpackb(blob, strict_map_key=False)
