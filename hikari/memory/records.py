# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire and from disk: their declared types are what is checked here.
"""What a memory is: the row a caller hands in, checked, and the record that the store keeps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
import zstandard
from msgspec.structs import replace

from hikari.errors import BadInput, BadStore, TooLarge
from hikari.fields import MAX_NAME, name_field, seconds, text_field
from hikari.memory import keys

TIERS = ("short_term", "long_term", "episodic")
SOURCES = ("viewer", "moderator", "vtuber", "system", "import")
MAX_BATCH = 10_000
MAX_METADATA_BYTES = 16_384
MAX_METADATA_DEPTH = 8
COMPRESS_OVER_BYTES = 512
"""Shorter records do not shrink under zstd."""
MAX_RECORD_BYTES = 8 * 2**20
"""More than a record of the longest content and metadata can have: what is larger is damage."""

_PARAMETERS = frozenset(
    {"id", "content", "memory_type", "metadata", "importance", "channel", "user", "timestamp", "pinned", "expires_at", "ttl_s"}
)
_RAW, _ZSTD = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class NewMemory:
    """One accepted row; times in epoch seconds."""

    id: str | None
    channel: str
    content: str
    memory_type: str
    metadata: dict[str, Any]
    importance: float
    user: str | None
    session: str | None
    timestamp: float
    pinned: bool
    expires_at: float | None
    source: str


class Memory(msgspec.Struct, frozen=True):
    """One stored memory. `seq` is its row number in the store, unique for ever; times in epoch seconds.

    A msgspec struct and no dataclass: a search makes a hundred of them, which takes a tenth of the time.
    """

    seq: int
    id: str
    channel: str
    content: str
    memory_type: str
    tier: str
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    importance: float = 0.5
    user: str | None = None
    session: str | None = None
    timestamp: float = 0.0
    """When it happened, as the caller says."""
    stored_at: float = 0.0
    """When it was written."""
    pinned: bool = False
    expires_at: float | None = None
    source: str = "viewer"
    superseded_by: int | None = None
    """The row that holds the newer truth; this one stays, as history."""
    superseded_at: float | None = None
    merged: tuple[str, ...] = ()
    """Ids of duplicates that were merged into this one."""
    members: tuple[int, ...] = ()
    """Of an episode: the rows it sums up."""

    def public(self) -> dict[str, Any]:
        """The memory as callers see it, without the score."""
        shape: dict[str, Any] = {
            "id": self.id,
            "channel": self.channel,
            "content": self.content,
            "memory_type": self.memory_type,
            "tier": self.tier,
            "user": self.user,
            "metadata": self.metadata,
            "importance": self.importance,
            "timestamp": self.timestamp,
            "pinned": self.pinned,
            "expires_at": self.expires_at,
            "current": self.superseded_by is None,
        }
        if self.merged:
            shape["merged"] = list(self.merged)
        return shape


def new_memory(row: Mapping[str, Any], now: float) -> NewMemory:
    """Check one row given by parameter names; `now` stands in for a missing timestamp. Raises `BadInput`, `TooLarge`.

    `user`, `channel`, `session`, `timestamp`, `source`, `pinned`, `expires_at` and `ttl_s` may also stand in the metadata; the
    parameter wins, except that two different channels are an error.
    """
    unknown = sorted(str(key) for key in row.keys() - _PARAMETERS)
    if unknown:
        raise BadInput(f"no such parameter: {', '.join(unknown)}; allowed are {', '.join(sorted(_PARAMETERS))}", field=unknown[0])
    metadata = metadata_field(row.get("metadata"))
    timestamp = _either(row, metadata, "timestamp")
    user, session = _either(row, metadata, "user"), metadata.get("session")
    happened = now if timestamp is None else seconds(timestamp)
    identifier = row.get("id")
    return NewMemory(
        id=None if identifier is None else name_field(identifier, "id"),
        channel=_channel(row, metadata),
        content=_content(row.get("content")),
        memory_type=type_field(row.get("memory_type", "short_term")),
        metadata=metadata,
        importance=fraction(row.get("importance", 0.5), "importance"),
        user=None if user is None else name_field(user, "user"),
        session=None if session is None else name_field(str(session), "session"),
        timestamp=happened,
        pinned=_flag(_either(row, metadata, "pinned"), "pinned"),
        expires_at=_expiry(row, metadata, happened),
        source=source_of(metadata),
    )


def with_caption(memory: Memory) -> str:
    """A memory's words, with `metadata.caption` as LoCoMo's pictures are told: `look! (shares a photo of a dog)`."""
    caption = memory.metadata.get("caption")
    return f"{memory.content} (shares {caption})" if isinstance(caption, str) and caption.strip() else memory.content


def tier_of(memory_type: str) -> str:
    """The tier in which a memory of this type begins: its own name when it names one, else short-term.

    >>> tier_of("episodic"), tier_of("preference")
    ('episodic', 'short_term')
    """
    return memory_type if memory_type in TIERS else "short_term"


def type_field(value: Any, name: str = "memory_type") -> str:
    """A memory type: a name such as `short_term`, `long_term`, `episodic`, `fact`, `preference`; spelling is unified.

    >>> type_field("Short-Term")
    'short_term'
    """
    plain = name_field(value, name).strip().lower().replace("-", "_").replace(" ", "_")
    if len(plain) > 64 or not plain.replace("_", "a").replace(".", "a").isalnum():
        raise BadInput(f"{name} must be a name of letters, digits and _ with at most 64 characters", field=name)
    return plain


def fraction(value: Any, name: str) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{name} must be a number from 0 to 1", field=name)
    return float(value)


def metadata_field(value: Any) -> dict[str, Any]:
    """Metadata: a JSON-like object with string keys; returned as plain dicts and lists. Raises `BadInput`, `TooLarge`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput("metadata must be an object or null", field="metadata")
    plain = cast("dict[str, Any]", _plain(value, "metadata", 0))
    size = len(keys.pack(plain))
    if size > MAX_METADATA_BYTES:
        raise TooLarge(f"metadata has {size} bytes, at most {MAX_METADATA_BYTES} are allowed", field="metadata")
    return plain


