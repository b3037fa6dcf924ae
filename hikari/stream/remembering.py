"""Which messages become memories, and how important they are.

Most of chat is applause. What is kept is what somebody may come back to: what viewers say of themselves, what they ask, what they pay
for, and sentences long enough to carry something. The rules are ordered and each gives its reason, as those of the recommendation do.
"""

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from hikari.memory.sources import is_bot, is_command
from hikari.stream.messages import StreamMessage

MEMORY_TYPE = "conversation"
LEAST_WORDS = 4
"""Different words. Shorter messages say something only in context, and the context is gone when they are recalled."""
REPEATS = 20_000
REPEAT_S = 3_600.0
PAID, SELF, QUESTION, STRONG, ORDINARY = 0.9, 0.75, 0.6, 0.55, 0.4
"""Importance by what a message is; with `consolidation_threshold` 0.5 a paid one is kept for long at once."""
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SELF = re.compile(
    r"(?<!\w)(?:i'?m|i\s+am|i'?ve|i\s+(?:have|had|got|like|love|hate|play|live|work|study|was|moved|started|just|used|want|need|bought|named|own)|"
    r"my|mine|we'?re|our)(?!\w)",
    re.IGNORECASE,
)


class MemoryPolicy:
    """Decides for one message after another; remembers hashes of what was said lately, so that repeating it makes no second memory."""

    def __init__(self) -> None:
        self._said: OrderedDict[bytes, float] = OrderedDict()

    def decide(self, message: StreamMessage, analysis: Mapping[str, Any]) -> float | str:
        """The importance of the memory, or why the message is kept out."""
        text, toxic = message.text, analysis["toxicity"]["is_toxic"]
        if is_bot(message.username, {"roles": message.roles}):
            return "bot"
        if is_command(text):
            return "command"
        if toxic:
            return "toxic"
        words = len({word.lower() for word in _WORD.findall(text)}) + len(_UNSPACED.findall(text)) // 2
        if not words:
            return "no_words"
        asks, states = bool(analysis["context"]["question"]["asks"]), _SELF.search(text) is not None
        if not message.paid:
            symbols = analysis["sentiment"]["emoji"]
            if symbols is not None and words <= len(symbols["symbols"]):
                return "only_emotes"
            if words < (LEAST_WORDS - 1 if asks or states else LEAST_WORDS):
                return "small_talk"
            if self._repeated(message):
                return "repeated"
        if message.paid:
            return PAID
        if states:
            return SELF
        if asks:
            return QUESTION
        return STRONG if abs(analysis["sentiment"]["aggregate"]["score"]) >= 0.6 else ORDINARY

    def clear(self) -> None:
        """Forget what was said."""
        self._said.clear()

    def _repeated(self, message: StreamMessage) -> bool:
        said = f"{message.channel}\0{message.username}\0{unicodedata.normalize('NFKC', message.text).casefold()}"
        key = blake2b(said.encode("utf-8", "replace"), digest_size=12).digest()
        before = self._said.get(key)
        self._said[key] = message.timestamp
        self._said.move_to_end(key)
        if len(self._said) > REPEATS:
            self._said.popitem(last=False)
        return before is not None and abs(message.timestamp - before) < REPEAT_S


def memory_row(message: StreamMessage, analysis: Mapping[str, Any], importance: float) -> dict[str, Any]:
    """The row of `store_memories`. The id follows from the message: delivered twice, it is stored once."""
    metadata = {
        "user": message.username,  # who said it: answers tell metadata
        "sentiment": analysis["sentiment"]["aggregate"]["score"],
        "emotion": analysis["emotion"]["primary"],
        "platform_id": message.id,
        "paid": message.paid or None,
        "roles": list(message.roles) or None,
    }
    return {
        "id": memory_id(message),
        "content": message.text,
        "memory_type": MEMORY_TYPE,
        "channel": message.channel,
        "user": message.username,
        "timestamp": message.timestamp,
        "importance": importance,
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }


def memory_id(message: StreamMessage) -> str:
    """The id under which this very message is remembered."""
    parts = (message.channel, message.username, repr(message.id), repr(message.timestamp), message.text)
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=10).hexdigest()
