"""The audit log: who had what deleted, reloaded or redefined, and when; one line of JSON each, on disk before the answer.

`HIKARI_HOME/audit/YYYY-MM.jsonl`, only ever appended to. A call is noted twice, before it is begun (`asked`) and with its status
(`answered`), under one id. Of the target there is a keyed hash instead of a viewer's name: `fingerprint` of the same name is equal,
so a question about one viewer can be answered, but the log alone tells nobody's name. The key lies beside it, in `audit/key`.
"""

import asyncio
import contextlib
import errno
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hikari.errors import StoreFull

_KEY_BYTES = 32


def _now() -> datetime:
    return datetime.now(UTC)


class Audit:
    """The log in a folder, which is made with the first line."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = _now) -> None:
        self._folder, self._now = folder, now
        self._key: bytes | None = None
        self._writing = threading.Lock()

    def fingerprint(self, route: str, target: str) -> str:
        """The keyed hash of what a route was asked to delete."""
        with self._writing:
            key = self._secret()
        content = f"{route}\0{target}".encode("utf-8", "surrogatepass")
        return hmac.digest(key, content, hashlib.sha256).hex()[:32]

    async def asked(self, key: str, route: str, channel: str | None, target: str | None) -> str:
        """Note a call that is about to begin; answers its id. Raises `StoreFull` when the line cannot be written."""
        identifier = secrets.token_hex(8)
        await asyncio.to_thread(self._asked, identifier, key, route, channel, target)
        return identifier

    async def answered(self, identifier: str, status: int | None) -> None:
        """Note how a call ended; None: it was given up. That a line is missing here tells as much, so nothing is raised."""
        with contextlib.suppress(StoreFull):
            await asyncio.to_thread(self._append, {"id": identifier, "event": "answered", "status": status})

    def _asked(self, identifier: str, key: str, route: str, channel: str | None, target: str | None) -> None:
        try:
            hashed = None if target is None else self.fingerprint(route, target)
        except OSError:
            raise _unwritten() from None
        self._append({"id": identifier, "event": "asked", "key": key, "route": route, "channel": channel, "target": hashed})

    def _append(self, row: dict[str, Any]) -> None:
        at = self._now()
        line = json.dumps({"at": at.isoformat(timespec="milliseconds"), **row}).encode() + b"\n"
        try:
            with self._writing:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                path = self._folder / f"{at:%Y-%m}.jsonl"
                new = not path.exists()
                handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    _write_line(handle, line)
                    os.fsync(handle)
                finally:
                    os.close(handle)
                if new:
                    _sync(self._folder)
        except OSError:
            raise _unwritten() from None

    def _secret(self) -> bytes:
        """The key of the hashes, made once. Of two processes that make it at the same moment, the first one's stays."""
        if self._key is None:
            path = self._folder / "key"
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                fresh = self._folder / f".key.{secrets.token_hex(4)}"
                handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                try:
                    os.write(handle, secrets.token_bytes(_KEY_BYTES))
                    os.fsync(handle)
                    with contextlib.suppress(FileExistsError):
                        path.hardlink_to(fresh)
                finally:
                    os.close(handle)
                    fresh.unlink()
                _sync(self._folder)
            self._key = path.read_bytes()
        return self._key


def _write_line(handle: int, line: bytes) -> None:
    """Append a line; one that a crash cut short before it is ended first, and one that does not fit is taken back."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        line = b"\n" + line
    written = 0
    try:
        written = os.write(handle, line)
    finally:
        if written < len(line):
            with contextlib.suppress(OSError):
                os.ftruncate(handle, size)
    if written < len(line):
        raise OSError(errno.ENOSPC, "short write")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritten() -> StoreFull:
    return StoreFull("the audit log cannot be written (HIKARI_HOME/audit), so nothing was done")
