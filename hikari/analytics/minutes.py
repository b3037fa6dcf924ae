"""One minute of one channel: counters, and bottom-k samples of who wrote, which texts and which words.

All sums are of integers (signals in millionths), so that the order in which messages arrive cannot change a figure.
"""

from typing import Any, cast

import numpy as np

from hikari.analytics.events import EMOTION_INDEX, EMOTIONS, ChatEvent
from hikari.analytics.sketches import smallest
from hikari.analytics.words import read
from hikari.errors import BadStore

MINUTE_S = 60
SLOT_S = 5
SLOTS = MINUTE_S // SLOT_S
CHATTERS = 1_024
"""Chatters counted exactly in a minute; with more, their number has a standard error of 3.1%."""
TEXTS = 256
WORDS = 256
"""Texts and words compared exactly; with more, shares are those of a sample: standard error at most 3.1 points."""
TOXIC = 0.5
MILLIONTHS = 1_000_000

_COUNTERS = (
    *("messages", "characters", "words", "emotes", "emote_only", "questions", "capitals", "mentions", "commands", "first_time"),
    *("sentiments", "sentiment_sum", "toxicities", "toxic", "viewer_samples", "viewer_sum"),
)


_KEYS, _COUNTS = "<u8", "<u4"
_COLUMNS = (_KEYS, _COUNTS, _KEYS, _COUNTS, _KEYS)
_MOST = (CHATTERS + 1, CHATTERS + 1, TEXTS + 1, TEXTS + 1, WORDS + 1)
Samples = tuple[dict[int, int], dict[int, int], set[int]]
"""Messages by chatter, messages by text, words: all by key. To be read, not changed; those with the smallest keys where there are many."""


