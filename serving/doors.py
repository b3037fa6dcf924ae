"""Who is asking: by key; without keys, by being this machine. Plain functions of an ASGI scope, the same for HTTP and WebSockets."""

import base64
import binascii
import ipaddress
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from serving.keys import LOCAL, Access, Keys
from serving.refusals import Refusal

SUBPROTOCOL = "hikari"
_BEARER = "bearer."
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Doors:
    """The keys and the origins of pages that may come in."""

    keys: Keys
    allowed_origins: tuple[str, ...] = ()

    def enter(self, scope: Scope) -> Access:
        """What whoever asks may do. Raises `Refusal`."""
        headers = Headers(scope=scope)
        if not self.keys:
            _require_this_machine(scope, headers)
        if scope["type"] == "websocket" or not self.keys:
            # Browsers tell where a page is from; keys are no help where the browser itself vouches for the page, as on this machine.
            self._require_origin(headers)
        if not self.keys:
            return LOCAL
        given = _given_key(scope, headers)
        access = self.keys.find(given) if given is not None else None
        if access is None:
            way = " or the subprotocols `hikari, bearer.<base64url key>`" if scope["type"] == "websocket" else ""
            message = f"this route needs `Authorization: Bearer <key>`{way}"
            raise Refusal(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        return access

    def _require_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is None or origin.lower() in self.allowed_origins or _same(origin.lower(), headers.get("host", "").lower()):
            return
        raise Refusal(403, "forbidden", "pages from there may not use this engine; HIKARI_ALLOWED_ORIGINS lists those that may")


def without_secrets(scope: Scope) -> dict[str, Any]:
    """The scope as the app sees it: without the key, so that no log of the app's can hold it."""
    headers = [
        (name, value) for name, value in scope["headers"] if name.lower() not in (b"authorization", b"sec-websocket-protocol")
    ]
    inner = {**scope, "headers": headers}
    if scope["type"] == "websocket":
        inner["subprotocols"] = [offered for offered in scope.get("subprotocols", ()) if not offered.startswith(_BEARER)]
    return inner


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _given_key(scope: Scope, headers: Headers) -> bytes | None:
    given = headers.get("authorization")
    if given is not None:
        scheme, _, key = given.partition(" ")
        return key.strip().encode("latin-1") if scheme.lower() == "bearer" else None
    if scope["type"] == "websocket":
        offered = next((offer for offer in scope.get("subprotocols", ()) if offer.startswith(_BEARER)), None)
        return None if offered is None else _decoded(offered.removeprefix(_BEARER))
    return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None


def _require_this_machine(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        raise _only("this machine is served; set keys to open the engine to others")
    if any(name in headers for name in _PROXIED):
        raise _only("this machine is served, and this came through a proxy; set keys to open the engine to others")
    host = headers.get("host", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.rsplit(":", 1)[0]
    if host and not is_loopback(name):
        raise _only("the names localhost and 127.0.0.1 are served; set keys to use others")


def _only(what: str) -> Refusal:
    return Refusal(401, "unauthorized", f"without HIKARI_API_KEYS only {what}", {"WWW-Authenticate": "Bearer"})


def _same(origin: str, host: str) -> bool:
    """Whether a page's origin is where it asks; a port that goes without saying counts as said."""
    scheme, separator, place = origin.partition("://")
    if not separator or not host or scheme not in _PORTS:
        return False
    port = ":" + _PORTS[scheme]
    return place.removesuffix(port) == host.removesuffix(port)