def encode(memory: Memory) -> bytes:
    """A record as bytes: one byte that names the codec, then msgpack, zstd-compressed when long."""
    packed = keys.pack(
        {
                "i": memory.id, "n": memory.channel, "c": memory.content, "y": memory.memory_type, "t": memory.tier, "m": memory.metadata,
                "w": memory.importance, "u": memory.user, "s": memory.session, "a": memory.timestamp, "b": memory.stored_at,
                "p": memory.pinned, "e": memory.expires_at, "o": memory.source, "x": memory.superseded_by, "z": memory.superseded_at,
                "g": list(memory.merged), "k": list(memory.members),
        }
    )  # fmt: skip
    if len(packed) <= COMPRESS_OVER_BYTES:
        return _RAW + packed
    return _ZSTD + zstandard.ZstdCompressor(level=3).compress(packed)


def unpack(blob: bytes) -> bytes:
    """A stored value's bytes without the codec, decompressed: what a scan for forgotten text looks at."""
    if blob[:1] == _RAW:
        return blob[1:]
    if blob[:1] == _ZSTD:
        try:
            return zstandard.ZstdDecompressor().decompress(blob[1:], max_output_size=MAX_RECORD_BYTES)
        except zstandard.ZstdError as error:
            raise BadStore("a record of the store cannot be decompressed") from error
    raise BadStore("a record of the store has an unknown codec")


class _Stored(msgspec.Struct):
    """A record as it is stored; the letters of `encode`."""

    i: str
    n: str
    c: str
    y: str
    t: str
    m: dict[str, Any]
    w: float
    u: str | None
    s: str | None
    a: float
    b: float
    p: bool
    e: float | None
    o: str
    x: int | None
    z: float | None
    g: tuple[str, ...]
    k: tuple[int, ...]


_DECODER = msgspec.msgpack.Decoder(_Stored)


def decode(seq: int, blob: bytes) -> Memory:
    """The record of row `seq`. Raises `BadStore` when the bytes are not one."""
    try:
        row = _DECODER.decode(unpack(blob))
    except msgspec.MsgspecError as error:
        raise BadStore(f"row {seq} of the store is damaged") from error
    return Memory(
        seq, row.i, row.n, row.c, row.y, row.t, row.m, row.w, row.u, row.s, row.a, row.b, row.p, row.e, row.o, row.x, row.z, row.g, row.k
    )  # fmt: skip


