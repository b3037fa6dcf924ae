"""Keys of the analytics store: fixed-width, so that LMDB's byte order is the order of channels and times."""

import hashlib
import struct

TABLES = ("channels", "state", "journal", "profiles", "series", "outcomes")
_NUMBER = struct.Struct(">Q")
_TIME_OFFSET = 2**62


def of_name(name: str) -> bytes:
    """Eight bytes for a name of any length: BLAKE2b."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()


def of_number(number: int) -> bytes:
    """Eight bytes that sort like the number."""
    return _NUMBER.pack(number)


def number_of(key: bytes) -> int:
    """The number of an eight-byte key."""
    return int.from_bytes(key, "big")


def of_time(seconds: float) -> bytes:
    """Eight bytes that sort like the time, to the microsecond, before and after 1970."""
    return _NUMBER.pack(round(seconds * 1e6) + _TIME_OFFSET)


def time_of(key: bytes) -> float:
    """The time of an eight-byte key."""
    return (_NUMBER.unpack(key)[0] - _TIME_OFFSET) / 1e6
