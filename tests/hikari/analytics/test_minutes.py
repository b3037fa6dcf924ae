import tracemalloc
from typing import Any

import pytest

from hikari.analytics.events import ChatEvent
from hikari.analytics.features import ABSENT
from hikari.analytics.minutes import CHATTERS, TEXTS, WORDS, Minute
from hikari.analytics.sketches import LAYER_BITS, stable_hash
from hikari.analytics.windows import MAX_BYTES, OPEN_MINUTES, RING_MINUTES
from hikari.errors import BadStore


def said(time: float, text: str = "hello", **signals: Any) -> ChatEvent:
    return ChatEvent(time, "ann", text, **signals)


@pytest.mark.parametrize("part", range(9))
def test_a_damaged_minute_is_refused(part: int) -> None:
    minute = Minute(7)
    minute.add(said(0.0), 5, 0)
    state = minute.state()
    assert Minute.from_state(state).state() == state
    for bad in ("?", None, [1, 2], b"12345678" * 3):
        if part == 8 and bad == b"12345678" * 3:
            continue  # three words are as good as one
        with pytest.raises(BadStore):
            Minute.from_state([*state[:part], bad, *state[part + 1 :]])
    with pytest.raises(BadStore):
        Minute.from_state(state[:-1])


def crowded(number: int, packed: bool) -> Minute:
    """A minute as large as one can be; its words are those of the other minutes, since all channels share the cache of words."""
    minute = Minute(number)
    for chatter in range(2 * CHATTERS):
        minute.add(said(0.0, text=f"w{chatter}"), stable_hash(f"{number} {chatter}"), 0)
    if packed:
        minute.pack()
    return minute


def test_memory_stays_below_what_is_stated() -> None:
    crowded(0, packed=False)
    sizes = dict[bool, float]()
    for packed in (True, False):
        tracemalloc.start()
        kept = [crowded(number, packed) for number in range(2)]
        sizes[packed] = tracemalloc.get_traced_memory()[0] / len(kept) + ABSENT.nbytes + 200
        tracemalloc.stop()
    filters = sum(LAYER_BITS) // 8
    assert RING_MINUTES * sizes[True] + OPEN_MINUTES * sizes[False] + filters < MAX_BYTES
    sampled = len(crowded(0, packed=True).state()[4]) // 8, len(crowded(0, packed=True).state()[8]) // 8
    assert sampled == (CHATTERS + 1, WORDS + 1)
    assert TEXTS == WORDS
