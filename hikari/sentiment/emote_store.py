"""What was learned of channels' emotes, on disk: `HIKARI_HOME/emotes_learned/`, one file a channel, each replaced as a whole.

A file is named by a hash of its channel and holds the channel, names of emotes that two viewers or more used, and sums by viewer. Viewers
are hashes under a key that lies beside the files. What cannot be read is set aside with a warning: learning starts anew then.
"""

import contextlib
import logging
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b, sha256
from pathlib import Path

import msgspec

from hikari import atomic
from hikari.fields import MAX_NAME
from hikari.sentiment.emote_evidence import Candidate
from hikari.sentiment.emote_shapes import is_candidate
from hikari.sentiment.labels import EMOTION

FORMAT = 1
_KEY_BYTES = 32
_SLACK = 1e-6
_log = logging.getLogger(__name__)


class _File(msgspec.Struct):
    format: int
    channel: str
    key: str
    """Which key the viewers' hashes were made with."""
    emotes: list[Candidate]


class EmoteStore:
    """The folder, and a thread of its own that writes into it. `monotonic` measures the time between two writings."""

    def __init__(self, folder: Path, save_every_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._save_every_s, self._monotonic = folder, save_every_s, monotonic
        self._changed: dict[str, None] = {}
        self._saved = monotonic()
        self._executor: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._key = b""

    def key(self) -> bytes:
        """The key of viewers' hashes, made once. Where no file can be made, one that is gone with the process."""
        path = self._folder / "key"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for _ in range(2):
                if not path.exists():
                    self._make_key(path)
                self._key = path.read_bytes()
                if len(self._key) == _KEY_BYTES:
                    return self._key
                _set_aside(path, "it is no key")
        except OSError as error:
            _log.warning("learned emotes are not kept: %s", type(error).__name__)
        self._key = secrets.token_bytes(_KEY_BYTES)
        return self._key

    def load(self) -> Iterator[tuple[str, list[Candidate]]]:
        """Every channel's candidates, the channel that was silent longest first."""
        found: list[_File] = []
        with contextlib.suppress(OSError):
            found = [file for path in sorted(self._folder.glob("*.json")) if (file := self._read(path)) is not None]
        found.sort(key=lambda file: (max((each.seen for each in file.emotes), default=-math.inf), file.channel))
        return ((file.channel, file.emotes) for file in found)

    def changed(self, channel: str) -> None:
        """Note that a channel has to be written."""
        self._changed[channel] = None

    def is_due(self) -> bool:
        """Whether something is to be written and the last writing is long enough ago and done."""
        if not self._changed or (self._writing is not None and not self._writing.done()):
            return False
        return self._monotonic() - self._saved >= self._save_every_s

    def take_changed(self) -> list[str]:
        """The channels to be written, which then count as written."""
        channels, self._changed = list(self._changed), {}
        return channels

    def save(self, channels: Mapping[str, list[Candidate]]) -> None:
        """Write these channels in the store's own thread; without candidates their files go."""
        self._saved = self._monotonic()
        if not channels:
            return
        # Packed here: whoever learns goes on changing the candidates.
        packed = {
            _file_name(channel): msgspec.json.encode(_File(FORMAT, channel, self._key_name(), emotes)) if emotes else None
            for channel, emotes in channels.items()
        }
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="hikari-emotes")
        self._writing = self._executor.submit(self._write, packed)

    def drop_bad(self) -> None:
        """Remove what was set aside: it may tell of somebody who is to be forgotten."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.json.bad"):
                path.unlink()

    def wait(self) -> None:
        """Return when all is written; the thread ends and starts again with the next writing."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    def _write(self, packed: Mapping[str, bytes | None]) -> None:
        for name, content in packed.items():
            try:
                if content is None:
                    (self._folder / name).unlink(missing_ok=True)
                else:
                    atomic.write_file(self._folder / name, content)
            except OSError as error:
                _log.warning("learned emotes are not written: %s", type(error).__name__)

    def _make_key(self, path: Path) -> None:
        """Of two processes that make it at the same moment, the first one's stays."""
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

    def _key_name(self) -> str:
        return blake2b(self._key, digest_size=8).hexdigest()

    def _read(self, path: Path) -> _File | None:
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except OSError as error:
            _log.warning("%s cannot be read: %s", path.name, type(error).__name__)
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            _set_aside(path, "it is damaged")
            return None
        problem = self._problem(file, path)
        if problem is not None:
            _set_aside(path, problem)
            return None
        return file

    def _problem(self, file: _File, path: Path) -> str | None:
        if file.format != FORMAT:
            return f"its format is not {FORMAT}"
        if file.key != self._key_name():
            return "its key is gone"
        if not 0 < len(file.channel) <= MAX_NAME or _file_name(file.channel) != path.name:
            return "it is not of the channel that it names"
        good = all(map(_is_sound, file.emotes)) and len({each.name for each in file.emotes}) == len(file.emotes)
        return None if good else "it holds what cannot be"


def _file_name(channel: str) -> str:
    return sha256(channel.encode("utf-8", "replace")).hexdigest()[:32] + ".json"


def _is_sound(candidate: Candidate) -> bool:
    if not is_candidate(candidate.name) or not math.isfinite(candidate.seen):
        return False
    for share in candidate.shares.values():
        numbers = (share.at, share.weight, share.total, share.squares, *share.emotions.values())
        most = share.weight * (1 + _SLACK)
        if not all(map(math.isfinite, numbers)) or share.weight < 0:
            return False
        if abs(share.total) > most or not 0 <= share.squares <= most or not share.emotions.keys() <= set(EMOTION):
            return False
        if not all(0 <= weight <= most for weight in share.emotions.values()):
            return False
    return True


def _set_aside(path: Path, problem: str) -> None:
    """Out of the way, for whoever wants to look at it; the latest of its name stays."""
    _log.warning("%s is set aside as %s.bad: %s", path.name, path.name, problem)
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}.bad"))
