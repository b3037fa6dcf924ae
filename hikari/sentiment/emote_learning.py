"""Channels' emotes that no lexicon knows, learned from the messages they occur in while the stream runs.

A message with such an emote and other words teaches what those words say, as they are read without any learned emote: nothing that was
learned is evidence for itself. An emote is used once enough viewers agree (`emote_evidence.py`); the bundled lexicon and a channel's own
file always win. All times are event times. Viewers are kept as keyed hashes, and nothing of a message but the names of emotes.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from threading import Lock
from typing import Any

from hikari.sentiment.emote_evidence import Candidate, LearningConfig, Standing, rounded
from hikari.sentiment.emote_shapes import sighting
from hikari.sentiment.emote_store import EmoteStore
from hikari.sentiment.symbols import Symbol, SymbolLexicon

LASTS_S = 3_600.0
_VIEWER_BYTES = 7


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one message may teach: once `rest` was read, its score counts for each of `names`."""

    channel: str
    names: tuple[str, ...]
    viewer: int
    at: float
    rest: str


class LearnedLexicon(SymbolLexicon):
    """A lexicon that knows some learned emotes besides; what it knew already stays as it was. Costs no copy."""

    def __init__(self, known: SymbolLexicon, learned: tuple[Symbol, ...]) -> None:
        vars(self).update(vars(known))
        self._learned = {symbol.name: symbol for symbol in learned}
        content = known.fingerprint + "\n".join(map(repr, learned)).encode()
        vars(self)["fingerprint"] = sha256(content).digest()  # in the place where `cached_property` looks

    def emote(self, word: str) -> Symbol | None:
        """The emote that a word is, if it is one."""
        return super().emote(word) or self._learned.get(word)


class _Channel:
    """The candidates of one channel. Who invents words alone pushes only such words out: those of two viewers are kept apart."""

    def __init__(self, config: LearningConfig) -> None:
        self._config = config
        self.shared: OrderedDict[str, Candidate] = OrderedDict()
        self.single: OrderedDict[str, Candidate] = OrderedDict()
        self.now, self.size = float("-inf"), 0
        self._standings: dict[str, tuple[float, Standing]] = {}

    def find(self, name: str) -> Candidate | None:
        return self.shared.get(name) or self.single.get(name)

    def see(self, name: str, at: float) -> Candidate:
        """The candidate of this name, which is the one seen last by now."""
        kept = self.shared if name in self.shared else self.single
        candidate = kept.get(name)
        if candidate is None:
            candidate = kept[name] = Candidate(name, at, {})
        candidate.seen = max(candidate.seen, at)
        kept.move_to_end(name)
        self._trim(kept)
        return candidate

    def standing(self, candidate: Candidate) -> Standing:
        """What is believed of a candidate by now, worked out anew when it learned something or an hour of event time has gone."""
        at, standing = self._standings.get(candidate.name, (float("-inf"), None))
        if standing is None or self.now - at >= LASTS_S:
            standing = candidate.standing(self.now, self._config)
            self._standings[candidate.name] = (self.now, standing)
        return standing

    def learn(self, lesson: Lesson, score: float, emotion: str) -> bool:
        """Count a message; whether anything changed that is kept."""
        changed = False
        for name in lesson.names:
            candidate = self.see(name, lesson.at)
            if candidate.wants(lesson.viewer, lesson.at, self._config):
                self._standings.pop(name, None)
                self.size += candidate.add(lesson.viewer, score, emotion, lesson.at, self._config)
                if len(candidate.shares) > 1 and self.single.pop(name, None) is not None:
                    self.shared[name] = candidate
                    self._trim(self.shared)
                changed |= name in self.shared
        return changed

    def put(self, candidate: Candidate) -> None:
        """Take in a candidate that was kept on disk."""
        self.shared[candidate.name] = candidate
        self.size += len(candidate.shares)
        self.now = max(self.now, candidate.seen)
        self._trim(self.shared)

    def drop(self, name: str) -> bool:
        """Forget an emote; whether it was known to more than one viewer."""
        self._standings.pop(name, None)
        found, alone = self.shared.pop(name, None), self.single.pop(name, None)
        for candidate in (found, alone):
            self.size -= 0 if candidate is None else len(candidate.shares)
        return found is not None

    def forget(self, viewer: int) -> bool:
        """Drop what a viewer's messages said; whether there was any."""
        touched = [each for each in (*self.shared.values(), *self.single.values()) if each.shares.pop(viewer, None) is not None]
        self.size -= len(touched)
        for candidate in touched:
            self._standings.pop(candidate.name, None)
            if not candidate.shares:
                self.drop(candidate.name)
            elif len(candidate.shares) < 2 and self.shared.pop(candidate.name, None) is not None:
                self.single[candidate.name] = candidate
                self._trim(self.single)
        return bool(touched)

    def _trim(self, kept: OrderedDict[str, Candidate]) -> None:
        while len(kept) > self._config.candidates:
            name, gone = kept.popitem(last=False)
            self._standings.pop(name, None)
            self.size -= len(gone.shares)