class Minute:
    """Everything counted in the minute `number` (epoch seconds // 60). Open while messages come, packed to bytes afterwards."""

    __slots__ = (*_COUNTERS, "_chatters", "_packed", "_texts", "_words", "emotions", "number", "row", "slots")

    messages: int
    characters: int
    words: int
    emotes: int
    emote_only: int
    questions: int
    capitals: int
    mentions: int
    commands: int
    first_time: int
    sentiments: int
    sentiment_sum: int
    toxicities: int
    toxic: int
    viewer_samples: int
    viewer_sum: int

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages = self.characters = self.words = self.emotes = self.emote_only = 0
        self.questions = self.capitals = self.mentions = self.commands = self.first_time = 0
        self.sentiments = self.sentiment_sum = self.toxicities = self.toxic = self.viewer_samples = self.viewer_sum = 0
        self.slots = [0] * SLOTS
        """Messages in each five seconds."""
        self.emotions = [0] * len(EMOTIONS)
        self.row: np.ndarray | None = None
        """The minute's features once they were asked for; whoever changes what they depend on empties this."""
        self._chatters: dict[int, int] = {}
        self._texts: dict[int, int] = {}
        self._words: set[int] = set()
        self._packed: tuple[bytes, ...] | None = None

    def add(self, event: ChatEvent, key: int, slot: int) -> bool:
        """Count a checked event of the chatter `key` in five-second `slot`; whether this is the chatter's first in the minute."""
        length, codes, emotes, capitals, mention, question, text = read(event.message)
        if self._packed is not None:
            self._unpack()
        self.row = None
        self.messages += 1
        self.slots[slot] += 1
        self.characters += length
        self.words += len(codes)
        if emotes:
            self.emotes += emotes
            if emotes == len(codes):
                self.emote_only += 1
        self.questions += question if event.question is None else event.question
        if capitals:
            self.capitals += 1
        if mention:
            self.mentions += 1
        if event.message[:1] == "!":
            self.commands += 1
        if event.sentiment is not None or event.emotion is not None or event.toxicity is not None:
            self._add_signals(event)
        words = self._words
        words.update(codes)
        if len(words) > 2 * WORDS:
            self._words = set(smallest(words, WORDS))
        texts = self._texts
        texts[text] = texts.get(text, 0) + 1
        if len(texts) > 2 * TEXTS:
            self._texts = {code: texts[code] for code in smallest(texts, TEXTS)}
        chatters = self._chatters
        before = chatters.get(key, 0)
        chatters[key] = before + 1
        if len(chatters) > 2 * CHATTERS:
            self._chatters = {name: chatters[name] for name in smallest(chatters, CHATTERS)}
        return not before

    def add_viewers(self, viewers: float) -> None:
        """Count one reading of the number of viewers."""
        self.row = None
        self.viewer_samples += 1
        self.viewer_sum += round(viewers * MILLIONTHS)

    @property
    def is_packed(self) -> bool:
        """Whether the samples lie in bytes (about a tenth of the memory)."""
        return self._packed is not None

    def samples(self) -> Samples:
        """The samples, however they are kept."""
        return (self._chatters, self._texts, self._words) if self._packed is None else _unpacked(self._packed)

    def pack(self) -> None:
        """Keep the samples as bytes; a late message unpacks them again."""
        self._packed = self._bytes()
        self._chatters, self._texts, self._words = {}, {}, set()

    def replace_chatter(self, key: int, by: int) -> None:
        """Count the messages of one chatter under another key."""
        was_packed = self.is_packed
        if key not in self.samples()[0]:
            return
        self._unpack()
        self._chatters[by] = self._chatters.get(by, 0) + self._chatters.pop(key)
        self.row = None
        if was_packed:
            self.pack()

    def state(self) -> list[Any]:
        """Everything but the computed row, for `from_state`."""
        return [self.number, [getattr(self, name) for name in _COUNTERS], list(self.slots), list(self.emotions), *self._bytes()]

    @classmethod
    def from_state(cls, state: list[Any]) -> "Minute":
        """The minute that gave `state`, packed. Raises `BadStore`."""
        try:
            number, counters, slots, emotions, *columns = state
            if not isinstance(number, int):
                raise TypeError("a minute is numbered")  # noqa: TRY301  # one message for all that is damaged
            made = cls(number)
            for name, value in zip(_COUNTERS, counters, strict=True):
                setattr(made, name, int(value))
            made.slots, made.emotions = [int(count) for count in slots], [int(count) for count in emotions]
            arrays = [np.frombuffer(column, dtype=kind) for column, kind in zip(columns, _COLUMNS, strict=True)]
        except (TypeError, ValueError) as error:
            raise BadStore("the state of a minute is damaged") from error
        if len(made.slots) != SLOTS or len(made.emotions) != len(EMOTIONS) or sum(made.slots) != made.messages:
            raise BadStore("the state of a minute is damaged: its counts do not fit together")
        pairs = len(arrays[0]) == len(arrays[1]) and len(arrays[2]) == len(arrays[3])
        if not pairs or any(len(array) > most for array, most in zip(arrays, _MOST, strict=True)):
            raise BadStore("the state of a minute is damaged: its samples do not fit together")
        made._packed = tuple(bytes(column) for column in columns)
        return made

    def _add_signals(self, event: ChatEvent) -> None:
        if event.sentiment is not None:
            self.sentiments += 1
            self.sentiment_sum += round(event.sentiment * MILLIONTHS)
        if event.emotion is not None:
            self.emotions[EMOTION_INDEX[event.emotion]] += 1
        if event.toxicity is not None:
            self.toxicities += 1
            self.toxic += event.toxicity >= TOXIC

    def _bytes(self) -> tuple[bytes, ...]:
        if self._packed is not None:
            return self._packed
        chatters, texts, words = smallest(self._chatters, CHATTERS), smallest(self._texts, TEXTS), smallest(self._words, WORDS)
        columns = (chatters, [self._chatters[key] for key in chatters], texts, [self._texts[key] for key in texts], words)
        return tuple(np.array(column, dtype=kind).tobytes() for column, kind in zip(columns, _COLUMNS, strict=True))

    def _unpack(self) -> None:
        self._chatters, self._texts, self._words = self.samples()
        self._packed = None


def _unpacked(packed: tuple[bytes, ...]) -> Samples:
    # tolist() gives Python integers: numpy's would hash alike but cost far more in every later comparison.
    columns = [
        cast("list[int]", np.frombuffer(column, dtype=kind).tolist()) for column, kind in zip(packed, _COLUMNS, strict=True)
    ]
    return dict(zip(*columns[:2], strict=True)), dict(zip(*columns[2:4], strict=True)), set(columns[4])
