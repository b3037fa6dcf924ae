"""Documents too fresh for a commit, in memory, scored as the committed ones are.

    score = sum over terms of ln(1 + (N - n + 0.5) / (n + 0.5)) * tf (k1 + 1) / (tf + k1 (1 - b + b length / mean length))

S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with Lucene's idf, which is never negative.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Document:
    """A fresh document: its prepared text, its terms with their counts, and how many terms it has."""

    text: str
    counts: Mapping[str, int]
    length: int

    @classmethod
    def of(cls, text: str, terms: Sequence[str]) -> "Document":
        return cls(text, Counter(terms), len(terms))


class Tail:
    """Fresh documents by row number, with an inverted list for every term."""

    def __init__(self) -> None:
        self.documents: dict[int, Document] = {}
        self.length = 0
        """Terms in all of them."""
        self._lists: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self.documents)

    def add(self, seq: int, document: Document) -> None:
        """Put a document in, in place of the one of that number."""
        self.remove(seq)
        self.documents[seq] = document
        self.length += document.length
        for term in document.counts:
            self._lists.setdefault(term, set()).add(seq)

    def remove(self, seq: int) -> bool:
        """Take a document out; whether it was there."""
        document = self.documents.pop(seq, None)
        if document is None:
            return False
        self.length -= document.length
        for term in document.counts:
            having = self._lists[term]
            having.discard(seq)
            if not having:
                del self._lists[term]
        return True

    def frequency(self, term: str) -> int:
        """How many of the documents have the term."""
        return len(self._lists.get(term, ()))

    def scores(self, weights: Mapping[str, float], mean_length: float) -> dict[int, float]:
        """BM25 of every document that has one of the terms, given the idf of each."""
        found: dict[int, float] = {}
        for term, weight in weights.items():
            for seq in self._lists.get(term, ()):
                document = self.documents[seq]
                count = document.counts[term]
                norm = K1 * (1 - B + B * document.length / mean_length)
                found[seq] = found.get(seq, 0.0) + weight * count * (K1 + 1) / (count + norm)
        return found


def idf(total: int, having: int) -> float:
    """Inverse document frequency of a term that `having` of `total` documents have."""
    return math.log(1 + (total - having + 0.5) / (having + 0.5))