def with_changes(memory: Memory, changes: Mapping[str, Any], now: float) -> Memory:
    """The memory with some of content, memory_type, metadata, importance, pinned, expires_at, ttl_s changed. Raises `BadInput`."""
    allowed = {"content", "memory_type", "metadata", "importance", "pinned", "expires_at", "ttl_s"}
    unknown = sorted(str(key) for key in changes.keys() - allowed)
    if unknown or not changes:
        raise BadInput(f"an update names one or more of {', '.join(sorted(allowed))}", field=unknown[0] if unknown else "changes")
    values: dict[str, Any] = {}
    if "content" in changes:
        values["content"] = _content(changes["content"])
    if "memory_type" in changes:
        values["memory_type"] = type_field(changes["memory_type"])
        values["tier"] = values["memory_type"] if values["memory_type"] in TIERS else memory.tier
    if "metadata" in changes:
        values["metadata"] = metadata_field(changes["metadata"])
        for key in ("channel", "user"):
            kept = memory.channel if key == "channel" else memory.user
            if values["metadata"].get(key, kept) != kept:
                raise BadInput(f"metadata.{key} of a stored memory cannot change", field="metadata")
    if "importance" in changes:
        values["importance"] = fraction(changes["importance"], "importance")
    if "pinned" in changes:
        values["pinned"] = _flag(changes["pinned"], "pinned")
    if "expires_at" in changes or "ttl_s" in changes:
        values["expires_at"] = _expiry(changes, {}, now)
    return replace(memory, **values)


def _content(value: Any) -> str:
    text = text_field(value, "content")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadInput("content must be valid Unicode", field="content")
    return text


def _either(row: Mapping[str, Any], metadata: Mapping[str, Any], name: str) -> Any:
    value = row.get(name)
    return metadata.get(name) if value is None else value


def _channel(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    given, inside = row.get("channel"), metadata.get("channel")
    if inside is not None:
        inside = name_field(inside, "metadata.channel")
        if given is not None and given not in ("default", inside):
            raise BadInput("channel and metadata.channel name different channels", field="channel")
        return inside
    return name_field("default" if given is None else given, "channel")


def _expiry(row: Mapping[str, Any], metadata: Mapping[str, Any], start: float) -> float | None:
    expires, ttl = _either(row, metadata, "expires_at"), _either(row, metadata, "ttl_s")
    if expires is not None and ttl is not None:
        raise BadInput("give expires_at or ttl_s, not both", field="ttl_s")
    if expires is not None:
        return seconds(expires, "expires_at")
    if ttl is None:
        return None
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not 0 < ttl <= 1e10:
        raise BadInput("ttl_s must be a number of seconds greater than 0", field="ttl_s")
    return start + float(ttl)


def source_of(metadata: Mapping[str, Any]) -> str:
    """The provenance tag in the metadata; callers use the key for their own purposes as well ("twitch"): what is none of `SOURCES`
    came from a viewer."""
    source = metadata.get("source")
    return str(source) if source in SOURCES else "viewer"


def _flag(value: Any, name: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false", field=name)
    return bool(value)


def _plain(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_METADATA_DEPTH:
        raise BadInput(f"metadata may be nested at most {MAX_METADATA_DEPTH} deep", field="metadata")
    if isinstance(value, Mapping):
        rows = cast("Mapping[Any, Any]", value)
        if not all(isinstance(key, str) and len(key) <= MAX_NAME for key in rows):
            raise BadInput(f"the keys of {path} must be strings of at most {MAX_NAME} characters", field="metadata")
        return {str(_scalar(key, path)): _plain(inner, f"{path}.*", depth + 1) for key, inner in rows.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, f"{path}[]", depth + 1) for inner in cast("list[Any]", value)]
    return _scalar(value, path)


def _scalar(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadInput(f"{path} must fit 64 bits", field="metadata")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{path} must be finite", field="metadata")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadInput(f"{path} must be valid Unicode", field="metadata")
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    raise BadInput(f"{path} must hold JSON values only", field="metadata")
