"""The different messages of a sample, and TF-IDF vectors of them for when there are no embeddings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hikari.analytics.topic_sample import Sampled
from hikari.analytics.topic_terms import plain, words


@dataclass(frozen=True, slots=True)
class Text:
    """A message and its copies."""

    message: str
    words: list[str]
    seqs: tuple[int, ...]
    authors: tuple[str, ...]


def lexical(texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """TF-IDF unit vectors (n, words) of lists of words; words of a single text are left out, and a text of only such ones is zeros."""
    seen = Counter(word for one in texts for word in set(one))
    columns = {word: column for column, word in enumerate(sorted(word for word, number in seen.items() if number > 1))}
    matrix = np.zeros((len(texts), max(len(columns), 1)), np.float32)
    for row, one in enumerate(texts):
        for word in one:
            if word in columns:
                matrix[row, columns[word]] += np.log((1 + len(texts)) / (1 + seen[word])) + 1.0
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(norms > 0, norms, 1.0)).astype(np.float32)


def distinct_texts(messages: Sequence[Sampled]) -> list[Text]:
    """The different messages with content, each with its copies, in the order in which they came."""
    copies: dict[str, list[Sampled]] = {}
    for one in messages:
        copies.setdefault(plain(one.message), []).append(one)
    found = [
        Text(
            same[0].message,
            words(same[0].message),
            tuple(one.seq for one in same),
            tuple(dict.fromkeys(one.username for one in same)),
        )
        for same in copies.values()
    ]
    return [one for one in found if one.words]
