"""What the tests of the lexical index share: row numbers, a search for them alone, and failures to order."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hikari.memory.lexical import LexicalIndex

WORDS = ("cat", "dog", "karaoke", "rain", "boss", "speedrun", "tea", "piano", "the", "cats", "running")
sentences = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def found(index: LexicalIndex, text: str, k: int = 50, allowed: Any = None) -> list[int]:
    return index.search(text, k, allowed)[0].tolist()


def raising(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any) -> Any:
        raise error

    return raising
