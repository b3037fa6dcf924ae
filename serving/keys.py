"""API keys: who may do what, and in which channels.

`HIKARI_API_KEYS` holds comma separated entries, each a key as it is or as `sha256:<hex of the key's SHA-256>`, optionally with
`;name=NAME;scopes=read+write+admin;channels=a+b`. A key alone may do everything everywhere. In names and channels `%2B` stands
for a plus, as in URLs. Keys are kept as hashes only, and no message names one.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import unquote

from hikari.errors import BadInput, HikariError
from hikari.fields import name_field

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
"""`read`: queries and sockets that only listen; `write`: messages, memories, metrics; `admin`: what deletes, reloads or defines."""
VARIABLE = "HIKARI_API_KEYS"
_HASHED = "sha256:"
_KEY = re.compile(r"[!-~]{1,512}")
"""Headers carry no others unharmed."""


class Forbidden(HikariError):
    """The key is good, but not for this."""

    code = "forbidden"


@dataclass(frozen=True)
class Access:
    """What the holder of a key may do; with no keys set, this machine may do everything."""

    name: str
    scopes: frozenset[Scope] = frozenset(SCOPES)
    channels: frozenset[str] | None = None
    """None: all channels."""

    def may(self, scope: Scope) -> bool:
        """Whether this scope is granted."""
        return scope in self.scopes

    def covers(self, channel: str) -> bool:
        """Whether this channel may be touched."""
        return self.channels is None or channel in self.channels

    def require(self, scope: Scope) -> None:
        """Raise `Forbidden` without this scope."""
        if not self.may(scope):
            raise Forbidden(f"this needs a key with the scope {scope!r}")

    def require_channel(self, channel: str) -> None:
        """Raise `Forbidden` for a channel that the key is not bound to. Messages name no channel: it may be any text."""
        if not self.covers(channel):
            raise Forbidden("this key is not for that channel", field="channel")


LOCAL = Access("local")


def access_of(scope: Any) -> Access:
    """The access that the guard has noted in an ASGI scope (of a request, too: `request.scope`)."""
    return cast("Access", scope["state"]["access"])


@dataclass(frozen=True)
class Keys:
    """All keys, as hashes."""

    entries: tuple[tuple[bytes, Access], ...] = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def find(self, given: bytes) -> Access | None:
        """Whose key this is. Every entry is compared in full, so that the time taken tells nothing."""
        digest = hashlib.sha256(given).digest()
        found = None
        for known, access in self.entries:
            if hmac.compare_digest(digest, known):
                found = access
        return found


def parse(entries: Sequence[str]) -> Keys:
    """The keys of `HIKARI_API_KEYS`, split at its commas. Raises `BadInput` that names the place of a malformed entry, never a key."""
    known: dict[bytes, Access] = {}
    names: set[str] = set()
    for position, entry in enumerate(entries, 1):
        try:
            digest, access = _entry(entry, f"key-{position}")
        except _Malformed as error:
            raise BadInput(f"{VARIABLE}: entry {position} {error}", field=VARIABLE) from None
        if digest in known:
            raise BadInput(f"{VARIABLE}: entry {position} repeats the key of an earlier entry", field=VARIABLE)
        if access.name in names:
            raise BadInput(f"{VARIABLE}: entry {position} has the name of an earlier entry", field=VARIABLE)
        known[digest] = access
        names.add(access.name)
    return Keys(tuple(known.items()))


class _Malformed(Exception):
    """What is wrong with an entry, without anything of it."""


def _entry(entry: str, name: str) -> tuple[bytes, Access]:
    key, *options = (part.strip() for part in entry.split(";"))
    given: dict[str, str] = {}
    for option in options:
        label, equals, value = option.partition("=")
        if not equals or label not in ("name", "scopes", "channels"):
            raise _Malformed("has an option that is none of name=, scopes=, channels=")
        if label in given:
            raise _Malformed(f"gives {label}= twice")
        given[label] = value
    return _digest(key), Access(
        _name(given["name"], "name=") if "name" in given else name,
        _scopes(given["scopes"].split("+")) if "scopes" in given else frozenset(SCOPES),
        frozenset(_name(channel, "channels=") for channel in given["channels"].split("+")) if "channels" in given else None,
    )


def _digest(key: str) -> bytes:
    if key.startswith(_HASHED):
        digits = key.removeprefix(_HASHED)
        if re.fullmatch(r"[0-9a-fA-F]{64}", digits) is None:
            raise _Malformed(f"starts with {_HASHED} but 64 hexadecimal digits do not follow")
        return bytes.fromhex(digits)
    if _KEY.fullmatch(key) is None:
        raise _Malformed("has no key of 1 to 512 printable ASCII characters without spaces")
    return hashlib.sha256(key.encode()).digest()


def _name(value: str, option: str) -> str:
    try:
        name = name_field(unquote(value, errors="strict"), option)
    except (BadInput, UnicodeDecodeError):
        raise _Malformed(f"has an empty or malformed value in {option}") from None
    if not name.isprintable():
        raise _Malformed(f"has a value with control characters in {option}")
    return name


def _scopes(values: Iterable[str]) -> frozenset[Scope]:
    given = frozenset(values)
    if not given <= set(SCOPES):
        raise _Malformed(f"has a scope that is none of {', '.join(SCOPES)}")
    return cast("frozenset[Scope]", given)
