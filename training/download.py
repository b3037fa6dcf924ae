"""One file over HTTP: resumed where an earlier attempt ended, tried again after passing troubles, believed only with the right hash.

Bytes gather in `<name>.part` beside the target and become the target when their hash is right. Nothing here knows data sets.
"""

import contextlib
import http.client
import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from hikari import fingerprint
from training.schema import closed

PIECE = 1 << 16
LONGEST_WAIT_S = 60.0
"""However long a server asks to wait, and however often a file was tried."""
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that another attempt may change."""

_NEVER = threading.Event()
"""Nobody sets it: to wait for it is to wait for its time limit."""

Progress = Callable[[int, int | None], None]
"""Told the bytes that lie there and, where the server says so, of how many."""


class DownloadError(RuntimeError):
    """A file could not be had; the message says why."""


class Unreachable(DownloadError):
    """The host did not answer at all: other files of the same host need not be tried."""


@closed
@dataclass(frozen=True)
class NetworkConfig:
    """How patient a download is."""

    timeout_s: Annotated[float, Field(gt=0, le=600)]
    """For the connection and for each wait for more bytes, not for the file as a whole."""
    attempts: Annotated[int, Field(ge=1, le=20)]
    """Per file."""
    backoff_s: Annotated[float, Field(ge=0, le=60)]
    """Before the second attempt; doubled before each further one."""


class _Passing(Exception):
    """An attempt failed in a way that another may not."""

    def __init__(self, message: str, *, answered: bool, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.answered = answered
        self.wait_s = wait_s


def download(
    url: str,
    target: Path,
    sha256: str,
    network: NetworkConfig,
    *,
    progress: Progress = lambda done, total: None,
    wait: Callable[[float], object] = _NEVER.wait,
) -> None:
    """Put what `url` serves at `target`.

    A remainder of an earlier attempt is continued with a range request; when the result is not the file that was meant, the remainder
    was of another one, and the download starts over once. Content with a wrong hash is set aside as `<name>.wrong`, never put at
    `target`. Raises `DownloadError`, and `Unreachable` when the host never answered.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        pieced = _complete(url, part, network, progress, wait)
        found = fingerprint.of_file(part)
        if found != sha256 and pieced:
            part.unlink()
            _complete(url, part, network, progress, wait)
            found = fingerprint.of_file(part)
        if found != sha256:
            aside = target.with_name(f"{target.name}.wrong")
            part.replace(aside)
            raise DownloadError(f"{url} serves content with sha256 {found}, expected {sha256}; it was set aside as {aside}")
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise DownloadError(f"{target} cannot be written: {error}") from error


def _complete(url: str, part: Path, network: NetworkConfig, progress: Progress, wait: Callable[[float], object]) -> bool:
    """Fill `part`; True when it was put together from more than one reply."""
    pieced = False
    for attempt in range(1, network.attempts + 1):
        try:
            return _transfer(url, part, network.timeout_s, progress) or pieced
        except _Passing as error:
            pieced = pieced or part.is_file()
            if attempt == network.attempts:
                host = urllib.parse.urlsplit(url).hostname
                tried = f"tried {attempt} time{'s' if attempt > 1 else ''}"
                if error.answered:
                    raise DownloadError(f"{url}: {error} ({tried}); call again to continue") from None
                raise Unreachable(f"{host} cannot be reached: {error} ({tried})") from None
            wait(min(max(network.backoff_s * 2 ** (attempt - 1), error.wait_s), LONGEST_WAIT_S))
    raise AssertionError("attempts is at least 1")


def _transfer(url: str, part: Path, timeout_s: float, progress: Progress) -> bool:
    """One attempt; True when bytes of an earlier one are part of the result."""
    have = part.stat().st_size if part.is_file() else 0
    # Without `identity` a server may compress what it sends, and a range would be one of the compressed bytes.
    headers = {"User-Agent": "hikari-fetch", "Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)  # noqa: S310 - https, by the configuration's pattern
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and have:
                return _beyond_the_end(error, part, have)
            message = f"the server answers {error.code} ({http.client.responses.get(error.code, 'unknown')})"
            if error.code in PASSING:
                raise _Passing(message, answered=True, wait_s=_retry_after(error)) from None
        raise DownloadError(f"{url}: {message}") from None
    except urllib.error.URLError as error:
        raise _Passing(str(error.reason), answered=False) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Passing(str(error) or type(error).__name__, answered=False) from None
    with reply:
        start, total = _place(reply, have)
        if start not in (0, have):
            part.unlink(missing_ok=True)
            raise _Passing(f"the server sends bytes from {start}, asked for {have}", answered=True)
        _write(reply, part, start, total, progress)
    return start > 0


def _place(reply: Any, have: int) -> tuple[int, int | None]:
    """At which byte the reply starts and how long the whole file is; a server that does not know ranges sends all of it."""
    if reply.status == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", ""))
        if match is None:
            return -1, None
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = reply.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _write(reply: Any, part: Path, start: int, total: int | None, progress: Progress) -> None:
    done = start
    progress(done, total)
    with part.open("ab" if start else "wb") as file:
        while True:
            try:
                piece = reply.read(PIECE)
            except (OSError, http.client.HTTPException) as error:
                raise _Passing(f"the connection broke after {done} bytes ({error})", answered=True) from None
            if not piece:
                break
            file.write(piece)
            done += len(piece)
            progress(done, total)
    if total is not None and done != total:
        raise _Passing(f"the connection ended after {done} of {total} bytes", answered=True)


def _beyond_the_end(error: urllib.error.HTTPError, part: Path, have: int) -> bool:
    """What lies there is already the whole file, or too long to be a part of it."""
    if error.headers.get("Content-Range") == f"bytes */{have}":
        return True
    part.unlink()
    raise _Passing(f"the {have} bytes that lie here are no part of the file", answered=True)


def _retry_after(error: urllib.error.HTTPError) -> float:
    with contextlib.suppress(ValueError):
        return max(0.0, float(int(error.headers.get("Retry-After", ""))))
    return 0.0