class EmoteLearner:
    """All channels. `is_viewer(channel, word)` tells whether somebody of that name chats there: then the word is a name.

    Belongs to one thread; only `open` may come from another, before anything else.
    """

    def __init__(self, config: LearningConfig, is_viewer: Callable[[str, str], bool]) -> None:
        self._config, self._is_viewer = config, is_viewer
        self._channels: OrderedDict[str, _Channel] = OrderedDict()
        self._key = b""
        self._store: EmoteStore | None = None
        self._opening = Lock()

    def open(self, folder: Path) -> None:
        """Read what was learned before, where that is kept; a second call does nothing."""
        with self._opening:
            if self._store is not None or not self._config.keep:
                return
            store = EmoteStore(folder, self._config.save_every_s)
            self._key = store.key()
            for channel, candidates in store.load():
                found = self._channel(channel)
                for candidate in candidates:
                    found.put(candidate)
                self._bound()
            self._store = store

    def read(
        self, channel: str, username: str, text: str, at: float, known: SymbolLexicon
    ) -> tuple[SymbolLexicon, Lesson | None]:
        """The lexicon that a message is to be read with, and what it may teach; `known` holds the emotes that need no learning."""
        seen = sighting(text, known)
        if seen is None:
            return known, None
        names = tuple(name for name in seen.names if not self._names_somebody(channel, name))
        if not names:
            return known, None
        one = self._channel(channel)
        one.now = max(one.now, at)
        candidates = [one.see(name, at) for name in names]
        symbols = [_symbol(candidate, one.standing(candidate)) for candidate in candidates]
        used = tuple(symbol for symbol in symbols if symbol is not None)
        lesson = None
        if seen.rest:
            viewer = self._viewer(channel, username)
            wanted = tuple(each.name for each in candidates if each.wants(viewer, at, self._config))
            lesson = Lesson(channel, wanted, viewer, at, seen.rest) if wanted else None
        return LearnedLexicon(known, used) if used else known, lesson

    def learn(self, lesson: Lesson, score: float, emotion: str) -> None:
        """Count a lesson, whose rest has this score in [-1, 1] and this emotion."""
        one = self._channel(lesson.channel)
        before = one.size
        if one.learn(lesson, score, emotion) and self._store is not None:
            self._store.changed(lesson.channel)
        if one.size > before:
            self._bound()

    def shown(self, channel: str, known: SymbolLexicon) -> list[dict[str, Any]]:
        """Words of two viewers or more, those with the most support first; `used` tells which count in scores by now."""
        one = self._channels.get(channel)
        if one is None:
            return []
        rows = [self._row(channel, candidate, one.standing(candidate), known) for candidate in one.shared.values()]
        return sorted(rows, key=lambda row: (-row["support"], row["name"]))

    def reset(self, channel: str, name: str | None = None) -> int:
        """Forget one learned emote of a channel, or all; how many that were."""
        one = self._channels.get(channel)
        if one is None:
            return 0
        names = [*one.shared, *one.single] if name is None else [name]
        count = sum([one.drop(each) for each in names])
        if self._store is not None:
            self._store.changed(channel)
        self.flush()
        return count

    def forget_user(self, channel: str | None, username: str) -> bool:
        """Drop what a viewer's messages said, here and on disk; whether there was any."""
        known = [name for name in self._channels if channel is None or name == channel]
        touched = [name for name in known if self._channels[name].forget(self._viewer(name, username))]
        if self._store is not None:
            for name in touched:
                self._store.changed(name)
            self._store.drop_bad()
        self.flush()
        return bool(touched)

    def save(self, *, now: bool = False) -> None:
        """Write what changed, when it is time or at once; the writing itself happens in another thread."""
        if self._store is not None and (now or self._store.is_due()):
            self._store.save({channel: self._shared(channel) for channel in self._store.take_changed()})

    def flush(self) -> None:
        """Write what changed and wait until it is written."""
        self.save(now=True)
        if self._store is not None:
            self._store.wait()

    def _shared(self, channel: str) -> list[Candidate]:
        one = self._channels.get(channel)
        return [] if one is None else list(one.shared.values())

    def _channel(self, channel: str) -> _Channel:
        one = self._channels.get(channel)
        if one is None:
            one = self._channels[channel] = _Channel(self._config)
            if len(self._channels) > self._config.channels:
                self._lose_oldest()
        else:
            self._channels.move_to_end(channel)
        return one

    def _bound(self) -> None:
        while len(self._channels) > 1 and sum(one.size for one in self._channels.values()) > self._config.shares:
            self._lose_oldest()

    def _lose_oldest(self) -> None:
        channel, _ = self._channels.popitem(last=False)
        if self._store is not None:
            self._store.changed(channel)

    def _row(self, channel: str, candidate: Candidate, standing: Standing, known: SymbolLexicon) -> dict[str, Any]:
        name = candidate.name
        used = standing.used and known.emote(name) is None and not self._names_somebody(channel, name)
        return {
            "name": name,
            "polarity": rounded(standing.polarity),
            "emotion": standing.emotion,
            "support": round(standing.support, 2),
            "viewers": standing.viewers,
            "last_seen": candidate.seen,
            "used": used,
        }

    def _names_somebody(self, channel: str, word: str) -> bool:
        return self._is_viewer(channel, word) or self._is_viewer(channel, word.lower())

    def _viewer(self, channel: str, username: str) -> int:
        name = f"{channel}\0{username.casefold()}".encode("utf-8", "replace")
        return int.from_bytes(blake2b(name, key=self._key, digest_size=_VIEWER_BYTES).digest(), "big")


def _symbol(candidate: Candidate, standing: Standing) -> Symbol | None:
    if not standing.used:
        return None
    # Without an emotion to be sure of, the encoder goes on reading the name.
    meaning = candidate.name if standing.emotion == "neutral" else standing.emotion
    return Symbol(candidate.name, "learned", rounded(standing.polarity), standing.emotion, meaning)
