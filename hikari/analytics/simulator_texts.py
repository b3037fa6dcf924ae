"""What simulated viewers write: the length comes first, from the fitted shares, then a kind of message, then patterns that fill it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from hikari.analytics.simulator_config import Profile
from hikari.analytics.simulator_phrases import (
    BANKS,
    CHANTS,
    COPYPASTA,
    EMOTES,
    FILLER,
    GAME_NAMES,
    GAMES,
    ORIGINS,
    SLOTS,
    STREAMER,
    TALK,
    TOPICS,
    Bank,
    Pattern,
)

HYPE_SHARE = 0.75
"""Share of messages during hype that belong to it."""
GREETS = 0.4
"""Chance that a viewer's first message is a greeting."""
_MASK = 2**64 - 1
_UNIT = 2.0**-53
Value = TypeVar("Value")
_FEELINGS = ("laugh", "happy", "love", "sad", "angry", "plain")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Habits of one viewer that show in texts: `emotes` by feeling, `mood` in [-1, 1], `topic`, and a way of writing in [0, 1)."""

    name: str
    emotes: tuple[str, ...]
    mood: float
    topic: str
    style: float

    @classmethod
    def of(cls, name: str, word: int) -> "Speaker":
        """The habits that follow from a viewer's 64-bit word."""
        emotes = tuple(EMOTES[feeling][(word >> 5 * number) % len(EMOTES[feeling])] for number, feeling in enumerate(_FEELINGS))
        return cls(name, emotes, (word >> 32 & 255) / 127.5 - 1.0, TOPICS[(word >> 40) % len(TOPICS)], (word >> 48) / 65536.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is going on when a message is written: `chant` and `emote` of a hype moment, `ending` when the stream is about to end."""

    game: str
    mood: float
    chant: str | None = None
    emote: str = ""
    ending: bool = False


class Random:
    """A short stream of random numbers from one word (Knuth's linear congruential generator): numpy is slow one number at a time."""

    __slots__ = ("_state",)

    def __init__(self, word: int) -> None:
        self._state = word

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        self._state = state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (state >> 33) % limit

    def uniform(self) -> float:
        """A number in [0, 1)."""
        self._state = state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (state >> 11) * _UNIT

    def of(self, values: Sequence[Value]) -> Value:
        """One of some values."""
        self._state = state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return values[(state >> 33) % len(values)]


class Writer:
    """Writes messages with the shares and lengths of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._words = list(accumulate(profile.words))
        self._emotes = list(accumulate(profile.emotes))

    def message(self, word: int, speaker: Speaker, scene: Scene, first: bool, friend: str) -> str:
        """One message. `word` is its randomness, `first` the viewer's first message in the stream, `friend` a name to mention."""
        random = Random(word)
        if scene.chant is not None and random.uniform() < HYPE_SHARE:
            return _hype(random, speaker, scene)
        profile = self._profile
        kind = random.uniform()
        if kind < profile.emote_only:
            return self._only_emotes(random, speaker, scene)
        kind = (kind - profile.emote_only) / (1.0 - profile.emote_only)
        if kind < profile.command:
            return _fill(random, random.of(BANKS["command"].patterns), scene.game, friend)
        if kind < profile.command + profile.link:
            return _fill(random, random.of(BANKS["link"].patterns), scene.game, friend)
        return self._sentence(random, speaker, scene, first, friend)

    def _sentence(self, random: Random, speaker: Speaker, scene: Scene, first: bool, friend: str) -> str:
        profile = self._profile
        words = 1 + min(bisect_right(self._words, random.uniform() * self._words[-1]), len(self._words) - 1)
        parts: list[str] = []
        if words > 1 and random.uniform() < profile.mention and friend:
            parts.append(f"@{friend}")
        beside = ""
        if words > len(parts) + 1 and random.uniform() < profile.emote_beside:
            beside = _emote(random, speaker, scene)
        shouting = random.uniform()
        if shouting < profile.shouting:
            feeling, bank = 1.0, BANKS["hype"]
        else:
            feeling, bank = random.uniform(), self._bank(random, speaker, scene, first)
        left = words - len(parts) - bool(beside)
        text = _compose(random, bank, left, scene.game, friend)
        if shouting < profile.shouting:
            text = text.upper()
        elif speaker.style < 0.12:
            text = text[:1].upper() + text[1:] + ("" if text.endswith(("?", "!")) else ".")
        elif feeling < 0.08 and not text.endswith("?"):
            text += "!"
        if parts or beside:
            return " ".join((*parts, text, beside)) if beside else f"{parts[0]} {text}"
        return text

    def _bank(self, random: Random, speaker: Speaker, scene: Scene, first: bool) -> Bank:
        """The kind of a message that is more than emotes."""
        if first and random.uniform() < GREETS:
            return BANKS["greeting"]
        if scene.ending and random.uniform() < GREETS:
            return BANKS["farewell"]
        kind = random.uniform()
        if kind < self._profile.question:
            return BANKS["question"]
        kind = (kind - self._profile.question) / (1.0 - self._profile.question)
        if kind < 0.24:
            return BANKS["game"]
        if kind < 0.40:
            return BANKS[speaker.topic]
        if kind < 0.60:
            return BANKS["reaction"]
        if kind < 0.78:
            return BANKS["chatter"]
        glad = 0.65 + 0.25 * speaker.mood + 0.3 * scene.mood
        return BANKS["positive" if random.uniform() < glad else "negative"]

    def _only_emotes(self, random: Random, speaker: Speaker, scene: Scene) -> str:
        count = 1 + min(bisect_right(self._emotes, random.uniform() * self._emotes[-1]), len(self._emotes) - 1)
        emote = _emote(random, speaker, scene)
        if count > 1 and random.uniform() < 0.3:
            return " ".join((emote, *(_emote(random, speaker, scene) for _ in range(count - 1))))
        return " ".join([emote] * count)


def copypasta(word: int, game: str) -> str:
    """The text of a wave of copypasta: a long one of its own for each word."""
    random = Random(word)
    parts = [random.of(COPYPASTA[part]) for part in ("openings", "middles", "endings")]
    return _fill(random, Pattern.of(" ".join(parts)), game, "")


def troll(word: int, game: str) -> str:
    """Something a troll says: rude, not vile."""
    random = Random(word)
    return _fill(random, random.of(BANKS["troll"].patterns), game, "")


def raid(word: int, origin: str, emote: str) -> str:
    """What a raider writes on arrival."""
    return Random(word).of(BANKS["raid"].patterns).text.format(origin=origin, emote=emote)


def chant(word: int) -> tuple[str, str]:
    """What a crowd shouts in a hype moment, and its emote."""
    random = Random(word)
    return random.of(CHANTS), random.of(EMOTES["hype"])


def origin(word: int) -> str:
    """The channel that a raid comes from."""
    return Random(word).of(ORIGINS)


def _hype(random: Random, speaker: Speaker, scene: Scene) -> str:
    """Short, loud and like what the others write, but seldom letter by letter."""
    chant = scene.chant or ""
    chant += chant[-1:] * random.below(7)
    if speaker.style > 0.7:
        chant = chant.lower()
    kind = random.uniform()
    if kind < 0.35:
        return chant
    if kind < 0.55:
        return f"{chant} {scene.emote}"
    if kind < 0.80:
        return " ".join([scene.emote] * (1 + random.below(6)))
    if kind < 0.92:
        return random.of(BANKS["hype"].patterns).text + "!" * random.below(4)
    return f"{scene.emote} {speaker.emotes[1]}"


def _emote(random: Random, speaker: Speaker, scene: Scene) -> str:
    """A favourite of the viewer's that fits the mood."""
    kind = random.uniform() + 0.15 * (scene.mood + speaker.mood)
    if kind < 0.05:
        return speaker.emotes[4]
    if kind < 0.18:
        return speaker.emotes[3]
    if kind < 0.40:
        return speaker.emotes[5]
    if kind < 0.65:
        return speaker.emotes[0]
    return speaker.emotes[1] if kind < 0.88 else speaker.emotes[2]


def _compose(random: Random, bank: Bank, words: int, game: str, friend: str) -> str:
    """Patterns of `words` words in sum, the first from the bank, their slots filled."""
    low, high = bank.ranges[words]
    text, left = "", words
    if high:
        place = low + random.below(high - low)
        text = _fill(random, bank.patterns[place], game, friend)
        left -= bank.lengths[place]
    while left > 0:
        low, high = FILLER.ranges[left]
        place = low + random.below(high - low)
        more = _fill(random, FILLER.patterns[place], game, friend)
        text = f"{text} {more}" if text else more
        left -= FILLER.lengths[place]
    return text


def _fill(random: Random, pattern: Pattern, game: str, friend: str) -> str:
    if not pattern.slots:
        return pattern.text
    text = pattern.pieces[0]
    for slot, piece in zip(pattern.slots, pattern.pieces[1:], strict=True):
        if slot == "thing":
            word = random.of(GAMES[game])
        elif slot in SLOTS:
            word = random.of(SLOTS[slot])
        elif slot == "game":
            # Who only talks, talks about any game.
            word = random.of(GAME_NAMES) if game == TALK else game
        elif slot == "code":
            word = f"{random.below(2**31):07x}"
        else:
            word = friend if slot == "friend" and friend else STREAMER
        text += word + piece
    return text
