"""Plain values between our processes, and out to clients.

Between processes: msgpack, which keeps what JSON bodies may carry (a lone surrogate, NaN), so that a call means the same in either
topology. To clients: strict JSON.
"""

from typing import Any

import msgpack
import msgspec

from hikari.errors import BadInput

MSGPACK = "application/msgpack"


def _plain(value: Any) -> Any:
    """numpy's numbers are numbers, sets are lists; anything else is a mistake of ours."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, int):
        raise BadInput("a whole number has more than 64 bits")
    raise TypeError(f"a {type(value).__name__} is no plain value")


_packed: Any = msgpack.packb  # its stubs allow for None
_json_encoder = msgspec.json.Encoder(enc_hook=_plain)


def pack(value: Any) -> bytes:
    """The value in msgpack. Raises `BadInput` for numbers beyond 64 bits, which no part takes.

    >>> unpack(pack({"answer": (1, 2.5, None)}))
    {'answer': [1, 2.5, None]}
    """
    try:
        return _packed(value, default=_plain, unicode_errors="surrogatepass")
    except ValueError:
        raise BadInput("the values are nested too deeply") from None


def unpack(content: bytes) -> Any:
    """The value that `pack` wrote."""
    return msgpack.unpackb(content, strict_map_key=False, unicode_errors="surrogatepass")


def to_json(value: Any) -> bytes:
    """The value in JSON; what is no number (NaN) becomes null, a lone surrogate a question mark."""
    try:
        return _json_encoder.encode(value)
    except UnicodeEncodeError:
        return _json_encoder.encode(_printable(value))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(each) for key, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list | tuple) else value
